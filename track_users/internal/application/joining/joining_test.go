package joining_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/track_users/internal/application/joining"
	"ordertrack/track_users/internal/application/joining/mocks"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errRefused = errors.New("refused")

// slow is a ledger that takes a second for each transaction, and gives each share its partition as a mark. A transaction
// with the refused partition in it is refused.
type slow struct {
	mu   sync.Mutex
	took []int // shares of each transaction

	refused int32
	err     error
}

func (s *slow) applyAll(_ context.Context, shares []joining.Share) ([]domain.Marks, error) {
	s.mu.Lock()
	s.took = append(s.took, len(shares))
	s.mu.Unlock()
	time.Sleep(time.Second)
	marks := make([]domain.Marks, len(shares))
	for i, share := range shares {
		if share.Scope.Stream.Partition == s.refused {
			return nil, s.err
		}
		share.Decide(domain.Marks{})
		marks[i].Foreign = int64(share.Scope.Stream.Partition)
	}
	return marks, nil
}

// applied has tallies of so many partitions, from 1 on, apply at once, and gives what each was told. Those of the first
// partitions have come already, one after the other.
func applied(t *testing.T, s *slow, limit, first, tallies int) []error {
	t.Helper()
	ledger := mocks.NewMockLedger(gomock.NewController(t))
	ledger.EXPECT().ApplyAll(gomock.Any(), gomock.Any()).DoAndReturn(s.applyAll).AnyTimes()
	joiner := joining.New(ledger, limit)
	errs := make([]error, tallies)
	var together sync.WaitGroup
	for i := range tallies {
		partition := int32(i) + 1
		together.Go(func() {
			decided := false
			marks, err := joiner.Apply(t.Context(), domain.Scope{Stream: domain.Stream{Partition: partition}},
				func(domain.Marks) domain.Effects {
					decided = true
					return domain.Effects{}
				})
			if errs[i] = err; err == nil {
				require.True(t, decided)
				require.EqualValues(t, partition, marks.Foreign)
			}
		})
		if i < first {
			synctest.Wait()
		}
	}
	together.Wait()
	return errs
}

func TestWhatWaitsGoesIntoOneTransaction(t *testing.T) {
	t.Parallel()
	for title, c := range map[string]struct {
		limit, first, tallies int
		took                  []int
	}{
		"one":                {limit: 1, first: 1, tallies: 1, took: []int{1}},
		"some":               {limit: 1, first: 1, tallies: 12, took: []int{1, 11}},
		"two at once":        {limit: 2, first: 2, tallies: 12, took: []int{1, 1, 10}},
		"no limit means one": {limit: 0, first: 1, tallies: 3, took: []int{1, 2}},
		"very many":          {limit: 1, first: 1, tallies: 100, took: []int{1, 64, 35}},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &slow{}
				for _, err := range applied(t, s, c.limit, c.first, c.tallies) {
					require.NoError(t, err)
				}
				require.Equal(t, c.took, s.took)
			})
		})
	}
}

// With one processor it is certain that the others can run, and have not yet, when the first one comes.
//
//nolint:paralleltest // the number of processors is the process's
func TestWhatCanRunGoesWithTheFirst(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	synctest.Test(t, func(t *testing.T) {
		s := &slow{}
		for _, err := range applied(t, s, 1, 0, 12) {
			require.NoError(t, err)
		}
		require.Greater(t, s.took[0], 1)
	})
}

// A transaction that is refused is refused for what is in one share: the others must not wait for that.
func TestARefusedShareIsFound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{refused: 3, err: errRefused}
		for i, err := range applied(t, s, 1, 1, 4) {
			if i == 2 {
				require.ErrorIs(t, err, errRefused)
			} else {
				require.NoError(t, err)
			}
		}
	})
}

func TestALedgerThatIsAwayIsToldToAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &slow{refused: 3, err: tallying.ErrUnavailable}
		away := 0
		for _, err := range applied(t, s, 1, 1, 4) {
			if err != nil {
				require.ErrorIs(t, err, tallying.ErrUnavailable)
				away++
			}
		}
		require.Len(t, s.took, 2, "nobody is tried by itself")
		require.Contains(t, []int{1, 3}, away, "all that were in it with the third, whether it came first or not")
	})
}
