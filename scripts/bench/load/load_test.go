package load_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/bench/load"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shop is a server that takes orders and counts them.
type shop struct {
	mu     sync.Mutex
	counts map[string]int
	orders atomic.Int64
	hidden time.Duration // how long counters stay so
	since  map[string]time.Time
	takes  time.Duration // to answer an order
	tokens bool          // whether orders are answered with one
	asked  int           // for counters
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		name := strings.TrimPrefix(r.URL.Path, "/api/v1/users/")
		if r.URL.Query().Get("after") == tokenOf(name) {
			time.Sleep(s.hidden) // tells it when it is there
		}
		s.answerCounter(w, name)
		return
	}
	var order struct{ Name, Note string }
	if err := json.NewDecoder(r.Body).Decode(&order); err != nil || order.Name == "" || r.URL.Path != "/api/v1/orders" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	time.Sleep(s.takes)
	s.mu.Lock()
	s.counts[order.Name]++
	s.since[order.Name] = time.Now()
	s.mu.Unlock()
	if s.tokens {
		w.Header().Set("Order-Token", tokenOf(order.Name))
	}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"status":"success","order_id":%d}`, s.orders.Add(1))
}

func (s *shop) answerCounter(w http.ResponseWriter, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.counts[name] == 0 || time.Since(s.since[name]) < s.hidden {
		w.WriteHeader(http.StatusNotFound)
	}
}

func tokenOf(name string) string { return strings.ReplaceAll(name, " ", "-") }

func open(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func newShop() *shop { return &shop{counts: map[string]int{}, since: map[string]time.Time{}} }

func TestClosedLoadCountsWhatIsAnswered(t *testing.T) {
	t.Parallel()
	s := newShop()
	s.takes = 20 * time.Millisecond // so that few are answered while the load takes its own count
	target := load.Target{Addr: open(t, s), Users: 3}
	var during int64
	rate, err := load.Closed{Target: target, Clients: 4, WarmUp: 20 * time.Millisecond, Lasts: 100 * time.Millisecond}.Run(
		t.Context(), func() (func() error, error) {
			begin := s.orders.Load()
			return func() error { during = s.orders.Load() - begin; return nil }, nil
		})
	require.NoError(t, err)
	require.Positive(t, rate.Orders)
	require.InDelta(t, during, rate.Orders, 8, "one order a client may be under way at either end")
	require.GreaterOrEqual(t, rate.Took, 100*time.Millisecond)
	require.Positive(t, rate.CPU)
	require.InEpsilon(t, float64(rate.Orders)/rate.Took.Seconds(), rate.PerSecond(), 1e-9)
	s.mu.Lock() // an order of a client that was cut off may still be on its way
	defer s.mu.Unlock()
	for number := range 3 {
		require.Positive(t, s.counts[load.UserName(number)])
	}
	require.Len(t, s.counts, 3)
}

func TestALoadThatIsRefusedIsNoFigure(t *testing.T) {
	t.Parallel()
	target := load.Target{Users: 1, Addr: open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, "come back later")
	}))}
	nothing := func() (func() error, error) { return func() error { return nil }, nil }
	_, err := load.Closed{Target: target, Clients: 2, Lasts: time.Minute}.Run(t.Context(), nothing)
	require.ErrorContains(t, err, "503: come back later")
	_, err = load.Open{Target: target, Clients: 2, Rate: 100, Lasts: time.Minute}.Run(t.Context())
	require.ErrorContains(t, err, "503: come back later")
}

func TestAChunkedAnswerIsNotMisread(t *testing.T) {
	t.Parallel()
	target := load.Target{Users: 1, Addr: open(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		_ = http.NewResponseController(w).Flush()
	}))}
	_, err := load.Open{Target: target, Clients: 1, Rate: 100, Lasts: time.Minute}.Run(t.Context())
	require.ErrorContains(t, err, "no HTTP/1.1 that this client knows")
}

// A server that stands still for a while is late for all orders that were due meanwhile, not only for the one it had.
func TestOpenLoadCountsFromWhenAnOrderWasDue(t *testing.T) {
	t.Parallel()
	s := newShop()
	const pause = 200 * time.Millisecond
	var once sync.Once
	target := load.Target{Users: 10, Addr: open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() { <-time.After(pause) })
		s.ServeHTTP(w, r)
	}))}
	latencies, err := load.Open{Target: target, Clients: 1, Rate: 1000, Lasts: 400 * time.Millisecond}.Run(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 400, latencies.TotalCount())
	require.EqualValues(t, 400, s.orders.Load())
	late := time.Duration(latencies.ValueAtQuantile(75)) * time.Microsecond
	require.Greater(t, late, pause/4, "a quarter of the orders came due in the first half of the pause")
}

func TestWarmUpIsNotMeasured(t *testing.T) {
	t.Parallel()
	s := newShop()
	latencies, err := load.Open{
		Target: load.Target{Addr: open(t, s), Users: 1}, Clients: 4, Rate: 1000,
		WarmUp: 100 * time.Millisecond, Lasts: 100 * time.Millisecond,
	}.Run(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 200, s.orders.Load())
	require.EqualValues(t, 100, latencies.TotalCount())
}

func TestFollowedOrdersAreThoseWhoseCounterCame(t *testing.T) {
	t.Parallel()
	for title, tokens := range map[string]bool{"by token": true, "by asking again": false} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			s := newShop()
			s.hidden, s.tokens = 50*time.Millisecond, tokens
			addr := open(t, s)
			latencies, err := load.Followed{
				Open:     load.Open{Target: load.Target{Addr: addr, Users: 1}, Clients: 8, Rate: 500, Lasts: 200 * time.Millisecond},
				Counters: addr, Every: 10, Pause: time.Millisecond, Run: "a",
			}.Measure(t.Context())
			require.NoError(t, err)
			require.EqualValues(t, 10, latencies.TotalCount())
			require.GreaterOrEqual(t, time.Duration(latencies.Min())*time.Microsecond, s.hidden*99/100)
			s.mu.Lock()
			defer s.mu.Unlock()
			require.Equal(t, 1, s.counts["followed a 90"], "each followed order has a user of its own")
			require.Equal(t, tokens, s.asked == 10)
		})
	}
}
