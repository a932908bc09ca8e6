package postgres_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/adapters/postgres"
	"ordertrack/order_service/internal/application/once"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/application/placing/mocks"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/name"
)

// replica is what a process has for placing orders once, on connections of its own.
func replica(t *testing.T, url string) *once.Once {
	t.Helper()
	pool := openPool(t, url)
	meter := mocks.NewMockMeter(gomock.NewController(t))
	meter.EXPECT().Appended(gomock.Any(), gomock.Any()).AnyTimes()
	meter.EXPECT().Failed(gomock.Any()).AnyTimes()
	placer := placing.New(postgres.NewLog(pool, quiet(), postgres.NewBell()), meter, placing.DefaultLimits())
	placer.Start()
	t.Cleanup(func() { require.NoError(t, placer.Stop(context.Background())) })
	return once.New(placer, postgres.NewKeys(pool), slog.New(slog.DiscardHandler))
}

func claimOf(key, request string) placing.Claim {
	return placing.Claim{Key: sha256.Sum256([]byte(key)), Request: sha256.Sum256([]byte(request))}
}

func ask(names ...string) []placing.Request {
	requests := make([]placing.Request, len(names))
	for i, who := range names {
		requests[i] = placing.Request{Name: name.Restore(who)}
	}
	return requests
}

func rowsOf(t *testing.T, pool *pgxpool.Pool, table string) (rows int) {
	t.Helper()
	require.NoError(t, pool.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&rows))
	return rows
}

// The process ends between the commit and the answer; the client asks another one.
func TestAnAnswerThatGotLostIsGivenByAnotherProcess(t *testing.T) {
	t.Parallel()
	url := testenv.Database(t)
	pool := migrated(t, url)
	first, err := replica(t, url).Place(t.Context(), claimOf("key", "two"), ask("Ann", "Bob"))
	require.NoError(t, err)
	require.Equal(t, 2, first.Size)

	successor := replica(t, url)
	again, err := successor.Place(t.Context(), claimOf("key", "two"), ask("Ann", "Bob"))
	require.NoError(t, err)
	require.Equal(t, first, again)
	_, err = successor.Place(t.Context(), claimOf("key", "three"), ask("Ann", "Bob", "Eve"))
	require.ErrorIs(t, err, once.ErrReused)
	require.Equal(t, 2, rowsOf(t, pool, "orders"))
}

// One batch holds what many clients asked for.
func TestEachKeyOfABatchNamesItsOwnOrders(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	batch := batchOf(t, 1, "plain", "Ann", "Bob", "Ann", "Eve")
	first, second := claimOf("two", "x"), claimOf("one", "y")
	batch.Claims = []placing.Claimed{{Claim: first, First: 1, Size: 2}, {Claim: second, First: 4, Size: 1}}
	orders, err := s.Writer(t).Append(t.Context(), batch)
	require.NoError(t, err)
	for claim, at := range map[placing.Claim]int{first: 1, second: 4} {
		kept, err := postgres.NewKeys(s.pool).Find(t.Context(), claim.Key)
		require.NoError(t, err)
		require.Equal(t, once.Kept{
			Request: claim.Request, Answer: once.Answer{FirstID: orders[at].ID, Size: 2 - at/4, Place: orders[at].Place},
		}, kept)
	}
}

// TestOneKeyMakesOneOrder: clients send each request again and again, to several processes at once, while connections
// are killed in the middle. Each key has one order, and every answer names it.
func TestOneKeyMakesOneOrder(t *testing.T) {
	t.Parallel()
	const keys, clients, replicas = 30, 4, 3
	url := testenv.Database(t)
	pool := migrated(t, url)
	all := make([]*once.Once, replicas)
	for i := range all {
		all[i] = replica(t, url)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stop, killed := make(chan struct{}), make(chan int)
	go kill(ctx, pool, stop, killed)

	var (
		work    sync.WaitGroup
		mu      sync.Mutex
		answers = map[int]map[once.Answer]int{}
	)
	for client := range clients {
		work.Go(func() {
			random := rand.New(rand.NewPCG(uint64(client), 7))
			for key := range keys {
				answer := insist(ctx, all, random, key)
				mu.Lock()
				if answers[key] == nil {
					answers[key] = map[once.Answer]int{}
				}
				answers[key][answer]++
				mu.Unlock()
			}
		})
	}
	work.Wait()
	close(stop)
	require.Positive(t, <-killed)
	require.NoError(t, ctx.Err())
	ids := map[int64]bool{}
	for key := range keys {
		require.Len(t, answers[key], 1, "every answer to key %d is the same", key)
		for answer, times := range answers[key] {
			require.Equal(t, clients, times)
			ids[answer.FirstID] = true
		}
	}
	require.Len(t, ids, keys)
	require.Equal(t, keys, rowsOf(t, pool, "orders"), "each key has one order")
	require.Equal(t, keys, rowsOf(t, pool, "idempotency_key"))
}

// insist sends one request until it is answered.
func insist(ctx context.Context, replicas []*once.Once, random *rand.Rand, key int) once.Answer {
	for ctx.Err() == nil {
		patience := time.Duration(1+random.IntN(200)) * time.Millisecond
		limited, cancel := context.WithTimeout(ctx, patience)
		to := replicas[random.IntN(len(replicas))]
		answer, err := to.Place(limited, claimOf(fmt.Sprint(key), "request"), ask(fmt.Sprint("user ", key%7)))
		cancel()
		if err == nil {
			return answer
		}
	}
	return once.Answer{}
}

// kill ends the replicas' sessions again and again, and tells how many.
func kill(ctx context.Context, pool *pgxpool.Pool, stop <-chan struct{}, killed chan<- int) {
	const sql = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%idempotency_key%'`
	total, pace := 0, time.NewTicker(25*time.Millisecond)
	defer pace.Stop()
	for ctx.Err() == nil {
		select {
		case <-stop:
			killed <- total
			return
		case <-pace.C:
		}
		var ended int
		if pool.QueryRow(ctx, sql).Scan(&ended) == nil {
			total += ended
		}
	}
	killed <- total
}

func TestKeysAreForgottenAfterADay(t *testing.T) {
	t.Parallel()
	url := testenv.Database(t)
	pool := migrated(t, url)
	keys, on := postgres.NewKeys(pool), replica(t, url)
	for key, age := range map[string]string{"old": "24 hours 1 second", "young": "23 hours 55 minutes"} {
		claim := claimOf(key, "x")
		_, err := on.Place(t.Context(), claim, ask("Ann"))
		require.NoError(t, err)
		_, err = pool.Exec(t.Context(), `UPDATE idempotency_key SET created_at = now() - $2::text::interval WHERE key = $1`, claim.Key[:], age)
		require.NoError(t, err)
	}
	old := claimOf("old", "x").Key
	more, err := keys.Forget(t.Context())
	require.NoError(t, err)
	require.False(t, more)
	_, err = keys.Find(t.Context(), old)
	require.ErrorIs(t, err, once.ErrUnknownKey)
	_, err = keys.Find(t.Context(), claimOf("young", "x").Key)
	require.NoError(t, err)

	_, err = pool.Exec(t.Context(), `INSERT INTO idempotency_key SELECT uuid_send(gen_random_uuid()), '', 1, 1, now() - interval '2 days'
		FROM generate_series(1, 1500)`)
	require.NoError(t, err)
	more, err = keys.Forget(t.Context())
	require.NoError(t, err)
	require.True(t, more, "a part at a time")
	more, err = keys.Forget(t.Context())
	require.NoError(t, err)
	require.False(t, more)
	require.Equal(t, 1, rowsOf(t, pool, "idempotency_key"))
}

func TestKeysThatCannotBeRead(t *testing.T) {
	t.Parallel()
	pool := migrated(t, testenv.Database(t))
	keys := postgres.NewKeys(pool)
	pool.Close()
	_, err := keys.Find(t.Context(), [32]byte{})
	require.ErrorIs(t, err, placing.ErrUnavailable)
	_, err = keys.Forget(t.Context())
	require.Error(t, err)
}
