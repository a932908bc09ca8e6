package postgres_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/adapters/postgres"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/application/relaying"
	"ordertrack/order_service/internal/application/relaying/outboxtest"
	"ordertrack/order_service/internal/application/retransmitting"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/event"
	"ordertrack/shared/name"
)

// relayStore is a database with one writer.
type relayStore struct {
	store

	log    placing.Log
	number int64
	bell   *postgres.Bell // of one process that appends and relays; nil when those are two
}

func openRelayStore(t *testing.T) *relayStore {
	s := openStore(t)
	return &relayStore{store: s, log: s.Writer(t)}
}

func (s *relayStore) Relay(t *testing.T) relaying.Outbox {
	bell := s.bell
	if bell == nil {
		bell = postgres.NewBell()
	}
	return postgres.NewOutbox(openPool(t, s.url), bell)
}

func (s *relayStore) Append(t *testing.T, orders int) []domain.Placed {
	t.Helper()
	s.number++
	batch := placing.Batch{Number: s.number}
	for range orders {
		who := name.Restore("Zoë")
		draft, err := domain.NewDraft(who, domain.RestoreNote("stays at home"), event.LaneOf(who), "00-trace")
		require.NoError(t, err)
		batch.Drafts = append(batch.Drafts, draft)
	}
	stored, err := s.log.Append(t.Context(), batch)
	require.NoError(t, err)
	placed := make([]domain.Placed, len(stored))
	for i, o := range stored {
		placed[i] = domain.Placed{OrderID: o.ID, Name: o.Name, PlacedAt: o.CreatedAt, Place: o.Place, TraceParent: o.TraceParent}
	}
	return placed
}

func TestOutboxContract(t *testing.T) {
	t.Parallel()
	outboxtest.Exercise(t, func(t *testing.T) outboxtest.Store { return openRelayStore(t) })
}

func TestOutboxContractWithinOneProcess(t *testing.T) {
	t.Parallel()
	outboxtest.Exercise(t, func(t *testing.T) outboxtest.Store {
		s, bell := openStore(t), postgres.NewBell()
		return &relayStore{store: s, log: postgres.NewLog(openPool(t, s.url), quiet(), bell), bell: bell}
	})
}

// A relay whose session has ended can neither read nor move the cursor: another one may lead by now.
func TestATurnEndsWithItsSession(t *testing.T) {
	t.Parallel()
	const end = `SELECT count(pg_terminate_backend(pid)) FROM pg_locks
		WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	s := openRelayStore(t)
	placed := s.Append(t, 1)
	require.NoError(t, s.Relay(t).Lead(t.Context(), func(lost relaying.Log, _ retransmitting.Archive) error {
		waited := make(chan error, 1)
		go func() { waited <- lost.Wait(t.Context(), time.Minute) }()
		var ended int
		require.NoError(t, s.pool.QueryRow(t.Context(), end).Scan(&ended))
		require.Equal(t, 1, ended)
		require.Error(t, <-waited)

		return s.Relay(t).Lead(t.Context(), func(next relaying.Log, _ retransmitting.Archive) error {
			require.Error(t, lost.Advance(t.Context(), placed[0].OrderID))
			_, err := lost.Next(t.Context(), 1)
			require.Error(t, err)
			again, err := next.Next(t.Context(), 1)
			require.NoError(t, err)
			require.Equal(t, placed, again)
			return nil
		})
	}))
}

// One wait answers all notifications that came in while the relay was busy.
func TestNotificationsDoNotPileUp(t *testing.T) {
	t.Parallel()
	s := openRelayStore(t)
	require.NoError(t, s.Relay(t).Lead(t.Context(), func(log relaying.Log, _ retransmitting.Archive) error {
		for range 20 {
			s.Append(t, 1)
		}
		placed, err := log.Next(t.Context(), 100) // takes the notifications in, too
		require.NoError(t, err)
		require.Len(t, placed, 20)
		require.NoError(t, log.Wait(t.Context(), time.Minute))

		begin := time.Now()
		require.NoError(t, log.Wait(t.Context(), 50*time.Millisecond))
		require.GreaterOrEqual(t, time.Since(begin), 50*time.Millisecond)
		return nil
	}))
}
