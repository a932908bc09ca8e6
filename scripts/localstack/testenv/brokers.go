package testenv

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/broker"
)

// Brokers runs a test against each kind of broker, as the parallel subtests "embedded" and "apache". The brokers are
// shared by the tests of this process: use Topic for names. Apache Kafka is left out with -short, and skipped with the
// reason where Java or Maven is missing; under CI=true a missing one is a failure.
func Brokers(t *testing.T, fn func(t *testing.T, addr string)) {
	t.Helper()
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		fn(t, Broker(t))
	})
	t.Run("apache", func(t *testing.T) {
		t.Parallel()
		needApache(t)
		b, err := sharedApache.get()
		require.NoError(t, err, "start Apache Kafka for the tests")
		fn(t, b.Addr())
	})
}

// Broker returns the address of the embedded broker that the tests of this process share.
func Broker(tb testing.TB) string {
	tb.Helper()
	b, err := sharedEmbedded.get()
	require.NoError(tb, err, "start the embedded broker for the tests")
	return b.Addr()
}

// OwnBroker starts a broker for one test alone, which may stop, kill and restart it. It ends with the test. Apache
// Kafka is skipped as in Brokers.
func OwnBroker(tb testing.TB, kind broker.Kind) *broker.Broker {
	tb.Helper()
	if kind == broker.Apache {
		needApache(tb)
	}
	ctx, cancel := starting()
	defer cancel()
	b, dir, err := inOwnFolder(ctx, startBroker(kind))
	require.NoError(tb, err, "start a broker for the test")
	tb.Cleanup(func() { closeAndRemove(tb, b, dir) })
	return b
}

func needApache(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("Apache Kafka is left out with -short")
	}
	err := broker.ApacheAvailable(tb.Context())
	if err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		tb.Fatal(err)
	}
	tb.Skip(err)
}
