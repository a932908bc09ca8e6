package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"ordertrack/order_service/internal/adapters/httpapi/openapi"
	"ordertrack/order_service/internal/application/reading"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/event"
)

// maxLanes bounds the lanes of an answer: those of 16 logs.
const maxLanes = 1024

// GetStats tells how many orders there are, and how far the counting is behind.
func (r reads) GetStats(ctx context.Context, _ openapi.GetStatsRequestObject) (openapi.GetStatsResponseObject, error) {
	statistics, err := r.reader.Statistics(contextOf(ctx))
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(toStats(statistics))
	return statsAnswer(body), err
}

func toStats(s reading.Statistics) openapi.Stats {
	stats := openapi.Stats{At: s.Heads.At, Orders: s.Heads.Orders, Published: s.Heads.Published}
	if s.Lag == nil {
		return stats
	}
	lanes := s.Lag.Lanes
	stats.Lag = &openapi.Lag{AppliedAt: s.Lag.AppliedAt.UTC(), Events: s.Lag.Events}
	if leftOut := len(lanes) - maxLanes; leftOut > 0 {
		stats.Lag.LanesLeftOut = &leftOut
		lanes = slices.Clone(lanes)
		slices.SortStableFunc(lanes, func(a, b domain.LaneLag) int { return cmp.Compare(b.Events(), a.Events()) })
		lanes = lanes[:maxLanes]
	}
	stats.Lag.Lanes = make([]openapi.LaneLag, len(lanes))
	for i, l := range lanes {
		stats.Lag.Lanes[i] = openapi.LaneLag{
			Source: event.Source(l.LogID), Lane: l.Lane, Applied: l.Applied, Head: l.Head, Events: l.Events(),
		}
	}
	return stats
}

// statsAnswer is the answer's body.
type statsAnswer []byte

// VisitGetStatsResponse writes the answer, in one piece, which Compress counts on.
func (s statsAnswer) VisitGetStatsResponse(w http.ResponseWriter) error {
	w.Header().Set("Cache-Control", "no-store") // the next order makes it stale
	w.Header().Set("Content-Type", jsonType)
	_, err := w.Write(s)
	return err
}
