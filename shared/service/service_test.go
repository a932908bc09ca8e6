package service

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/goleak"

	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/settings"
)

// fx keeps listening to signals when a start has failed; the program ends then anyway.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("go.uber.org/fx.(*signalReceivers).relayer"))
}

type config struct {
	Settings

	Size int `env:"SIZE" default:"3" help:"how large"`
}

func start(args, environ []string, module fx.Option, commands ...Command[config]) (code <-chan int, signals chan<- os.Signal, stdout, stderr *testenv.Log) {
	stdout, stderr = &testenv.Log{}, &testenv.Log{}
	in, out := make(chan os.Signal, 2), make(chan int, 1)
	r := runner{program: "prog", summary: "does things", stdout: stdout, stderr: stderr, signals: in}
	go func() { out <- run(r, args, environ, func(config) fx.Option { return module }, commands...) }()
	return out, in, stdout, stderr
}

func hooks(onStart, onStop func(context.Context) error) fx.Option {
	return fx.Invoke(func(l fx.Lifecycle) { l.Append(fx.Hook{OnStart: onStart, OnStop: onStop}) })
}

func TestHelpListsAllSettings(t *testing.T) {
	t.Parallel()
	code, _, stdout, _ := start([]string{"--help"}, nil, fx.Options())
	require.Equal(t, 0, <-code)
	for _, name := range []string{"LOG_LEVEL", "SHUTDOWN_TIMEOUT", "SIZE", "(default 3)"} {
		require.Contains(t, stdout.String(), name)
	}
}

func TestUnknownArgument(t *testing.T) {
	t.Parallel()
	code, _, _, stderr := start([]string{"--port=1"}, nil, fx.Options())
	require.Equal(t, 2, <-code)
	require.Contains(t, stderr.String(), `prog: unknown argument "--port=1"`)
}

func TestBadSettingEndsWithOneLine(t *testing.T) {
	t.Parallel()
	for variable, want := range map[string]string{
		"SIZE=x":              "prog: SIZE: \"x\" is not a whole number\n",
		"LOG_FORMAT=xml":      "prog: LOG_FORMAT: \"xml\" is neither text nor json\n",
		"SHUTDOWN_TIMEOUT=0s": "prog: SHUTDOWN_TIMEOUT: 0s is not from 1s to 10m0s\n",
	} {
		code, _, _, stderr := start(nil, []string{variable}, fx.Options())
		require.Equal(t, 1, <-code)
		require.Equal(t, want, stderr.String())
	}
}

func TestFailedStartNamesTheSetting(t *testing.T) {
	t.Parallel()
	wrong := &settings.Error{Setting: "DATABASE_URL", Problem: "the server refuses: no such role"}
	code, _, _, stderr := start(nil, nil, hooks(func(context.Context) error { return errors.Join(wrong) }, nil))
	require.Equal(t, 1, <-code)
	require.Equal(t, "prog: DATABASE_URL: the server refuses: no such role\n", stderr.String())
}

func TestSignalStopsInOrder(t *testing.T) {
	t.Parallel()
	var order []string
	started := make(chan struct{})
	note := func(what string) func(context.Context) error {
		return func(context.Context) error { order = append(order, what); return nil }
	}
	code, signals, _, stderr := start(nil, nil, fx.Options(
		hooks(note("start 1"), note("stop 1")),
		hooks(func(context.Context) error { order = append(order, "start 2"); close(started); return nil }, note("stop 2")),
	))
	<-started
	signals <- syscall.SIGTERM
	require.Equal(t, 0, <-code)
	require.Equal(t, []string{"start 1", "start 2", "stop 2", "stop 1"}, order)
	require.Contains(t, stderr.String(), "stopped")
}

func TestSignalEndsAStartThatWaits(t *testing.T) {
	t.Parallel()
	waiting := make(chan struct{})
	code, signals, _, _ := start(nil, nil, hooks(func(ctx context.Context) error {
		close(waiting)
		<-ctx.Done()
		return ctx.Err()
	}, nil))
	<-waiting
	signals <- os.Interrupt
	require.Equal(t, 0, <-code)
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	started, stopping, release := make(chan struct{}), make(chan struct{}), make(chan struct{})
	code, signals, _, stderr := start(nil, nil, hooks(
		func(context.Context) error { close(started); return nil },
		func(context.Context) error { close(stopping); <-release; return nil },
	))
	<-started
	signals <- syscall.SIGTERM
	<-stopping
	signals <- syscall.SIGTERM
	require.Equal(t, 1, <-code)
	require.Contains(t, stderr.String(), "second signal")
	close(release)
}

func TestShutdownerGivesTheExitCode(t *testing.T) {
	t.Parallel()
	stopped := make(chan struct{})
	code, _, _, _ := start(nil, nil, fx.Options(
		hooks(nil, func(context.Context) error { close(stopped); return nil }),
		fx.Invoke(func(l fx.Lifecycle, s fx.Shutdowner) {
			l.Append(fx.StartHook(func() { go func() { _ = s.Shutdown(fx.ExitCode(1)) }() }))
		}),
	))
	require.Equal(t, 1, <-code)
	<-stopped
}
