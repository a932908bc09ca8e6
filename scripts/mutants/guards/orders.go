package guards

// appending are the guards of an order's way into the log.
func appending() []Guard {
	pg := in{folder: ordersPostgres}
	const contract = "^TestLogContract$/"
	return []Guard{
		pg.edited("append-lock", "the order of ids is the order of commits, and an append sees what the lock's last holder committed",
			"the statement that takes the ids, and with them the lock, before the other's snapshot", contract+"orders_ids_as_commits",
			pg.edit("log.go", "`UPDATE order_log SET last_id = last_id + $1 WHERE single RETURNING id::text`",
				"`SELECT id::text FROM order_log WHERE single AND $1::integer > 0`"),
			pg.edit("log.go", "SELECT $1, $2, last_id - $3 + 1, $3", "SELECT $1, $2, last_id + 1, $3"),
			pg.edit("log.go", "), heads AS (", "), log AS (UPDATE order_log SET last_id = last_id + $3 WHERE single), heads AS (")),
		pg.guard("dense-ids", "ids have no gap", "the exact count: one id more is taken",
			"log.go", "SET last_id = last_id + $1 WHERE", "SET last_id = last_id + $1 + 1 WHERE",
			contract+"numbers_orders"),
		pg.guard("dense-sequences", "the sequences of a lane have no gap", "the exact count: one sequence more is taken",
			"log.go", "SET head = head + taken.orders\n", "SET head = head + taken.orders + 1\n", contract+"numbers_orders"),
		pg.guard("places-as-stored", "an order's answer has the place that its row has", "the place within the batch",
			"log.go", "last[draft.Lane()] - int64(columns.behind[i])", "last[draft.Lane()]", contract+"numbers_orders"),
		pg.guard("batch-once", "a batch that is tried again is stored once", "the comparison with the writer's last number",
			"log.go", "CASE WHEN w.batch < excluded.batch THEN excluded.batch END", "excluded.batch", contract+"appends_a_number_once$"),
		pg.guard("batch-once-together", "a batch of which two tries run at once is stored once", "the smaller than: equal will do",
			"log.go", "WHEN w.batch < excluded.batch", "WHEN w.batch <= excluded.batch", contract+"appends_a_number_once,_though"),
		pg.guard("batch-not-older", "a batch that was given up is never stored after all", "the smaller than: different will do",
			"log.go", "WHEN w.batch < excluded.batch", "WHEN w.batch <> excluded.batch", contract+"appends_no_older"),
		pg.guard("recall-by-number", "a try that comes late is not given another batch's orders", "the number in the question",
			"log.go", "WHERE w.id = $1 AND w.batch = $2", "WHERE w.id = $1 AND $2::bigint > 0", contract+"appends_no_older"),
		pg.guard("commit-awaited", "201 is answered only after the server said that it committed", "the look at the answer to the commit",
			"log.go", "if failure := results.Close(); failure != nil {", "if failure := results.Close(); failure != nil && err != nil {",
			"^TestAnAnswerIsNotGivenBeforeTheCommit$"),
		pg.guard("unknown-when-cut-off", "an append whose answer got lost is not called refused or not stored",
			"the unknown outcome of a lost connection",
			"errors.go", `return fmt.Errorf("%w: %w", placing.ErrUnknownOutcome, err)`, "return unavailable(err)",
			"^TestALostConnection$/after_the_commit"),
		pg.edited("unknown-when-ended", "an error that ends the session tells nothing of the commit", "the look at the severity",
			"^TestASessionThatTheServerEnds$",
			pg.edit("errors.go", `errors.As(err, &answer) && answer.SeverityUnlocalized == "ERROR"`, "errors.As(err, &answer)")),
	}
}

// placing are the guards of what a client is answered.
func placing() []Guard {
	p := in{folder: "order_service/internal/application/placing"}
	return []Guard{
		p.guard("unknown-stays-unknown", "a try that fails later says nothing about one that may have succeeded", "the memory of it",
			"appender.go", "unknown = true // and stays so: a later try that fails says nothing about this one", "", "^TestOutcomes$"),
		p.guard("one-number-a-batch", "each try of a batch has the same number", "it: each try takes another one",
			"appender.go", "orders, err := p.log.Append(ctx, batch)\n",
			"batch.Number += int64(attempt)\n\t\torders, err := p.log.Append(ctx, batch)\n",
			"^TestOutcomes$|^TestEveryAnswerIsTrue$"),
		p.edited("number-used-up", "a number that was given up is not taken for another batch", "that: only a success uses it up",
			"^TestABatchThatWasGivenUpKeepsItsNumberForItself$",
			p.edit("appender.go", "\tp.number++\n", ""),
			p.edit("appender.go", "next := Batch{Number: p.number, ", "next := Batch{Number: p.number + 1, "),
			p.edit("appender.go", "\torders, err := p.try(ctx, next)\n\tif err != nil {\n\t\treturn err\n\t}\n",
				"\torders, err := p.try(ctx, next)\n\tif err != nil {\n\t\treturn err\n\t}\n\tp.number++\n")),
		p.guard("taken-or-dropped", "an order that was answered as given up is not stored", "the state of the ticket",
			"ticket.go", "return t.state.CompareAndSwap(pending, taken)", "return t.state.Swap(taken) >= pending",
			"^TestAnOrderWhoseCallerLeftIsDropped$"),
		p.guard("as-many-as-sent", "an order is not answered with another one's id", "the look at how many came back",
			"appender.go", "case err == nil && len(orders) == len(batch.Drafts):", "case err == nil && len(orders) > 0:",
			"^TestAWrongNumberOfOrdersIsNotTrusted$"),
		p.guard("stop-settles", "a stop answers each order that was accepted", "the wait for the appender",
			"placer.go", "case <-p.done:\n\t\treturn nil\n\tcase <-ctx.Done():", "default:\n\t\treturn nil\n\tcase <-ctx.Done():",
			"^TestStopFinishesWhatWasAccepted$"),
		p.guard("refusal-alone", "an order that the log refuses takes no other down", "the second try, one by one",
			"appender.go", "if !isRefusal(err) || len(batch) == 1 {", "if !isRefusal(err) || len(batch) > 0 {",
			"^TestARefusedOrderDoesNotTakeItsBatchDown$"),
	}
}
