package stranger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"ordertrack/shared/backoff"
)

const (
	maxListed    = 20
	closeTimeout = 5 * time.Second
)

var pauses = backoff.Policy{Base: 20 * time.Millisecond, Max: 250 * time.Millisecond}

// Await waits until all came of the stranger's records that must come of them, and says what did not when ctx ends. More
// than that is an error at once.
func (e Expected) Await(ctx context.Context, trackURL string) error {
	var last error // of what could be found out
	for attempt := 0; ; attempt++ {
		missing, err := e.hold(ctx, trackURL)
		switch {
		case err == nil && missing == 0:
			return nil
		case missing > 0:
			last = errors.Join(fmt.Errorf("%d of a stranger's records were neither counted nor parked", missing), err)
		case ctx.Err() == nil:
			return err
		}
		if over := backoff.Sleep(ctx, pauses.Delay(attempt)); over != nil {
			return errors.Join(fmt.Errorf("hold the counters against the stranger's records: %w", over), last, err)
		}
	}
}

// hold returns how many of the records nothing came of yet, and an error for those that came to too much.
func (e Expected) hold(ctx context.Context, trackURL string) (missing int64, err error) {
	conn, err := pgx.Connect(ctx, trackURL)
	if err != nil {
		return 0, fmt.Errorf("hold the counters against the stranger's records: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	var parked int64
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM dead_letter`).Scan(&parked); err != nil {
		return 0, fmt.Errorf("count the dead letters: %w", err)
	}
	counted, err := readCounted(ctx, conn)
	if err != nil {
		return 0, err
	}
	var differences []error
	judge := func(what string, want, got int64) {
		missing += max(0, want-got)
		if got > want && len(differences) < maxListed {
			differences = append(differences, fmt.Errorf("%s: %d, want %d", what, got, want))
		}
	}
	judge("dead letters", e.Parked, parked)
	names := maps.Clone(counted)
	maps.Copy(names, e.Counted)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		judge(fmt.Sprintf("foreign events of %q", name), e.Counted[name], counted[name])
	}
	return missing, errors.Join(differences...)
}

func readCounted(ctx context.Context, conn *pgx.Conn) (map[string]int64, error) {
	rows, err := conn.Query(ctx, `SELECT name, foreign_counter FROM track_user WHERE foreign_counter > 0`)
	if err != nil {
		return nil, fmt.Errorf("read the foreign counters: %w", err)
	}
	counted := map[string]int64{}
	var (
		name  string
		count int64
	)
	if _, err := pgx.ForEachRow(rows, []any{&name, &count}, func() error {
		counted[name] = count
		return nil
	}); err != nil {
		return nil, fmt.Errorf("read the foreign counters: %w", err)
	}
	return counted, nil
}
