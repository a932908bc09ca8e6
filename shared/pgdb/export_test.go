package pgdb

// CheckVersion is for the tests: no server here is too old.
var CheckVersion = checkVersion
