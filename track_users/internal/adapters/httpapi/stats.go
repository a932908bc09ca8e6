package httpapi

import (
	"time"

	"github.com/gin-gonic/gin"

	"ordertrack/track_users/internal/domain"
)

// statsBody is how much was counted and what is still to do. What only the broker knows lacks while it is away.
type statsBody struct {
	At      time.Time `json:"at"`
	Users   int64     `json:"users"`
	Counted int64     `json:"events_counted"`
	Foreign int64     `json:"events_foreign"`
	Parked  int64     `json:"events_parked"`
	Lag     *lagBody  `json:"lag,omitempty"`
}

// maxLanes bounds the lanes of an answer: those of 16 logs. Each restore of the orders makes a new log.
const maxLanes = 1024

// lagBody is what the topic holds and is not read or not applied yet.
type lagBody struct {
	Events         int64          `json:"events"`
	OldestPlacedAt *time.Time     `json:"oldest_placed_at,omitempty"`
	OldestAge      *float64       `json:"oldest_age_seconds,omitempty"`
	Partitions     []partitionLag `json:"partitions"`
	Lanes          []laneLag      `json:"lanes"`
	LanesLeftOut   int            `json:"lanes_left_out,omitempty"`
}

type laneLag struct {
	Source  string `json:"source"`
	Lane    int    `json:"lane"`
	Applied int64  `json:"applied"`
	Head    int64  `json:"head"`
	Events  int64  `json:"events"`
}

type partitionLag struct {
	Partition  int32 `json:"partition"`
	NextOffset int64 `json:"next_offset"`
	EndOffset  int64 `json:"end_offset"`
	Events     int64 `json:"events"`
}

// GetStats answers with the statistics.
func (h handler) GetStats(c *gin.Context) {
	statistics, err := h.reporter.Statistics(c.Request.Context())
	if err != nil {
		h.fail(c, err)
		return
	}
	h.answer(c, toStats(statistics))
}

func toStats(s domain.Statistics) statsBody {
	body := statsBody{At: s.At.UTC(), Users: s.Users, Counted: s.Counted, Foreign: s.Foreign, Parked: s.Parked}
	if s.Backlogs == nil {
		return body
	}
	events, oldest := s.Lag()
	body.Lag = &lagBody{Events: events, Partitions: make([]partitionLag, len(s.Backlogs))}
	if !oldest.IsZero() {
		oldest = oldest.UTC()
		age := max(0, s.At.Sub(oldest).Seconds())
		body.Lag.OldestPlacedAt, body.Lag.OldestAge = &oldest, &age
	}
	for i, b := range s.Backlogs {
		body.Lag.Partitions[i] = partitionLag{
			Partition: b.Stream.Partition, NextOffset: b.Next, EndOffset: b.End, Events: b.Events(),
		}
	}
	lanes, leftOut := s.Lanes(maxLanes)
	body.Lag.Lanes, body.Lag.LanesLeftOut = make([]laneLag, len(lanes)), leftOut
	for i, l := range lanes {
		body.Lag.Lanes[i] = laneLag{
			Source: l.Lane.Source, Lane: l.Lane.Number, Applied: l.Applied, Head: l.Head, Events: l.Events(),
		}
	}
	return body
}
