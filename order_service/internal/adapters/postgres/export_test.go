package postgres

// NewestSQL is the statement of a list.
var NewestSQL = newest
