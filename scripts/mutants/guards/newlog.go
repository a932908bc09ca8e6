package guards

// renewing are the guards of a new log in a database that was put back.
func renewing() []Guard {
	pg := in{folder: ordersPostgres}
	renew := in{folder: "order_service/internal/application/renewing"}
	wiring := in{folder: "order_service/internal/wiring"}
	const files = "^TestFilesThatArePutBackBeginANewLog$"
	return []Guard{
		pg.guard("home", "a database that is elsewhere begins a new log", "the comparison",
			"succession.go", "case was != here:", `case was != here && was == "":`, "^TestACopiedDatabaseBeginsANewLog$"),
		pg.guard("home-timeline", "a recovery to a point in time begins a new log", "the timeline in the log's home",
			"succession.go", "left(pg_walfile_name(pg_current_wal_lsn()), 8)", "left(pg_walfile_name(pg_current_wal_lsn()), 0)",
			"^TestARecoveryToAPointInTimeBeginsANewLog$"),
		pg.guard("home-database", "a copy within a cluster begins a new log", "the database's oid in the log's home",
			"succession.go", "(SELECT oid FROM pg_database WHERE datname = current_database())", "0", "^TestACopiedDatabaseBeginsANewLog$"),
		pg.guard("forgotten-order", "a database that has forgotten an order of this process begins a new log", "the comparison",
			"succession.go", "case lastID < seen:", "case lastID < seen && seen == 0:", files+"/as_a_process"),
		pg.guard("each-connection", "the log is looked at before a new connection is used", "the look",
			"succession.go", "config.AfterConnect = s.Check", "_ = config", files+"/as_a_process"),
		pg.guard("marks-ahead", "a receiver that knows more than the log begins a new one", "the comparison",
			"register.go", "WHERE applied > head - base", "WHERE applied > head - base AND applied < 0", files+"/as_the_receiver"),
		pg.guard("marks-not-ahead", "a receiver that knows everything is no reason", "the larger than: equal will do",
			"register.go", "WHERE applied > head - base", "WHERE applied >= head - base", "^TestMarksThatAreNotAheadAreNoReason$"),
		pg.guard("places-from-one", "places in a new log begin at 1", "the base",
			"succession.go", "UPDATE order_lane SET base = head WHERE base < head", "UPDATE order_lane SET base = base WHERE base < head",
			files+"/as_somebody"),
		pg.guard("former-lanes", "an order of a former log keeps its place", "what is kept of the former lanes",
			"succession.go", "FROM ended CROSS JOIN order_lane WHERE base < head", "FROM ended CROSS JOIN order_lane WHERE head < base",
			"^TestTheArchiveHoldsFormerLogs$"),
		pg.guard("former-places", "the relay reads each order under the log that it was placed in", "the join with the former lanes",
			"places.go", "WHERE o.id <= (SELECT max(last_id) FROM former_log) AND", "WHERE o.id < 0 AND",
			files+"/as_somebody|^TestABatchIsRecalledFromAFormerLog$"),
		pg.guard("one-new-log", "many connections that find one reason begin one log", "the log's lock",
			"succession.go", "`SELECT FROM order_log WHERE single FOR UPDATE`", "`SELECT FROM order_log WHERE single`", "^TestOneNewLogForAll$"),
		pg.guard("reason-looked-at-twice", "who waited for the lock does not begin another log", "the second look",
			"succession.go", "here, reason, err = look(ctx, tx)\n", "", "^TestOneNewLogForAll$"),
		pg.guard("no-standby", "a standby takes no orders", "the refusal",
			"succession.go", "case standby:", `case standby && here != "":`, "^TestAStandbyTakesNoOrders$"),
		pg.guard("no-half-restored", "a database in the middle of a restore takes no orders", "the memory that the schema was there",
			"succession.go", "slices.Contains(noSchema, answer.Code) && !s.strict.Load():", "slices.Contains(noSchema, answer.Code):",
			"^TestADatabaseInTheMiddleOfARestoreIsRefused$"),
		renew.guard("each-answer", "each answer of the receiver is held against the log", "that",
			"renewing.go", "r.log.RenewIfBehind(ctx, progress.Applied)", "ctx.Err()", "^TestEachAnswerIsHeldAgainstTheLog$"),
		wiring.guard("greeting", "the receiver is asked before the first order is taken", "the question",
			"modules.go", "if err := p.Receiver.Greet(ctx); err != nil {", "if err := ctx.Err(); err != nil {",
			"^TestAStartOnADatabaseThatForgot$"),
	}
}

// contract are the guards of what a record may say.
func contract() []Guard {
	event := in{folder: "shared/event"}
	const malformed = "^TestDecodeMalformed$"
	return []Guard{
		event.guard("lane-in-range", "a lane that there is not moves no mark", "the upper limit",
			"decode.go", "lane >= Lanes {", "lane >= Lanes*Lanes {", malformed),
		event.guard("sequence-from-one", "a sequence below 1 moves no mark", "the lower limit",
			"decode.go", "if !ok || sequence < 1 {", "if !ok {", malformed),
		event.guard("one-spelling", "a place has one spelling", "the comparison with it",
			"decode.go", "len(digits) == 0 || digits[0] == '0' && len(digits) > 1 {", "len(digits) == 0 {", malformed),
		event.guard("headers-once", "a place is not read from a header that is given twice", "the refusal",
			"decode.go", `if c.twice != "" {`, `if c.twice != "" && !c.lane.there {`, "^TestDecodeHeaderGivenTwice$"),
		event.guard("source-is-a-log", "a source that is no log of ours has no marks", "the look at the id",
			"event.go", "return err == nil && id.String() == text", "return err == nil && id != uuid.Nil", malformed),
	}
}
