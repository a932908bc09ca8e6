package report

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/bench/load"
	"ordertrack/scripts/bench/score"
	"ordertrack/scripts/bench/trial"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// run is one with a row that is met, one that is missed in one round of two, and one that was not measured.
func run(t *testing.T) Run {
	t.Helper()
	rows, unknown := score.Find([]string{"post-naive", "latency-p99", "post-pgbench", "allocations-order"})
	require.Empty(t, unknown)
	results := trial.Results{
		Rounds: map[string][]trial.Figures{
			"posting/order_service": {{trial.PerSecond: 21_234, trial.Allocations: 61}, {trial.PerSecond: 20_000, trial.Allocations: 59}},
			"posting/naive":         {{trial.PerSecond: 5000, trial.LoadCPU: 12.34}, {trial.PerSecond: 4000, trial.LoadCPU: 12.36}},
			"latency/order_service": {{trial.P99: 4}, {trial.P99: 1}},
			"latency/naive":         {{trial.P99: 4}, {trial.P99: 2}},
		},
		Missing: map[string]string{"posting/pgbench": "pgbench is not on this machine"},
	}
	fast, slow := load.NewHistogram(), load.NewHistogram()
	for i := range int64(1000) {
		require.NoError(t, errors.Join(fast.RecordValue(500+i), slow.RecordValue(3000+i*10)))
	}
	return Run{
		At: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Rounds: 2, Plan: trial.Plan{Lasts: time.Second, Clients: 8, Backlog: 1_000_000},
		Machine: Machine{CPU: "A <CPU>", Cores: 2, Broker: "a broker", Load: "0.1 0.2 0.3", Libraries: []string{"lib v1"}},
		Scores:  score.Of(rows, results), Results: results,
		Latencies: map[string]*hdrhistogram.Histogram{"latency/order_service": fast, "latency/naive & more": slow},
	}
}

func TestLoadAverage(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/loadavg"); err != nil {
		require.Equal(t, unknown, LoadAverage())
		return
	}
	require.Regexp(t, `^[0-9.]+ [0-9.]+ [0-9.]+$`, LoadAverage())
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	for value, want := range map[float64]string{
		0: "0", 0.01234: "0.012", 0.567: "0.567", 3.456: "3.46", 45.67: "45.7", 456.7: "457", 1234: "1,230", 21234.5: "21,200", 1234567: "1,230,000",
	} {
		require.Equal(t, want, number(value))
	}
}

func TestTableSaysWhatCameOfEachRow(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	require.NoError(t, run(t).Table(&b))
	lines := strings.Split(b.String(), "\n")
	require.Regexp(t, `^post-naive .* 4\.62 \(4\.25 to 5\.00\)x +20,600 against 4,500 orders/s +>= 3\.50x +met$`, lines[1])
	require.Regexp(t, `^latency-p99 .* 0\.750 \(0\.500 to 1\.00\)x .* <= 0\.700x +missed, met in 1 of 2 rounds$`, lines[2])
	require.Regexp(t, `^post-pgbench .* not measured: pgbench is not on this machine$`, lines[3])
	require.Regexp(t, `^allocations-order .* 60\.0 \(59\.0 to 61\.0\) an order +- +-$`, lines[4])
	require.Contains(t, b.String(), "1 of 2 goals met, on A <CPU> with a broker; load average before the run: 0.1 0.2 0.3.")
}

func TestThePageIsWrittenBetweenItsMarks(t *testing.T) {
	t.Parallel()
	docs := t.TempDir()
	path := filepath.Join(docs, "benchmarks.md")
	require.Error(t, run(t).Write(docs), "there is no page")
	require.NoError(t, os.WriteFile(path, []byte("no marks"), 0o600))
	require.ErrorContains(t, run(t).Write(docs), "marks")

	require.NoError(t, os.WriteFile(path, []byte("above\n"+begin+"old\n"+end+"below\n"), 0o600))
	for range 2 { // the second time over the first
		require.NoError(t, run(t).Write(docs))
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		page := string(text)
		require.True(t, strings.HasPrefix(page, "above\n"+begin+"1 of 2 goals are met."))
		require.True(t, strings.HasSuffix(page, end+"below\n"))
		require.NotContains(t, page, "old")
		require.Contains(t, page, "| naive | 4,500 (4,000 to 5,000) | - | - | - | 12.3 | - | - |")
	}
	for _, plot := range []string{"goals.svg", "latency.svg", "following.svg"} {
		requireXML(t, filepath.Join(docs, "benchmarks", plot))
	}
	text, err := os.ReadFile(filepath.Join(docs, "benchmarks.json"))
	require.NoError(t, err)
	var d document
	require.NoError(t, json.Unmarshal(text, &d))
	require.Len(t, d.Rows, 4)
	require.InDelta(t, 4.25, d.Rows[0].Ratio.Min, 0.01)
	require.Nil(t, d.Rows[2].Ratio)
}

func requireXML(t *testing.T, path string) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	elements := 0
	for decoder := xml.NewDecoder(file); ; elements++ {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err, path)
	}
	require.Greater(t, elements, 5)
}

func TestPlotsPutBetterOnTheRight(t *testing.T) {
	t.Parallel()
	rows, _ := score.Find([]string{"post-naive", "latency-p99"})
	require.InDelta(t, 2, times(score.Score{Row: rows[0]}, 7), 1e-9, "7 where 3.5 is wanted at least")
	require.InDelta(t, 2, times(score.Score{Row: rows[1]}, 0.35), 1e-9, "0.35 where 0.7 is wanted at most")
	require.Greater(t, goalsX(2), goalsX(1))
	require.InDelta(t, goalsX(mostTimes), goalsX(1000), 1e-9, "what is off the scale is at its end")
	plot := string(run(t).latencyPlot("POST latency", trial.Latency))
	require.Contains(t, plot, "naive &amp; more")
	require.NotContains(t, string(run(t).latencyPlot("t", trial.Following)), "<polyline")
}
