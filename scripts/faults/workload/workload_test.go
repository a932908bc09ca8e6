package workload_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/faults/workload"
)

// service is a fake order_service that answers as told, and remembers the orders it was sent.
type service struct {
	*httptest.Server

	mu     sync.Mutex
	orders []order
}

type order struct {
	Name string `json:"name"`
	Note string `json:"note"`
}

func serve(t *testing.T, answer func(w http.ResponseWriter, number int)) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var o order
		if r.URL.Path != "/api/v1/orders" || r.Header.Get("Content-Type") != "application/json" ||
			json.NewDecoder(r.Body).Decode(&o) != nil {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		s.mu.Lock()
		s.orders = append(s.orders, o)
		number := len(s.orders)
		s.mu.Unlock()
		answer(w, number)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) received() []order {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]order{}, s.orders...)
}

func placed(w http.ResponseWriter, number int) {
	w.Header().Set("Location", fmt.Sprintf("/api/v1/orders/%d", number))
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"status":"success","order_id":%d}`, number)
}

func problem(w http.ResponseWriter, status int, kind string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"type":%q,"status":%d}`, kind, status)
}

// hangUp ends the connection without an answer, or in the middle of one.
func hangUp(w http.ResponseWriter, said string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_, _ = conn.Write([]byte(said))
	_ = conn.Close()
}

func run(t *testing.T, plan workload.Plan) []workload.Record {
	t.Helper()
	ledger, err := workload.Start(t.Context(), plan).Wait()
	require.NoError(t, err)
	var records []workload.Record
	for _, record := range ledger.All {
		records = append(records, record)
	}
	return records
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	const cutOff = "HTTP/1.1 201 Created\r\nLocation: /api/v1/orders/1\r\nContent-Length: 99\r\n\r\n{"
	const notStored, mayExist = "/problems/order-not-stored", "/problems/order-may-exist"
	for name, c := range map[string]struct {
		first func(http.ResponseWriter, int) // how the first order is answered; all others are placed
		want  []workload.Record
	}{
		"placed":              {placed, []workload.Record{{Outcome: workload.Acknowledged, ID: 1}}},
		"placed, but cut off": {func(w http.ResponseWriter, _ int) { hangUp(w, cutOff) }, []workload.Record{{Outcome: workload.Acknowledged, ID: 1}}},
		"placed, but in conflict": {func(w http.ResponseWriter, _ int) {
			w.Header().Set("Location", "/api/v1/orders/2")
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"status":"success","order_id":1}`)
		}, []workload.Record{{Outcome: workload.Acknowledged}}},
		"no answer":      {func(w http.ResponseWriter, _ int) { hangUp(w, "") }, []workload.Record{{Outcome: workload.Unknown}}},
		"may exist":      {func(w http.ResponseWriter, _ int) { problem(w, 503, mayExist) }, []workload.Record{{Outcome: workload.Unknown}}},
		"another 503":    {func(w http.ResponseWriter, _ int) { problem(w, 503, "about:blank") }, []workload.Record{{Outcome: workload.Unknown}}},
		"a server's 500": {func(w http.ResponseWriter, _ int) { problem(w, 500, notStored) }, []workload.Record{{Outcome: workload.Unknown}}},
		"not stored": {
			func(w http.ResponseWriter, _ int) { problem(w, 503, notStored) },
			[]workload.Record{{Outcome: workload.Refused}, {Outcome: workload.Acknowledged, ID: 2}},
		},
		"not valid": {
			func(w http.ResponseWriter, _ int) { problem(w, 400, "about:blank") },
			[]workload.Record{{Outcome: workload.Refused}, {Outcome: workload.Acknowledged, ID: 2}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(w http.ResponseWriter, number int) {
				if number == 1 {
					c.first(w, number)
					return
				}
				placed(w, number)
			})
			for i := range c.want {
				c.want[i].Name = workload.Name(0)
			}
			require.Equal(t, c.want, run(t, workload.Plan{URLs: []string{s.URL}, Clients: 1, Names: 1, Orders: 1}))
			received := s.received()
			require.Len(t, received, len(c.want), "each is sent once")
			for number, order := range received {
				require.Equal(t, fmt.Sprintf("0/%d", number), order.Note)
			}
		})
	}
}

func TestNobodyListensIsRefused(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	url := "http://" + listener.Addr().String()
	require.NoError(t, listener.Close())

	ctx, cancel := context.WithCancel(t.Context())
	load := workload.Start(ctx, workload.Plan{URLs: []string{url}, Clients: 1, Names: 1, Orders: 1})
	require.ErrorIs(t, load.Await(withTimeout(t), 1), context.DeadlineExceeded)
	cancel()
	ledger, err := load.Wait()
	require.ErrorIs(t, err, context.Canceled)
	first, found := ledger.Find(workload.Tag{})
	require.True(t, found)
	require.Equal(t, workload.Refused, first.Outcome)
}

func TestAClientTurnsToAnotherReplica(t *testing.T) {
	t.Parallel()
	bad := serve(t, func(w http.ResponseWriter, _ int) { problem(w, 503, "/problems/order-not-stored") })
	good := serve(t, placed)
	records := run(t, workload.Plan{URLs: []string{bad.URL, good.URL}, Clients: 2, Names: 1, Orders: 20})
	require.Len(t, bad.received(), 1, "one client begins there, and does not come back")
	require.Len(t, good.received(), 20)
	require.Len(t, records, 21)
}

func withTimeout(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func TestTheSeedMakesTheOrders(t *testing.T) {
	t.Parallel()
	s := serve(t, placed)
	names := func(seed uint64) []string {
		names := make([]string, 0, 100)
		for _, record := range run(t, workload.Plan{URLs: []string{s.URL}, Clients: 3, Names: 20, Orders: 100, Seed: seed}) {
			names = append(names, record.Name)
		}
		return names
	}
	first := names(7)
	require.Equal(t, first, names(7))
	require.NotEqual(t, first, names(8))

	different := map[string]bool{}
	for _, name := range first {
		different[name] = true
	}
	require.Len(t, different, 20)
	notes := map[string]bool{}
	for _, order := range s.received()[:100] { // of the first load
		notes[order.Note] = true
	}
	require.Len(t, notes, 100)
}

func TestAwaitFindsItsMoment(t *testing.T) {
	t.Parallel()
	goOn := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, number int) {
		if number > 5 {
			<-goOn
		}
		placed(w, number)
	})
	load := workload.Start(t.Context(), workload.Plan{URLs: []string{s.URL}, Clients: 1, Names: 1, Orders: 10})
	require.NoError(t, load.Await(t.Context(), 0.5))
	require.ErrorIs(t, load.Await(withTimeout(t), 0.6), context.DeadlineExceeded)
	settled, orders := load.Progress()
	require.Equal(t, []int{5, 10}, []int{settled, orders})
	close(goOn)
	require.NoError(t, load.Await(t.Context(), 1))
	_, err := load.Wait()
	require.NoError(t, err)
	require.NoError(t, load.Await(t.Context(), 0.1), "it was reached long ago")
}

func TestParseTag(t *testing.T) {
	t.Parallel()
	tag, ok := workload.ParseTag(workload.Tag{Client: 31, Number: 4711}.String())
	require.True(t, ok)
	require.Equal(t, workload.Tag{Client: 31, Number: 4711}, tag)
	for _, note := range []string{"", "1", "1/", "/1", "01/1", "1/1/1", "+1/1", "a/b", "1/1 "} {
		_, ok := workload.ParseTag(note)
		require.False(t, ok, note)
	}
}

// TestFreezeLeavesNoOrderOnItsWay freezes a load again and again: at no time is an order on its way then, and the cut
// counts all that were.
func TestFreezeLeavesNoOrderOnItsWay(t *testing.T) {
	t.Parallel()
	var answered atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		id := answered.Add(1)
		w.Header().Set("Location", fmt.Sprintf("/api/v1/orders/%d", id))
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"status":"success","order_id":%d}`, id)
	}))
	t.Cleanup(server.Close)
	load := workload.Start(t.Context(), workload.Plan{URLs: []string{server.URL}, Clients: 8, Names: 5, Orders: 2_000, Seed: 1})
	enough, another := load.Sustain(), load.Sustain()
	another()
	another() // once more, which changes nothing
	var last int64
	for range 50 {
		cut, thaw := load.Freeze()
		sent := 0
		for _, n := range cut {
			sent += n
		}
		require.EqualValues(t, answered.Load(), sent)
		last = answered.Load()
		thaw()
	}
	require.NoError(t, load.Await(t.Context(), 1.01))
	settled, orders := load.Progress()
	require.Greater(t, settled, orders, "the clients go on beyond their shares")
	cut, thaw := load.Freeze()
	load.Forgive(cut, last)
	thaw()
	enough()
	ledger, err := load.Wait()
	require.NoError(t, err)
	before, after := 0, 0
	for tag, record := range ledger.All {
		switch forgiven := ledger.Forgiven(tag, record); {
		case forgiven && record.ID > last:
			after++
		case !forgiven:
			before++
		default:
			require.Fail(t, "forgiven", "order %d", record.ID)
		}
	}
	require.Positive(t, after)
	require.GreaterOrEqual(t, before, int(last))
}
