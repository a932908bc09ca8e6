package postgres

import "ordertrack/track_users/internal/application/reading"

// Statement is what a part of a list is read by.
type Statement struct {
	SQL  string
	Args []any
}

// Statements are those of a page.
func Statements(q reading.Query) []Statement {
	found := statements(q)
	all := make([]Statement, 0, len(found))
	for _, s := range found {
		all = append(all, Statement{s.sql, append(s.args, q.Limit)})
	}
	return all
}
