package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/client"
	"ordertrack/scripts/localstack/ports"
	"ordertrack/scripts/localstack/process"
	"ordertrack/scripts/localstack/repository"
	"ordertrack/scripts/localstack/testenv"
)

const limit = 2 * time.Minute

// stack is what "make run" starts, as a process with ports of its own.
func stack(t *testing.T) (environ []string) {
	t.Helper()
	port := func() int {
		free, err := ports.Free(t.Context())
		require.NoError(t, err)
		return free
	}
	cache, err := testenv.CacheDir()
	require.NoError(t, err)
	settings := append(os.Environ(), "LOCAL_DIR="+testenv.DataDir(t), "LOCAL_CACHE="+cache, "LOG_LEVEL=warn",
		fmt.Sprintf("POSTGRES_PORT=%d", port()), fmt.Sprintf("KAFKA_PORT=%d", port()))
	for setting, name := range map[string]string{
		"ORDER_HTTP_ADDR": "ORDERS_URL", "ORDER_ADMIN_ADDR": "ORDERS_ADMIN_URL",
		"TRACK_HTTP_ADDR": "USERS_URL", "TRACK_ADMIN_ADDR": "USERS_ADMIN_URL",
	} {
		address := fmt.Sprintf("127.0.0.1:%d", port())
		settings = append(settings, setting+"="+address)
		environ = append(environ, name+"=http://"+address)
	}
	launcher := filepath.Join(t.TempDir(), "localstack")
	require.NoError(t, repository.Build(t.Context(), "", "-buildvcs=false", "-o", launcher, "./scripts/localstack"))
	said := &testenv.Log{}
	running, err := process.Start(process.Spec{
		Name: "localstack", Path: launcher, Args: []string{"run"}, Env: settings, Output: said, OnParentDeath: syscall.SIGTERM,
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		require.NoError(t, running.Stop(ctx, syscall.SIGINT), "%s", said)
	})
	require.Eventually(t, func() bool { return said.Contains("Ready.") }, limit, 20*time.Millisecond, "%s", said)
	return environ
}

// All of it, as a person and as a program use it: place, wait, list, watch.
func TestTheWholeSystem(t *testing.T) {
	t.Parallel()
	environ := stack(t)
	ordertrack := func(args ...string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		require.Equal(t, exitOK, run(t.Context(), args, environ, &stdout, &stderr), "%v: %s", args, &stderr)
		return stdout.String()
	}
	require.Contains(t, ordertrack("status"), "order_service  ready\ntrack_users    ready\n")
	require.Equal(t, "order 1 is counted: Ada has 1 order\n", ordertrack("order", "Ada", "--note", "x", "--wait", "--key", "k1"))
	require.Equal(t, "order 1 is counted: Ada has 1 order\n", ordertrack("order", "Ada", "--note", "x", "--wait", "--key", "k1"))
	require.Contains(t, ordertrack("orders"), "Ada  x\n")
	for _, name := range []string{"..", "a/b", "stream", "Zoë?#%"} { // names that paths make hard
		require.Contains(t, ordertrack("order", name, "--wait"), "is counted: "+name+" has 1 order\n")
		require.Equal(t, "       1  "+name+"\n", ordertrack("user", name))
	}

	orders, err := client.NewOrders(value(environ, "ORDERS_URL"))
	require.NoError(t, err)
	defer orders.Close()
	users, err := client.NewUsers(value(environ, "USERS_URL"))
	require.NoError(t, err)
	defer users.Close()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var batch client.PlacedAll
	for change, err := range users.Watch(ctx, "") {
		require.NoError(t, err)
		if batch.IDs == nil { // the stream has begun
			drafts := make([]client.Draft, 25)
			for i := range drafts {
				drafts[i].Name = "Grace"
			}
			batch, err = orders.PlaceAll(ctx, drafts)
			require.NoError(t, err)
		}
		if len(change.Users) > 0 && change.Users[len(change.Users)-1].Counter == 25 {
			require.Equal(t, "Grace", change.Users[len(change.Users)-1].Name)
			break
		}
	}
	last, err := orders.Get(ctx, batch.IDs[24])
	require.NoError(t, err)
	grace, err := users.After(ctx, "Grace", last.Place.Token, limit)
	require.NoError(t, err)
	require.Equal(t, int64(25), grace.Counter)

	listed := 0
	for order, err := range orders.List(ctx, client.Filter{Name: "Grace", PageSize: 10}) {
		require.NoError(t, err)
		require.Equal(t, batch.IDs[24-listed], order.ID, "the newest first, over three pages")
		listed++
	}
	require.Equal(t, 25, listed)
	require.True(t, strings.HasPrefix(ordertrack("users", "top", "-n", "1"), "      25  Grace"))

	_, err = orders.PlaceAll(ctx, []client.Draft{{Name: "Ada"}, {Name: " "}})
	var problem *client.Problem
	require.ErrorAs(t, err, &problem)
	require.Equal(t, client.Validation, problem.Type)
	require.Equal(t, 1, *problem.Fields[0].Index)
	require.NotEmpty(t, problem.RequestID)
}

func value(environ []string, name string) string {
	for _, entry := range environ {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}
