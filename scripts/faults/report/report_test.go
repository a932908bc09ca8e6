package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/faults/report"
	"ordertrack/scripts/faults/results"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var cells = []report.Cell{{Name: "kill", Does: "something dies"}, {Name: "pause", Does: "something rests"}}

func ran(cell, broker string, seed uint64, healed time.Duration, problems ...string) results.Run {
	return results.Run{
		Cell: cell, Time: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), Healed: healed, Problems: problems,
		Setup: results.Setup{Seed: seed, Broker: broker, Build: "b1", Postgres: "18.6", Go: "go1.26", Sarama: "v1.61.1"},
		Sent:  10, Acknowledged: 8, Unknown: 1, Found: 1, Refused: 1, Repeats: 2,
		Memory: map[string]int64{"order_service": 30 << 20, "track_users": int64(40+seed) << 20},
	}
}

func TestTheTableHasSumsAndEveryCell(t *testing.T) {
	t.Parallel()
	text := report.Make(cells, []results.Run{
		ran("kill", "embedded", 1, 3*time.Second), ran("kill", "embedded", 2, time.Second), ran("kill", "embedded", 2, 2*time.Second),
		ran("gone", "embedded", 1, 0),
	})
	require.Contains(t, text, "Run from 2026-11-24 to 2026-11-24: go1.26, PostgreSQL 18.6, Sarama v1.61.1. Builds: b1.\n")
	require.Contains(t, text, "## embedded\n\n3 runs, 0 failed: 24 orders acknowledged, 0 lost, 0 doubled.\n")
	require.Contains(t, text, "| `kill` | something dies | 3 (2) | 30 | 24 | 3 (3) | 3 | 0 | 0 | 6 | 2.0 s, 3.0 s | 42 MB |\n")
	require.Contains(t, text, "| `pause` | something rests | not run |")
	require.NotContains(t, text, "gone")
	require.NotContains(t, text, "Runs that failed")
}

func TestBrokersAreApartAndFailuresAreNamed(t *testing.T) {
	t.Parallel()
	text := report.Make(cells, []results.Run{
		ran("pause", "Apache Kafka", 1, 0), ran("kill", "embedded", 5, 0, "verify: one\ntwo"),
	})
	require.Less(t, strings.Index(text, "## Apache Kafka\n"), strings.Index(text, "## embedded\n"))
	require.Contains(t, text, "1 runs, 1 failed")
	require.Contains(t, text, "- `kill`, seed 5, embedded, build b1: verify: one\n")
}

func TestWithoutRunsEveryCellIsNamed(t *testing.T) {
	t.Parallel()
	text := report.Make(cells, nil)
	require.Contains(t, text, "| `kill` | something dies | not run |")
	require.Contains(t, text, "| `pause` | something rests | not run |")
}

func TestThePagesOwnWordsStay(t *testing.T) {
	t.Parallel()
	page, err := report.Replace("# Words\n\n"+report.Marker+"old\n", cells, nil)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(page, "# Words\n\n"+report.Marker))
	require.NotContains(t, page, "old")
	_, err = report.Replace("# Words\n", cells, nil)
	require.ErrorIs(t, err, report.ErrNoMarker)
}
