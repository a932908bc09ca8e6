package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"

	"ordertrack/shared/golden"
	"ordertrack/track_users/internal/application/reporting"
	"ordertrack/track_users/internal/domain"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := time.Date(2026, 11, 24, 15, 0, 0, 0, time.FixedZone("east", 3*60*60))
	b.book.EXPECT().Progress(gomock.Any()).Return(domain.Progress{
		At:    at,
		Marks: []domain.Mark{{Lane: domain.Lane{Source: "/order_service/logs/x", Number: 3}, Applied: 17}},
		Positions: []domain.Position{{
			Stream: domain.Stream{Topic: "user_events", TopicID: domain.TopicID{0xab, 15: 1}, Partition: 4}, Next: 9, At: at,
		}},
	}, nil)
	golden.RequireResponse(t, "progress", b.get(t, "/api/v1/progress"))
}

func TestProgressOfNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.book.EXPECT().Progress(gomock.Any()).Return(domain.Progress{}, nil)
	golden.RequireResponse(t, "progress of nothing", b.get(t, "/api/v1/progress"))
}

func TestAClientThatHasGoneIsNoFault(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	b.book.EXPECT().Progress(gomock.Any()).DoAndReturn(func(context.Context) (domain.Progress, error) {
		cancel()
		return domain.Progress{}, fmt.Errorf("%w: %w", reporting.ErrUnavailable, context.Canceled)
	})
	recorder := httptest.NewRecorder()
	b.handle.ServeHTTP(recorder, httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/progress", http.NoBody))
	require.Zero(t, recorder.Body.Len())
	require.NotContains(t, b.log.String(), "cannot read")
}

func TestProgressThatCannotBeTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.book.EXPECT().Progress(gomock.Any()).Return(domain.Progress{}, fmt.Errorf("%w: secret", reporting.ErrUnavailable))
	response := b.get(t, "/api/v1/progress")
	require.Equal(t, http.StatusServiceUnavailable, response.Code)
	require.NotContains(t, response.Body.String(), "secret")
}
