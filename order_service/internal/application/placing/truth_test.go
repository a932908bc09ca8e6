package placing_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/application/placing/mocks"
	"ordertrack/order_service/internal/domain"
)

// moody is a log that keeps its contract and is otherwise as unkind as it may be: it is away, loses answers of batches
// stored and not stored, and lets lost batches arrive late.
type moody struct {
	rand   *rand.Rand
	last   int64 // highest number that was appended
	rows   map[string]int
	orders map[int64][]domain.Order
	late   []placing.Batch
}

func (m *moody) Append(_ context.Context, batch placing.Batch) ([]domain.Order, error) {
	switch m.rand.IntN(6) {
	case 0:
		return nil, placing.ErrUnavailable
	case 1:
		m.late = append(m.late, batch)
		return nil, placing.ErrUnknownOutcome
	case 2:
		m.arrive()
	}
	if _, known := m.orders[batch.Number]; !known {
		for _, who := range names(batch) {
			if strings.HasPrefix(who, "bad") {
				return nil, errRefused
			}
		}
	}
	m.store(batch)
	if m.rand.IntN(6) == 0 {
		return nil, placing.ErrUnknownOutcome
	}
	return m.orders[batch.Number], nil
}

func (m *moody) arrive() {
	for _, batch := range m.late {
		if !strings.Contains(strings.Join(names(batch), " "), "bad") {
			m.store(batch)
		}
	}
	m.late = nil
}

func (m *moody) store(batch placing.Batch) {
	if batch.Number <= m.last {
		return
	}
	m.last = batch.Number
	for _, who := range names(batch) {
		m.rows[who]++
	}
	m.orders[batch.Number] = stored(batch)
}

// Whatever the log does, an answer is true: placed means stored once; any error but ErrMayExist means not stored, ever.
func TestEveryAnswerIsTrue(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			log := &moody{rand: rand.New(rand.NewPCG(seed, 1)), rows: map[string]int{}, orders: map[int64][]domain.Order{}}
			meter := mocks.NewMockMeter(gomock.NewController(t))
			meter.EXPECT().Appended(gomock.Any(), gomock.Any()).AnyTimes()
			meter.EXPECT().Failed(gomock.Any()).AnyTimes()
			limits := limits()
			limits.AppendTimeout = 300 * time.Millisecond
			placer := placing.New(log, meter, limits)
			placer.Start()

			answers := placeMany(t, placer, rand.New(rand.NewPCG(seed, 2)))
			require.NoError(t, placer.Stop(t.Context()))
			log.arrive()
			for who, err := range answers {
				switch {
				case err == nil:
					require.Equal(t, 1, log.rows[who], "seed %d: %s was placed", seed, who)
				case errors.Is(err, placing.ErrMayExist):
					require.LessOrEqual(t, log.rows[who], 1, "seed %d: %s may exist", seed, who)
				default:
					require.Zero(t, log.rows[who], "seed %d: %s was refused: %v", seed, who, err)
				}
			}
		})
	}
}

func placeMany(t *testing.T, placer *placing.Placer, source *rand.Rand) map[string]error {
	var (
		mu      sync.Mutex
		clients sync.WaitGroup
		answers = map[string]error{}
	)
	for i := range 40 {
		who, patience := "user"+strconv.Itoa(i), time.Duration(source.IntN(3000))*time.Millisecond
		if source.IntN(8) == 0 {
			who = "bad" + strconv.Itoa(i)
		}
		pause := time.Duration(source.IntN(2000)) * time.Millisecond
		clients.Go(func() {
			time.Sleep(pause) // the bubble's clock: takes no time
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err := placer.Place(ctx, request(who))
			mu.Lock()
			defer mu.Unlock()
			answers[who] = err
		})
	}
	clients.Wait()
	return answers
}
