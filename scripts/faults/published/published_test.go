package published_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/faults/published"
	"ordertrack/scripts/faults/stranger"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/scripts/verify/stage"
)

func TestMain(m *testing.M) { testenv.Main(m) }

const (
	formerLog = "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11"
	otherLog  = "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b12"
)

// event is one of ours, in lane 3.
func event(log, name string, id int64, sequence int) stranger.Record {
	h := func(key, value string) sarama.RecordHeader {
		return sarama.RecordHeader{Key: []byte(key), Value: []byte(value)}
	}
	return stranger.Record{
		Key: []byte(name), Value: fmt.Appendf(nil, `{"name":%q}`, name),
		Headers: []sarama.RecordHeader{
			h("ce_id", strconv.FormatInt(id, 10)), h("ce_source", "/order_service/logs/"+log),
			h("ce_lane", "3"), h("ce_sequence", strconv.Itoa(sequence)),
		},
	}
}

// TestRecordsAreHeldAgainstTheirOrders has Ann's order 1 in a former log and her order 2 in the log that is written, both
// in lane 3, each as the first one of its log.
func TestRecordsAreHeldAgainstTheirOrders(t *testing.T) {
	t.Parallel()
	s := stage.New(t)
	require.NoError(t, s.Order(t.Context(), "Ann", 3, 2))
	for _, sql := range []string{
		`INSERT INTO former_log (id, last_id, created_at, reason) VALUES ('` + formerLog + `', 1, now(), 'a test')`,
		`INSERT INTO former_lane VALUES ('` + formerLog + `', 3, 0, 1)`,
		`UPDATE order_lane SET base = 1 WHERE lane = 3`,
	} {
		_, err := s.Orders.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	var log string
	require.NoError(t, s.Orders.QueryRow(t.Context(), `SELECT id::text FROM order_log`).Scan(&log))
	changed := event(log, "Ann", 2, 1)
	changed.Value = []byte(`{"name":"Ann","note":"more"}`)
	bare := stranger.Record{Key: []byte("Ann"), Value: []byte(`{"name":"Ann"}`)}
	for name, c := range map[string]struct {
		record    stranger.Record
		want      []string
		forgotten int
	}{
		"true":                   {record: event(log, "Ann", 2, 1)},
		"true in the former log": {record: event(formerLog, "Ann", 1, 1)},
		"forgotten":              {record: event(formerLog, "Bob", 2, 2), forgotten: 1},
		"no order":               {record: event(log, "Ann", 3, 2), want: []string{"lane 3, event 2: there is no such order"}},
		"no log": {
			record: event(otherLog, "Ann", 2, 1), want: []string{"lane 3, event 1 of log " + otherLog + ": there is no such log"},
		},
		"another id": {
			record: event(log, "Ann", 7, 1), want: []string{`lane 3, event 1: its id is "7", but the order's is 2`},
		},
		"another name": {record: event(log, "Bob", 2, 1), want: []string{
			`lane 3, event 1: its key is "Bob", but order 2 is for "Ann"`,
			`lane 3, event 1: its value is "{\"name\":\"Bob\"}", but order 2 is for "Ann"`,
		}},
		"more in the value": {
			record: changed, want: []string{`lane 3, event 1: its value is "{\"name\":\"Ann\",\"note\":\"more\"}", but order 2 is for "Ann"`},
		},
		"a stranger's": {record: bare.Strange()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := published.Hold(t.Context(), s.Databases.Orders, []stranger.Record{c.record})
			require.NoError(t, err)
			require.Equal(t, c.want, report.Differences)
			require.Equal(t, len(c.want), report.DifferencesCount)
			require.Equal(t, c.forgotten, report.Forgotten)
		})
	}
	report, err := published.Hold(t.Context(), s.Databases.Orders, []stranger.Record{bare})
	require.NoError(t, err)
	require.Equal(t, 1, report.DifferencesCount, "it was sent by nobody that we know")
}
