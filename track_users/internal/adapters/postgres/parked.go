package postgres

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"ordertrack/track_users/internal/domain"
)

// headerRow is a header as dead_letter keeps it; the value may be any bytes, and goes in base64.
type headerRow struct {
	Key   string `json:"key"`
	Value []byte `json:"value"`
}

// queueParked parks events. The same record is never parked twice: the marks see to that, and the table's own rules.
func queueParked(batch *pgx.Batch, all []parked) error {
	const sql = `
		INSERT INTO dead_letter (topic, topic_id, partition, kafka_offset, source, lane, sequence, name, reason, detail,
			key, value, headers)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`
	for _, p := range all {
		stream, e, record := p.stream, p.event, p.event.Record
		if record == nil {
			record = &domain.Record{}
		}
		headers, err := headersOf(record)
		if err != nil {
			return err
		}
		var (
			source         *string
			lane, sequence *int64
			who            *string
		)
		if !e.IsForeign() {
			number := int64(e.Place.Lane.Number)
			source, lane, sequence = &e.Place.Lane.Source, &number, &e.Place.Sequence
		}
		if text := e.Name.String(); text != "" {
			who = &text
		}
		batch.Queue(sql, stream.Topic, [16]byte(stream.TopicID), stream.Partition, e.Offset, source, lane, sequence, who,
			storable(e.Fault.Reason), storable(e.Fault.Detail), record.Key, record.Value, headers)
	}
	return nil
}

func headersOf(record *domain.Record) ([]byte, error) {
	rows := make([]headerRow, len(record.Headers))
	for i, h := range record.Headers {
		rows[i] = headerRow{Key: storable(h.Key), Value: h.Value}
	}
	text, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("keep the headers: %w", err)
	}
	return text, nil
}

// storable makes a text that PostgreSQL takes: it stores neither invalid UTF-8 nor NUL. Only explanations and the keys
// of headers go through it; keys, values and the values of headers are kept to the byte.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
}
