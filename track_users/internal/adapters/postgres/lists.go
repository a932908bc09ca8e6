package postgres

import (
	"context"
	"fmt"
	"math"
	"time"

	"ordertrack/shared/pgdb"
	"ordertrack/track_users/internal/application/reading"
	"ordertrack/track_users/internal/domain"
)

// List reads a page.
func (u *Users) List(ctx context.Context, q reading.Query) ([]domain.User, error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	var users []domain.User
	for _, s := range statements(q) {
		if len(users) == q.Limit {
			break
		}
		part, err := u.part(ctx, s, q.Limit-len(users))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", reading.ErrUnavailable, err)
		}
		users = append(users, part...)
	}
	return users, nil
}

// part reads a part of a list. Who waits to scan the table does not keep the others waiting.
func (u *Users) part(ctx context.Context, s statement, limit int) (users []domain.User, err error) {
	read := func() error {
		return in(ctx, u.slots, func() (err error) {
			users, err = pgdb.CollectPlanned(ctx, u.pool, toUser, s.sql, append(s.args, limit)...)
			return err
		})
	}
	if s.scans {
		err = in(ctx, u.scans, read)
	} else {
		err = read()
	}
	return users, err
}

// statement reads a part of a list. Its last argument is not in args: how many users to read.
type statement struct {
	sql   string
	args  []any
	scans bool // it reads the whole table
}

// statements are what gives a page, one after the other, until it is full.
func statements(q reading.Query) []statement {
	switch q.Sort {
	case reading.ByName:
		return byName(q)
	case reading.ByCreation:
		return byCreation(q)
	case reading.ByCounter:
		return byCounter(q)
	}
	return nil
}

func byName(q reading.Query) []statement {
	const (
		upSQL   = `SELECT id, name, counter, created_at FROM track_user WHERE name > $1 ORDER BY name LIMIT $2`
		lastSQL = `SELECT id, name, counter, created_at FROM track_user ORDER BY name DESC LIMIT $1`
		downSQL = `SELECT id, name, counter, created_at FROM track_user WHERE name < $1 ORDER BY name DESC LIMIT $2`
	)
	switch {
	case q.After == nil && q.Descending:
		return []statement{{sql: lastSQL}}
	case q.After == nil:
		return []statement{{sql: upSQL, args: []any{""}}}
	case q.Descending:
		return []statement{{sql: downSQL, args: []any{q.After.Name.String()}}}
	default:
		return []statement{{sql: upSQL, args: []any{q.After.Name.String()}}}
	}
}

// No user was created before or after these.
var (
	longAgo   = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	farFuture = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
)

func byCreation(q reading.Query) []statement {
	const (
		upSQL = `
			SELECT id, name, counter, created_at FROM track_user
			WHERE (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3`
		downSQL = `
			SELECT id, name, counter, created_at FROM track_user
			WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3`
	)
	if q.Descending {
		from := behind(q, domain.User{CreatedAt: farFuture, ID: math.MaxInt64})
		return []statement{{sql: downSQL, args: []any{from.CreatedAt, from.ID}}}
	}
	from := behind(q, domain.User{CreatedAt: longAgo})
	return []statement{{sql: upSQL, args: []any{from.CreatedAt, from.ID}}}
}

// lowCounters are those below the first magnitude that is indexed.
const lowCounters = 64

// byCounter reads the two parts of the table that the index on magnitude makes: users with high counters, whom the index
// finds, and the rest, whom a scan of the table finds.
func byCounter(q reading.Query) []statement {
	const (
		highDownSQL = `
			SELECT id, name, counter, created_at FROM track_user
			WHERE magnitude > 0 AND magnitude <= floor(ln($1::bigint::float8 + 0.5) / ln(4::float8))::smallint
				AND (counter, id) < ($1, $2)
			ORDER BY magnitude DESC, counter DESC, id DESC LIMIT $3`
		lowDownSQL = `
			SELECT id, name, counter, created_at FROM track_user
			WHERE magnitude = 0 AND (counter, id) < ($1, $2) ORDER BY counter DESC, id DESC LIMIT $3`
		highUpSQL = `
			SELECT id, name, counter, created_at FROM track_user
			WHERE magnitude > 0 AND magnitude >= floor(ln($1::bigint::float8 + 0.5) / ln(4::float8))::smallint
				AND (counter, id) > ($1, $2)
			ORDER BY magnitude, counter, id LIMIT $3`
		lowUpSQL = `
			SELECT id, name, counter, created_at FROM track_user
			WHERE magnitude = 0 AND (counter, id) > ($1, $2) ORDER BY counter, id LIMIT $3`
	)
	if q.Descending {
		from := behind(q, domain.User{Counter: math.MaxInt64, ID: math.MaxInt64})
		args := []any{from.Counter, from.ID}
		low := statement{sql: lowDownSQL, args: args, scans: true}
		if from.Counter < lowCounters {
			return []statement{low}
		}
		return []statement{{sql: highDownSQL, args: args}, low}
	}
	from := behind(q, domain.User{Counter: 1})
	args := []any{from.Counter, from.ID}
	high := statement{sql: highUpSQL, args: args}
	if from.Counter >= lowCounters {
		return []statement{high}
	}
	return []statement{{sql: lowUpSQL, args: args, scans: true}, high}
}

// behind is where the page begins: behind a user, or at the begin of the list.
func behind(q reading.Query, begin domain.User) domain.User {
	if q.After != nil {
		return *q.After
	}
	return begin
}
