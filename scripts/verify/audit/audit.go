// Package audit holds the orders database against the track_users database: is everything that was ordered counted, once?
//
// It deliberately shares no code with the services. An audit that shares code shares its mistakes.
package audit

import (
	"context"
	"errors"
	"fmt"
)

// Lanes is the number of lanes of a log, numbered from 0.
const Lanes = 64

// sourcePrefix and the log's id are the source of the log's events, as the receiver's marks name it.
const sourcePrefix = "/order_service/logs/"

// Databases are the addresses of the two databases, as libpq and pgx take them.
type Databases struct{ Orders, Track string }

// Run reads both databases, each in one snapshot, and reports what it finds. It may run while orders come in. Its memory
// does not grow with orders or users. An error means that it could not find out.
//
// The track_users snapshot is taken first: what is counted there was ordered before, so it is in the later snapshot of
// the orders, and a count too many is a true difference however busy the system is.
func Run(ctx context.Context, databases Databases) (report *Report, err error) {
	track, err := openSnapshot(ctx, "track_users", databases.Track)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, track.close(ctx)) }()
	orders, err := openSnapshot(ctx, "orders", databases.Orders)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, orders.close(ctx)) }()

	all, err := readMarks(ctx, track)
	if err != nil {
		return nil, err
	}
	log, err := readLog(ctx, orders)
	if err != nil {
		return nil, err
	}
	got := receivedOf(log, all)
	report = &Report{}
	report.checkLog(log)
	report.checkReceived(log, got)
	if err := report.readParked(ctx, track, log, got); err != nil {
		return nil, err
	}
	if err := report.compare(ctx, orders, track, got); err != nil {
		return nil, fmt.Errorf("compare name by name: %w", err)
	}
	return report, nil
}
