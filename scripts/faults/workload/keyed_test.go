package workload_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/faults/workload"
)

// keyed is a fake order_service: an order is known by its key. It answers each request as it is told.
type keyed struct {
	mu    sync.Mutex
	keys  []string // of all requests
	ids   map[string]int
	first func(w http.ResponseWriter, number, id int) bool // tells whether it has answered
}

func (k *keyed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	key := r.Header.Get("Idempotency-Key")
	k.keys = append(k.keys, key)
	number := len(k.keys)
	if k.ids[key] == 0 {
		k.ids[key] = len(k.ids) + 1
	}
	id := k.ids[key]
	k.mu.Unlock()
	if k.first == nil || !k.first(w, number, id) {
		placed(w, id)
	}
}

func insisting(t *testing.T, k *keyed, orders int) (*workload.Load, []workload.Record) {
	t.Helper()
	k.ids = map[string]int{}
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	load := workload.Start(t.Context(), workload.Plan{URLs: []string{server.URL}, Clients: 1, Names: 1, Orders: orders, Keyed: true})
	ledger, err := load.Wait()
	require.NoError(t, err)
	var records []workload.Record
	for _, record := range ledger.All {
		records = append(records, record)
	}
	return load, records
}

func TestWithKeysAnUnclearOutcomeIsAskedForAgain(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]func(w http.ResponseWriter, number, id int){
		"no answer": func(w http.ResponseWriter, _, _ int) { hangUp(w, "") },
		"cut off": func(w http.ResponseWriter, _, id int) {
			hangUp(w, fmt.Sprintf("HTTP/1.1 201 Created\r\nLocation: /api/v1/orders/%d\r\nContent-Length: 99\r\n\r\n{", id))
		},
		"may exist":  func(w http.ResponseWriter, _, _ int) { problem(w, 503, "/problems/order-may-exist") },
		"not stored": func(w http.ResponseWriter, _, _ int) { problem(w, 503, "/problems/order-not-stored") },
		"in flight":  func(w http.ResponseWriter, _, _ int) { problem(w, 409, "/problems/key-in-flight") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := &keyed{first: func(w http.ResponseWriter, number, id int) bool {
				if number > 1 {
					return false
				}
				first(w, number, id)
				return true
			}}
			load, records := insisting(t, k, 1)
			require.Equal(t, []workload.Record{{Name: workload.Name(0), Outcome: workload.Acknowledged, ID: 1}}, records)
			require.GreaterOrEqual(t, len(k.keys), 3, "the try, another one, and one to compare")
			for _, key := range k.keys {
				require.Equal(t, "0/0", key)
			}
			require.Equal(t, 1, load.Repeated())
			require.Zero(t, load.Recovered(), "nobody has said that it existed")
		})
	}
}

func TestAKeyThatIsRefusedIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	k := &keyed{first: func(w http.ResponseWriter, number, _ int) bool {
		if number == 1 {
			problem(w, 422, "/problems/key-reused")
		}
		return number == 1
	}}
	_, records := insisting(t, k, 1)
	require.Len(t, records, 2)
	require.Equal(t, workload.Refused, records[0].Outcome)
	require.Equal(t, "0/1", k.keys[1], "it is another order")
}

func TestTwoAnswersToAKey(t *testing.T) {
	t.Parallel()
	k := &keyed{first: func(w http.ResponseWriter, number, id int) bool {
		w.Header().Set("Order-Token", fmt.Sprint("token ", number))
		placed(w, id)
		return true
	}}
	load, records := insisting(t, k, 9)
	require.Len(t, k.keys, 11, "the first and the ninth are asked for twice")
	require.Zero(t, load.Repeated())
	for i, record := range records {
		require.Equal(t, i%8 == 0, record.Conflict != "", "order %d: %q", i, record.Conflict)
	}
	require.Contains(t, records[0].Conflict, "token:token 2")
	require.Contains(t, records[0].Conflict, "token:token 1")
}

// An order that was marked is recovered by a try that begins later, and only once.
func TestRecovered(t *testing.T) {
	t.Parallel()
	const lost, later = 3, 6 // the first requests for the second order and for the third one: each is sent three times
	marked := make(chan *workload.Load, 1)
	k := &keyed{ids: map[string]int{}}
	k.first = func(w http.ResponseWriter, number, id int) bool {
		switch number {
		case lost:
			load := <-marked
			load.Mark(int64(id))
			marked <- load
			problem(w, 503, "/problems/order-may-exist")
		case later:
			problem(w, 503, "/problems/order-may-exist") // the order is above the mark
		default:
			return false
		}
		return true
	}
	server := httptest.NewServer(k)
	t.Cleanup(server.Close)
	load := workload.Start(t.Context(), workload.Plan{URLs: []string{server.URL}, Clients: 1, Names: 1, Orders: 3, Keyed: true})
	marked <- load
	_, err := load.Wait()
	require.NoError(t, err)
	require.Len(t, k.keys, 8)
	require.Equal(t, 1, load.Recovered())
}
