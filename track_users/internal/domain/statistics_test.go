package domain_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/track_users/internal/domain"
)

func TestStatistics_LanesAreHeldAgainstWhatTheTopicIsKnownToHold(t *testing.T) {
	t.Parallel()
	lane := func(number int) domain.Lane { return domain.Lane{Source: "log", Number: number} }
	statistics := domain.Statistics{
		Marks: []domain.Mark{{Lane: lane(1), Applied: 5}, {Lane: lane(2), Applied: 5}, {Lane: lane(3), Applied: 5}},
		Backlogs: []domain.Backlog{
			{Heads: map[domain.Lane]int64{lane(2): 7, lane(3): 4}}, // of 3 only a repeat is seen
			{Heads: map[domain.Lane]int64{lane(2): 6, lane(0): 2}},
		},
	}
	lanes, leftOut := statistics.Lanes(4)
	require.Zero(t, leftOut)
	require.Equal(t, []domain.LaneLag{
		{Lane: lane(0), Applied: 0, Head: 2},
		{Lane: lane(1), Applied: 5, Head: 5},
		{Lane: lane(2), Applied: 5, Head: 7},
		{Lane: lane(3), Applied: 5, Head: 5},
	}, lanes)
	require.EqualValues(t, 2, lanes[2].Events())

	lanes, leftOut = statistics.Lanes(2)
	require.Equal(t, 2, leftOut)
	require.Equal(t, []domain.LaneLag{{Lane: lane(0), Head: 2}, {Lane: lane(2), Applied: 5, Head: 7}}, lanes, "the furthest behind")
}
