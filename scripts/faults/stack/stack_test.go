package stack

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/faults/evidence"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is a service that is a shell script, with an admin port that nobody listens on.
func script(t *testing.T, text string) *Service {
	t.Helper()
	dir := t.TempDir()
	ports, err := pickPorts(t.Context(), 1, 0, 1)
	require.NoError(t, err)
	s := &Service{Name: "script", Admin: "http://" + address(ports[0]), log: filepath.Join(dir, "log")}
	s.path, s.args = "/bin/sh", []string{"-c", text}
	s.fleet, s.seen = "script", evidence.NewLog()
	require.NoError(t, s.Start())
	t.Cleanup(func() { require.NoError(t, s.close()) })
	return s
}

func TestAServiceThatEndsIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := script(t, "echo no luck; exit 3")
	err := s.WaitReady(t.Context())
	require.ErrorContains(t, err, "script: it ended by itself: exit status 3")
	require.ErrorContains(t, err, "no luck")
}

func TestAStopMustBeInOrder(t *testing.T) {
	t.Parallel()
	const loop = `; echo ready; while :; do sleep 0.01; done`
	for name, c := range map[string]struct{ text, want string }{
		"in order":      {"trap 'exit 0' TERM" + loop, ""},
		"with an error": {"trap 'exit 1' TERM" + loop, "script: it did not stop in order: exit status 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := script(t, c.text)
			listen(t, s)
			awaitLog(t, s, "ready\n")
			err := s.Stop(t.Context())
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}

// listen gives the service an admin port that is alive when its log says that it is ready.
func listen(t *testing.T, s *Service) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if text, err := os.ReadFile(s.log); err != nil || string(text) != "ready\n" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	s.Admin = server.URL
}

// A process that gets a signal before it listens for any dies of it: that is no end in order, and no fault of the service.
func TestAStopWaitsForTheStart(t *testing.T) {
	t.Parallel()
	s := script(t, "sleep 0.3; trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done")
	listen(t, s)
	require.NoError(t, s.Stop(t.Context()))
}

func TestOnlyTheEndOfWhatRunsIsEvidence(t *testing.T) {
	t.Parallel()
	s := script(t, "sleep 1000")
	require.NoError(t, s.Kill())
	require.NoError(t, s.Kill(), "it is dead")
	require.EqualValues(t, 1, s.seen.Count(evidence.Killed("script")))

	s = script(t, "exit 0")
	<-s.process().Done()
	require.NoError(t, s.Stop(t.Context()))
	require.Zero(t, s.seen.Count(evidence.Stopped("script")))
	require.ErrorContains(t, noting(s.seen, evidence.PutBack, s.process().Done, func() error { return errors.New("no") }), "no")
	require.Zero(t, s.seen.Count(evidence.PutBack))
}

func TestOnlyAPauseToTheEndIsEvidence(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("there is no /proc here")
	}
	s := script(t, "sleep 1000")
	paused := evidence.Paused("script")
	require.NoError(t, s.Continue(), "it was not paused")
	require.Zero(t, s.seen.Count(paused))

	require.NoError(t, s.Pause())
	require.NoError(t, s.process().Signal(syscall.SIGCONT), "somebody else")
	require.Eventually(t, func() bool { return !isStopped(s.process().PID()) }, 10*time.Second, time.Millisecond)
	require.NoError(t, s.Continue())
	require.Zero(t, s.seen.Count(paused))

	require.NoError(t, s.Pause())
	require.Eventually(t, func() bool { return isStopped(s.process().PID()) }, 10*time.Second, time.Millisecond)
	s.paused.since = s.paused.since.Add(-time.Second)
	require.NoError(t, s.Continue())
	require.GreaterOrEqual(t, s.seen.Count(paused), int64(1000))

	resume, err := pause([]int{s.process().PID()}, s.seen, "another")
	require.NoError(t, err)
	require.NoError(t, s.Kill())
	require.NoError(t, resume())
	require.Zero(t, s.seen.Count(evidence.Paused("another")), "it did not live to the end")
}

func TestTheLogGoesOn(t *testing.T) {
	t.Parallel()
	s := script(t, "echo started; sleep 1000")
	awaitLog(t, s, "started\n")
	require.NoError(t, s.Kill())
	require.NoError(t, s.Start())
	awaitLog(t, s, "started\nstarted\n")
}

func TestMemoryIsThePeakOfAllProcesses(t *testing.T) {
	t.Parallel()
	const status = "Name:\tx\nVmPeak:\t 9 kB\nVmHWM:\t   2048 kB\nVmRSS:\t 7 kB\n"
	require.EqualValues(t, 2<<20, highWater(status))
	require.Zero(t, highWater("Name:\tzombie\n"))

	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("there is no /proc here")
	}
	s := script(t, "echo ready; sleep 1000")
	awaitLog(t, s, "ready\n")
	stack := &Stack{Orders: Fleet{s}}
	require.NoError(t, s.Kill())
	require.Greater(t, stack.Memory()[orderService], int64(1<<16), "a process that has ended counts")
	s.peak = 1 << 40
	require.Equal(t, map[string]int64{orderService: 1 << 40}, stack.Memory())
}

func awaitLog(t *testing.T, s *Service, want string) {
	t.Helper()
	require.Eventually(t, func() bool {
		text, err := os.ReadFile(s.log)
		return err == nil && string(text) == want
	}, 10*time.Second, 5*time.Millisecond)
}

func TestPortsAreDifferentAndBelowThoseOfClients(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for slot := range 3 {
		ports, err := pickPorts(t.Context(), 50, slot, 3)
		require.NoError(t, err)
		for _, port := range ports {
			require.False(t, seen[port])
			seen[port] = true
			require.Equal(t, slot, (port-lowestPort)*3/portCount)
		}
	}
}

func TestCounter(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "# TYPE track_users_events_total counter\n"+
			"track_users_events_total{outcome=\"counted\"} 7\n"+
			"track_users_window_events{partition=\"0\"} 3\ntrack_users_window_events{partition=\"1\"} 4\ntrack_users_events_total{outcome=\"repeat\"} 1.2e+06\n")
	}))
	t.Cleanup(server.Close)
	s := &Stack{Track: Fleet{{Name: "track_users", Admin: server.URL, wanted: true}, {Name: "track_users-2", Admin: server.URL}}}
	repeats, err := s.Repeats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1_200_000, repeats)
	waiting, err := s.Waiting(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 7, waiting)
	none, err := s.Track[0].counter(t.Context(), "other_total")
	require.NoError(t, err)
	require.Zero(t, none)
	server.Close()
	_, err = s.Repeats(t.Context())
	require.ErrorContains(t, err, "read the metrics of track_users")
}
