package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/adapters/httpapi/openapi"
	"ordertrack/order_service/internal/application/reading"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/golden"
)

const statsPath = "/api/v1/stats"

// lanes are lanes of one log after the other; one of them is behind.
func lanes(count, behind int) []domain.LaneLag {
	all := make([]domain.LaneLag, count)
	for i := range all {
		all[i].LogLane = domain.LogLane{LogID: fmt.Sprintf("log%d", i/64), Lane: i % 64}
		all[i].Head, all[i].Applied = 5, 5
	}
	all[behind].Applied = 2
	return all
}

func TestStats(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 123456000, time.UTC)
	l := &library{stats: reading.Statistics{Heads: domain.Heads{At: at, Orders: 40, Published: 39}}}
	golden.RequireResponse(t, "stats of nothing told", get(t, l, statsPath))
	l.stats.Lag = &reading.Lag{AppliedAt: at.Add(-time.Second), Events: 3, Lanes: lanes(3, 1)}
	golden.RequireResponse(t, "stats", get(t, l, statsPath))
}

func TestStatsOfManyLogsAreBounded(t *testing.T) {
	t.Parallel()
	given := lanes(1100, 1090)
	l := &library{stats: reading.Statistics{Lag: &reading.Lag{Events: 3, Lanes: given}}}
	var body openapi.Stats
	require.NoError(t, json.Unmarshal(get(t, l, statsPath).Body.Bytes(), &body))
	require.Len(t, body.Lag.Lanes, 1024)
	require.Equal(t, 76, *body.Lag.LanesLeftOut)
	require.EqualValues(t, 3, body.Lag.Lanes[0].Events, "the furthest behind is told")
	require.Equal(t, lanes(1100, 1090), given)
}

func TestStatsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]int{
		fmt.Errorf("%w: %w", reading.ErrUnavailable, errSecret): http.StatusServiceUnavailable,
		errSecret: http.StatusInternalServerError,
	} {
		response := get(t, &library{err: err}, statsPath)
		require.Equal(t, want, response.Code)
		require.NotContains(t, response.Body.String(), errSecret.Error())
	}
}
