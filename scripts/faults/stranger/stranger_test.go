package stranger_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/faults/stranger"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/scripts/verify/stage"
)

func TestMain(m *testing.M) { testenv.Main(m) }

func connect(t *testing.T) *stranger.Stranger {
	t.Helper()
	s, err := stranger.Connect(t.Context(), testenv.Broker(t), testenv.Topic(t), "group of "+testenv.Topic(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestCapturesWhatItSent(t *testing.T) {
	t.Parallel()
	s := connect(t)
	require.NoError(t, s.MakeTopic(3))
	none, err := s.Capture(t.Context(), 10)
	require.NoError(t, err)
	require.Empty(t, none)

	random := rand.New(rand.NewPCG(1, 1))
	sent := []stranger.Record{{Key: []byte("k")}, {Value: []byte("v")}, {Value: []byte{}}, {Key: []byte("l"), Value: []byte("w")}}
	require.NoError(t, s.Waste(sent[:2], random))
	require.NoError(t, s.Park(sent[2], random))
	require.NoError(t, s.Count("Ann", sent[3], random))
	require.NoError(t, s.RaisePartitions(5))
	captured, err := s.Capture(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, captured, len(sent))
	for _, record := range sent {
		require.Contains(t, captured, record)
	}
	require.Equal(t, stranger.Expected{Counted: map[string]int64{"Ann": 1}, Parked: 1}, s.Expected())
}

func TestMeddlesWithTheGroup(t *testing.T) {
	t.Parallel()
	s := connect(t)
	require.NoError(t, s.MakeTopic(2))
	require.NoError(t, s.ResetGroup())
	require.NoError(t, s.DeleteGroup())
	require.ErrorContains(t, s.DeleteGroup(), "delete the group")
}

func TestHoldsTheCountersAgainstItsRecords(t *testing.T) {
	t.Parallel()
	s := stage.New(t)
	for _, sql := range []string{
		`INSERT INTO track_user (name, counter, foreign_counter) VALUES ('Ann', 7, 2), ('Bob', 1, 0)`,
		`INSERT INTO dead_letter (topic, topic_id, partition, kafka_offset, reason, detail, headers)
			VALUES ('t', '6f2d4f0e-4d0f-4a53-9c35-0d3f7f1f3a11', 0, 0, 'r', 'd', '[]')`,
	} {
		_, err := s.Track.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	for name, c := range map[string]struct {
		expected stranger.Expected
		want     string
	}{
		"all is well":         {stranger.Expected{Counted: map[string]int64{"Ann": 2}, Parked: 1}, ""},
		"counted once more":   {stranger.Expected{Counted: map[string]int64{"Ann": 1}, Parked: 1}, `foreign events of "Ann": 2, want 1`},
		"counted by nobody":   {stranger.Expected{Parked: 1}, `foreign events of "Ann": 2, want 0`},
		"parked once more":    {stranger.Expected{Counted: map[string]int64{"Ann": 2}}, "dead letters: 1, want 0"},
		"one is not counted":  {stranger.Expected{Counted: map[string]int64{"Ann": 3}, Parked: 1}, "1 of a stranger's records were neither"},
		"two are not there":   {stranger.Expected{Counted: map[string]int64{"Ann": 2, "Cid": 1}, Parked: 2}, "2 of a stranger's records were neither"},
		"counted for another": {stranger.Expected{Counted: map[string]int64{"Bob": 2}, Parked: 1}, `foreign events of "Ann": 2, want 0`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			t.Cleanup(cancel)
			err := c.expected.Await(ctx, s.Databases.Track)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.want)
		})
	}
}
