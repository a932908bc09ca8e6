package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// fakeVariable makes this test's executable play a service: "serve", or "fail" to end before it is ready.
const fakeVariable = "LOCALSTACK_TEST_SERVICE"

// fakeService is ready at the second question, ends with code 3 when asked for /die, and tells on SIGTERM whether what
// it stands on is still up.
func fakeService() int {
	if os.Getenv(fakeVariable) == "fail" {
		fmt.Println("cannot start")
		return 7
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	died := make(chan struct{})
	var asked atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("/die", func(http.ResponseWriter, *http.Request) { close(died) })
	listener, err := net.Listen("tcp", os.Getenv("ADMIN_ADDR"))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	go func() { _ = http.Serve(listener, mux) }()
	fmt.Println("serving", os.Getenv("HTTP_ADDR"))
	select {
	case <-died:
		return 3
	case <-stop.Done():
	}
	fmt.Println("stopping with the infrastructure up:", infrastructureIsUp())
	return 0
}

func infrastructureIsUp() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, os.Getenv("DATABASE_URL"))
	if err != nil {
		return false
	}
	_ = conn.Close(ctx)
	broker, err := net.Dial("tcp", os.Getenv("KAFKA_BROKERS"))
	if err != nil {
		return false
	}
	_ = broker.Close()
	return true
}
