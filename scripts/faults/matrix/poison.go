package matrix

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/IBM/sarama"
	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/faults/evidence"
	"ordertrack/scripts/faults/stack"
	"ordertrack/scripts/faults/stranger"
	"ordertrack/scripts/faults/workload"
)

// strangeRounds is how often everything strange is sent, and bigRounds how often what is big.
const (
	strangeRounds = 20
	bigRounds     = 3
)

// users of these the load has orders for; another is the stranger's alone.
const (
	knownUsers   = 20
	strangerUser = "Nobody's customer"
)

// foreignAndPoison spreads its records over the load.
func foreignAndPoison(ctx context.Context, system *stack.Stack, load *workload.Load) error {
	who, err := system.Stranger(ctx)
	if err != nil {
		return err
	}
	var log string
	if err := connected(ctx, system.Databases().Orders, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT id::text FROM order_log`).Scan(&log)
	}); err != nil {
		return err
	}
	if err := sendBig(who, system, log, chance(load)); err != nil {
		return err
	}
	return often(ctx, load, strangeRounds, func(random *rand.Rand) error {
		for _, name := range []string{workload.Name(random.IntN(knownUsers)), workload.Name(random.IntN(knownUsers)), strangerUser} {
			if err := who.Count(name, bare(name).Strange(), random); err != nil {
				return err
			}
			system.Seen.Saw(evidence.Counted, 1)
		}
		for _, record := range poison(log) {
			if err := who.Park(record.Strange(), random); err != nil {
				return err
			}
			system.Seen.Saw(evidence.Poisoned, 1)
		}
		return who.Waste(early(log), random)
	})
}

// sendBig sends each record of nearly 1 MiB a few times: all of them are parked, with all their bytes.
func sendBig(who *stranger.Stranger, system *stack.Stack, log string, random *rand.Rand) error {
	for range bigRounds {
		for _, record := range big(log) {
			if err := who.Park(record.Strange(), random); err != nil {
				return err
			}
			system.Seen.Saw(evidence.Big, 1)
		}
	}
	return nil
}

// bare is the least that counts.
func bare(name string) stranger.Record {
	value, err := json.Marshal(map[string]string{"name": name})
	if err != nil { // a string: cannot be
		panic(err)
	}
	return stranger.Record{Value: value}
}

// sound is a value that counts.
const sound = `{"name":"User 0"}`

// poison are records that can never be counted: by their value, or by headers that lie.
func poison(log string) []stranger.Record {
	source := logSource(log)
	lies := []stranger.Record{
		{Key: []byte("a tombstone")},
		lying(source, "64", "1"),
		lying(source, "-1", "1"),
		lying(source, "1", "0"),
		lying(source, "1", "-5"),
		lying(source, "1", "9223372036854775808"),
		lying(source, "1", "1e3"),
		lying("/somebody/else", "1", "1"),
		lying("", "1", "1"),
		lying(source, "", "1"),
		lying(source, "1", ""),
		lying(source, "01", "1"),
		lying(source, "1", "+1"),
		lying(source, "9223372036854775808", "1"),
		lying(source+"/", "1", "1"),
		twice(lying(source, "1", "1"), "ce_sequence", "2"),
		twice(lying(source, "1", "1"), "ce_source", logSource(otherLog)),
		{Value: []byte(sound), Headers: []sarama.RecordHeader{header("ce_lane", "1")}},
		{Value: []byte(sound), Headers: []sarama.RecordHeader{header("ce_sequence", "1")}},
	}
	values := []string{
		"", "not JSON", `{"name":`, `[]`, `null`, `{"name":7}`, `{"note":"no name"}`, `{"name":""}`, `{"name":"a\u0000b"}`,
		"{\"name\":\"\xff\"}", fmt.Sprintf(`{"name":%q}`, strings.Repeat("x", 201)),
	}
	bad := make([]stranger.Record, len(values))
	for i, value := range values {
		bad[i] = stranger.Record{Key: []byte("User 0"), Value: []byte(value)}
	}
	return slices.Concat(lies, bad)
}

// bigBytes is as much of a value as a broker takes with the usual max.message.bytes of 1,048,588, which are those of a whole
// batch: beside the value there are some 90 bytes, and 230 with the headers of an event of ours.
const bigBytes = 1_048_588 - 300

// big are records of nearly 1 MiB: undecodable, a name over the limit, too large a value though it has a name, and one that
// has the place of an event of ours besides.
func big(log string) []stranger.Record {
	filled := func(format string) []byte {
		return fmt.Appendf(nil, format, strings.Repeat("x", bigBytes-len(format)+len("%s")))
	}
	ours := lying(logSource(log), "64", "1")
	ours.Value = filled(`{"name":"%s"}`)
	return []stranger.Record{
		{Value: filled("not JSON %s")}, {Value: filled(`{"name":"%s"}`)}, {Value: filled(`{"name":"User 0","note":"%s"}`)}, ours,
	}
}

// otherLog is a log of nobody that we know.
const otherLog = "6f2d4f0e-4d0f-4a53-9c35-0d3f7f1f3a11"

// early are records whose turn never comes: far ahead in our own log, and of a log that does not exist.
func early(log string) []stranger.Record {
	return []stranger.Record{
		lying(logSource(log), "1", "9223372036854775807").Strange(),
		lying(logSource(log), "2", "1000000000").Strange(),
		lying(logSource(otherLog), "3", "7").Strange(),
		lying(logSource(otherLog), "4", "1").Strange(), // but this one is counted, once: the log may be another database's
	}
}

func logSource(log string) string { return "/order_service/logs/" + log }

// lying has the headers of an event of ours.
func lying(source, lane, sequence string) stranger.Record {
	return stranger.Record{Value: []byte(sound), Headers: []sarama.RecordHeader{
		header("ce_specversion", "1.0"), header("ce_id", "1"), header("ce_source", source),
		header("ce_type", "ordertrack.order.placed.v1"), header("ce_lane", lane), header("ce_sequence", sequence),
	}}
}

// twice has a header a second time.
func twice(r stranger.Record, key, value string) stranger.Record {
	r.Headers = append(r.Headers, header(key, value))
	return r
}

func header(key, value string) sarama.RecordHeader {
	return sarama.RecordHeader{Key: []byte(key), Value: []byte(value)}
}
