package once_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/order_service/internal/application/once"
	"ordertrack/order_service/internal/application/once/mocks"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
	"ordertrack/scripts/localstack/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	claim    = placing.Claim{Key: [32]byte{1}, Request: [32]byte{2}}
	requests = []placing.Request{{}, {}}
	place    = domain.Place{LogID: "log", Lane: 3, Sequence: 9}
	orders   = []domain.Order{{ID: 7, Place: place}, {ID: 8}}
	answer   = once.Answer{FirstID: 7, Size: 2, Place: place}
	kept     = once.Kept{Request: claim.Request, Answer: answer}
)

type bundle struct {
	placer *mocks.MockPlacer
	keys   *mocks.MockKeys
	log    *testenv.Log
	once   *once.Once
}

func setup(t *testing.T) bundle {
	t.Helper()
	ctrl := gomock.NewController(t)
	b := bundle{placer: mocks.NewMockPlacer(ctrl), keys: mocks.NewMockKeys(ctrl), log: &testenv.Log{}}
	b.once = once.New(b.placer, b.keys, b.log.Logger())
	return b
}

func TestTheFirstRequestPlacesAndALaterOneFinds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gomock.InOrder(
		b.keys.EXPECT().Find(gomock.Any(), claim.Key).Return(once.Kept{}, once.ErrUnknownKey),
		b.placer.EXPECT().PlaceAll(gomock.Any(), requests, &claim).Return(orders, nil),
		b.keys.EXPECT().Find(gomock.Any(), claim.Key).Return(kept, nil).Times(2),
	)
	for range 2 {
		got, err := b.once.Place(t.Context(), claim, requests)
		require.NoError(t, err)
		require.Equal(t, answer, got)
	}
	_, err := b.once.Place(t.Context(), placing.Claim{Key: claim.Key}, requests)
	require.ErrorIs(t, err, once.ErrReused)
}

func TestAKeyThatWasTakenMeanwhile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	gomock.InOrder(
		b.keys.EXPECT().Find(gomock.Any(), claim.Key).Return(once.Kept{}, once.ErrUnknownKey),
		b.placer.EXPECT().PlaceAll(gomock.Any(), requests, &claim).Return(nil, placing.ErrKeyTaken),
		b.keys.EXPECT().Find(gomock.Any(), claim.Key).Return(kept, nil),
	)
	got, err := b.once.Place(t.Context(), claim, requests)
	require.NoError(t, err)
	require.Equal(t, answer, got)
}

func TestOnlyOneRequestOfAKeyIsUnderWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.keys.EXPECT().Find(gomock.Any(), gomock.Any()).Return(once.Kept{}, once.ErrUnknownKey).AnyTimes()
	b.placer.EXPECT().PlaceAll(gomock.Any(), requests, &claim).DoAndReturn(
		func(ctx context.Context, _ []placing.Request, _ *placing.Claim) ([]domain.Order, error) {
			_, err := b.once.Place(ctx, claim, requests)
			require.ErrorIs(t, err, once.ErrInFlight)
			return nil, placing.ErrMayExist
		}).Times(2)
	for range 2 { // after the first one has ended the key is free
		_, err := b.once.Place(t.Context(), claim, requests)
		require.ErrorIs(t, err, placing.ErrMayExist)
	}
}

func TestWithoutTheKeysNothingIsPlaced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.keys.EXPECT().Find(gomock.Any(), claim.Key).Return(once.Kept{}, placing.ErrUnavailable)
	_, err := b.once.Place(t.Context(), claim, requests)
	require.ErrorIs(t, err, placing.ErrUnavailable)
}

func TestOldKeysAreForgottenPartByPart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t)
		ctx, cancel := context.WithCancel(t.Context())
		begin := time.Now()
		var at []time.Duration
		results := []error{nil, nil, errors.New("away")}
		b.keys.EXPECT().Forget(gomock.Any()).DoAndReturn(func(context.Context) (bool, error) {
			at = append(at, time.Since(begin))
			if len(at) == 3 {
				cancel()
				return false, nil
			}
			return len(at) == 1, results[len(at)]
		}).Times(3)
		require.NoError(t, b.once.Run(ctx))
		require.Equal(t, []time.Duration{time.Minute, time.Minute + 100*time.Millisecond, 2*time.Minute + 100*time.Millisecond}, at)
		require.Equal(t, 1, strings.Count(b.log.String(), "cannot forget old idempotency keys"))
	})
}
