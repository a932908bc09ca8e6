package stack

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
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
			"track_users_events_total{outcome=\"counted\"} 7\ntrack_users_events_total{outcome=\"repeat\"} 1.2e+06\n")
	}))
	t.Cleanup(server.Close)
	s := &Stack{Track: Fleet{{Name: "track_users", Admin: server.URL, wanted: true}, {Name: "track_users-2", Admin: server.URL}}}
	repeats, err := s.Repeats(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1_200_000, repeats)
	none, err := s.Track[0].counter(t.Context(), "other_total")
	require.NoError(t, err)
	require.Zero(t, none)
	server.Close()
	_, err = s.Repeats(t.Context())
	require.ErrorContains(t, err, "read the metrics of track_users")
}
