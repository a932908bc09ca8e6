package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"ordertrack/scripts/localstack/dirlock"
	"ordertrack/scripts/localstack/process"
)

// predecessorLimit is how long a broker whose launcher was killed may take to write its state and go.
const predecessorLimit = 10 * time.Second

// EmbeddedRole is the embedded broker as a process of its own, so that it can be killed like a real one and a fault in
// it does not end the launcher. Programs that call Start give it to process.Dispatch.
var EmbeddedRole = process.Role{Name: "embedded-broker", Run: runEmbedded}

func (b *Broker) startEmbedded(_ context.Context, output io.Writer) (*process.Process, error) {
	args := []string{filepath.Join(b.dir, "data"), strconv.Itoa(b.port), strconv.FormatBool(!b.opts.NoSync)}
	return process.StartRole(EmbeddedRole, args, process.Spec{
		Name: "embedded broker", Output: output, OnParentDeath: syscall.SIGTERM,
	})
}

// runEmbedded serves until ctx ends, then writes its state and ends.
func runEmbedded(ctx context.Context, args []string) error {
	if len(args) != 3 {
		return errors.New("wants a folder, a port, and whether to sync")
	}
	port, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("port: %w", err)
	}
	if err := os.MkdirAll(args[0], 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	waiting, cancel := context.WithTimeout(ctx, predecessorLimit)
	defer cancel()
	lock, err := dirlock.Wait(waiting, filepath.Join(args[0], "broker.lock"))
	if err != nil {
		return err
	}
	defer func() { _ = lock.Release() }()

	opts := []kfake.Opt{
		kfake.Ports(port), kfake.DataDir(args[0]), kfake.ClusterID("ordertrack-embedded"),
		kfake.WithLogger(kfake.BasicLogger(os.Stderr, kfake.LogLevelWarn)),
	}
	if args[2] == "true" {
		opts = append(opts, kfake.SyncWrites())
	}
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	answerUnknownGroups(cluster)
	<-ctx.Done()
	cluster.Close()
	return nil
}
