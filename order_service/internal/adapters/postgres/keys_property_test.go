package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/once"
	"ordertrack/scripts/localstack/testenv"
)

// told is what a client was told at last of one key.
type told struct {
	key, variant int
	reused       bool // the key is another request's
	answer       once.Answer
}

// size of a request: the two variants of a key are different.
func size(key, variant int) int { return 1 + (key+variant)%3 }

func people(key, variant int) []string {
	names := make([]string, size(key, variant))
	for i := range names {
		names[i] = fmt.Sprintf("key %d variant %d", key, variant)
	}
	return names
}

// TestOneKeyMakesOneOrderWhateverIsCut: clients send requests under common keys, some of them another one than the rest,
// through proxies that lose requests, answers and whole processes at moments that are drawn. Of each key one request is
// stored, once, and everybody is told of it in the same way.
func TestOneKeyMakesOneOrderWhateverIsCut(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, rand.Uint64()} {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			const keys, clients, replicas = 20, 4, 3
			url := testenv.Database(t)
			pool := migrated(t, url)
			places := make([]atomic.Pointer[mortal], replicas)
			for i := range places {
				places[i].Store(startMortal(t, url))
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var work sync.WaitGroup
			all, ends := make([]told, keys*clients), make(chan int, clients)
			for client := range clients {
				c := &hostile{places: places, ends: ends, random: rand.New(rand.NewPCG(seed, uint64(client)))}
				work.Go(func() { c.sendAll(ctx, all[client*keys:(client+1)*keys]) })
			}
			go func() { work.Wait(); close(ends) }()
			ended := 0
			for where := range ends {
				if ended++; ended <= maxEnds {
					places[where].Swap(startMortal(t, url)).proxy.end()
				}
			}
			require.NoError(t, ctx.Err())
			require.Positive(t, ended)
			requireOneOrder(t, pool, all, keys)
		})
	}
}

// mortal is a process that can be cut off, for ever or for once.
type mortal struct {
	once  *once.Once
	proxy *proxy
}

func startMortal(t *testing.T, url string) *mortal {
	proxy, through := behindProxy(t, url)
	return &mortal{replica(t, through), proxy}
}

// maxEnds bounds how many processes end: each new one takes its time.
const maxEnds = 4

// hostile is a client that spoils what it asks for itself, so that how much is cut is no matter of speed.
type hostile struct {
	places []atomic.Pointer[mortal]
	ends   chan<- int
	random *rand.Rand
}

// sendAll sends a request under each key, in any order, and each until it is answered.
func (h *hostile) sendAll(ctx context.Context, all []told) {
	for i, key := range h.random.Perm(len(all)) {
		t := told{key: key, variant: h.random.IntN(4) / 3}
		claim := claimOf(fmt.Sprint(key), fmt.Sprint(t.variant))
		for ctx.Err() == nil {
			where := h.random.IntN(len(h.places))
			to := h.places[where].Load()
			h.spoil(where, to.proxy)
			limited, cancel := context.WithTimeout(ctx, time.Duration(1+h.random.IntN(150))*time.Millisecond)
			answer, err := to.once.Place(limited, claim, ask(people(key, t.variant)...))
			cancel()
			if t.reused = errors.Is(err, once.ErrReused); err == nil || t.reused {
				t.answer = answer
				break
			}
		}
		all[i] = t
	}
}

// spoil does something to two requests of three.
func (h *hostile) spoil(where int, proxy *proxy) {
	switch h.random.IntN(12) {
	case 0:
		select {
		case h.ends <- where:
		default: // others have just asked for as much
		}
	case 1:
		proxy.closeAll()
	case 2, 3:
		proxy.arm(cutRequest)
	case 4, 5, 6, 7:
		proxy.arm(cutAnswer)
	}
}

// requireOneOrder holds what all clients were told against each other, and against the table.
func requireOneOrder(t *testing.T, pool *pgxpool.Pool, all []told, keys int) {
	t.Helper()
	winners := map[int]told{}
	for _, one := range all {
		if one.reused {
			continue
		}
		if first, there := winners[one.key]; there {
			require.Equal(t, first, one, "all are told the same")
		}
		winners[one.key] = one
	}
	require.Len(t, winners, keys)
	orders := 0
	for _, one := range all {
		require.Equal(t, one.variant != winners[one.key].variant, one.reused, "of key %d", one.key)
	}
	for key, won := range winners {
		require.Equal(t, size(key, won.variant), won.answer.Size)
		orders += won.answer.Size
		var named int
		err := pool.QueryRow(t.Context(), `SELECT count(*) FROM orders WHERE id >= $1 AND id < $1 + $2 AND name = $3`,
			won.answer.FirstID, int64(won.answer.Size), people(key, won.variant)[0]).Scan(&named)
		require.NoError(t, err)
		require.Equal(t, won.answer.Size, named, "the orders of key %d", key)
	}
	require.Equal(t, orders, rowsOf(t, pool, "orders"), "nothing else is stored")
	require.Equal(t, keys, rowsOf(t, pool, "idempotency_key"))
}
