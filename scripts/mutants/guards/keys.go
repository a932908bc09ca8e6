package guards

// keying are the guards of a key that makes one order.
func keying() []Guard {
	pg := in{folder: ordersPostgres}
	o := in{folder: "order_service/internal/application/once"}
	api := in{folder: "order_service/internal/adapters/httpapi"}
	const (
		contract = "^TestLogContract$/keeps_claims"
		day      = "^TestKeysAreForgottenAfterADay$"
		lost     = "^TestAnAnswerThatGotLostIsGivenByAnotherProcess$"
	)
	return []Guard{
		pg.edited("key-with-its-order", "a key and its order are stored together or not at all", "the one transaction: the key has its own",
			contract,
			pg.edit("log.go", "\tl.claim(pipeline, batch)\n", ""),
			pg.edit("log.go", "\tif err != nil {\n\t\treturn nil, interpret(err)\n\t}\n\treturn orders, nil\n",
				"\tif err != nil {\n\t\treturn nil, interpret(err)\n\t}\n\tkeys := &pgx.Batch{}\n\tl.claim(keys, batch)\n"+
					"\tif err := conn.SendBatch(ctx, keys).Close(); err != nil {\n\t\treturn nil, interpret(err)\n\t}\n\treturn orders, nil\n")),
		pg.guard("key-once", "a key that is taken takes no second order", "the refusal: the first order keeps it",
			"keys.go", "WHERE w.id = $1`\n\tsize", "WHERE w.id = $1 ON CONFLICT DO NOTHING`\n\tsize", contract),
		pg.guard("key-names-its-order", "of many orders in one batch a key names its own", "its place in the batch",
			"keys.go", "w.first_id + claim.first", "w.first_id + 0 * claim.first", "^TestEachKeyOfABatchNamesItsOwnOrders$"),
		pg.guard("key-for-a-day", "a key is kept for a day", "an hour of it",
			"keys.go", "interval '24 hours'", "interval '23 hours'", day),
		pg.guard("key-for-a-day-only", "a key is forgotten after a day", "the end: it is kept for another hour",
			"keys.go", "interval '24 hours'", "interval '25 hours'", day),
		pg.guard("key-of-the-same-request", "the request that is compared is the one that was stored", "what was stored",
			"keys.go", "copy(kept.Request[:], request)", "copy(kept.Request[:0], request)", lost),
		o.guard("key-reused", "a key of another request is refused", "the comparison of the requests",
			"once.go", "if kept.Request != claim.Request {", "if kept.Request != claim.Request && kept.Size == 0 {",
			"^TestTheFirstRequestPlacesAndALaterOneFinds$"),
		o.guard("key-in-flight", "of two requests with one key that are under way the second is told so", "the look at what is under way",
			"once.go", "if _, taken := o.inFlight[key]; taken {", "if _, taken := o.inFlight[key]; taken && key == [32]byte{} {",
			"^TestOnlyOneRequestOfAKeyIsUnderWay$"),
		o.guard("key-free-again", "a request that failed may be sent again under its key", "the end of being under way",
			"once.go", "\tdelete(o.inFlight, key)\n", "\t_ = key\n", "^TestOnlyOneRequestOfAKeyIsUnderWay$"),
		o.guard("key-taken-meanwhile", "a key that another process has just taken is answered with its order", "the second look-up",
			"once.go", "if errors.Is(err, placing.ErrKeyTaken) {", "if errors.Is(err, placing.ErrKeyTaken) && len(orders) > 0 {",
			"^TestAKeyThatWasTakenMeanwhile$"),
		api.guard("key-of-the-whole-body", "a request with another body is another request", "the body in its fingerprint",
			"once.go", "\t_, _ = hash.Write(body)\n", "\t_ = body\n", "^TestWhatAClaimIs$"),
		api.guard("key-in-flight-answered", "a key that is under way is answered with 409 and Retry-After", "the case",
			"once.go", "case errors.Is(err, once.ErrInFlight):", "case errors.Is(err, once.ErrInFlight) && c.Request == nil:",
			"^TestKeyedOrdersThatAreNotPlaced$"),
	}
}

// reading are the guards of what clients bring back: tokens, cursors, tags and positions.
func reading() []Guard {
	token := in{folder: "shared/ordertoken"}
	tags := in{folder: "shared/httpapi"}
	orders := in{folder: "order_service/internal/application/reading"}
	users := in{folder: "track_users/internal/adapters/httpapi"}
	wait := in{folder: "track_users/internal/application/waiting"}
	pg := in{folder: trackPostgres}
	follow := in{folder: "track_users/internal/application/streaming"}
	const forged = "^TestACursorThatWasMadeElsewhere$"
	return []Guard{
		token.guard("token-sum", "a token that was changed on its way is no other order's", "the comparison of the sum",
			"ordertoken.go", "!= crc32.Checksum(raw[:atSum], table) {", "== ^crc32.Checksum(raw[:atSum], table) {",
			"^TestEveryWrongCharacterIsSeen$"),
		orders.guard("cursor-seal", "a cursor of orders that was made up is refused", "the comparison of the seal",
			"cursor.go", "!hmac.Equal(raw[atSeal:], seal(key, filter, raw[:atSeal]))", "!hmac.Equal(raw[atSeal:], raw[atSeal:])", forged),
		orders.guard("cursor-seal-of-the-name", "a cursor of one user's orders is none of another's", "the name under the seal",
			"cursor.go", "\t_, _ = mac.Write([]byte(filter.Name.String())) // last, so that it needs no length\n", "",
			"^TestACursorBelongsToItsList$"),
		orders.guard("cursor-seal-of-the-times", "a cursor of one time is none of another's", "the times under the seal",
			"cursor.go", "\t_, _ = mac.Write(bounds[:])\n", "", "^TestACursorBelongsToItsList$"),
		users.guard("cursor-sum", "a cursor of users that was changed is refused", "the comparison of the sum",
			"cursor.go", "!bytes.Equal(sum, sumOf(content)) ||", "!bytes.Equal(sum, sum) ||", "^TestEveryChangedCursorIsRefused$"),
		users.guard("cursor-of-its-list", "a cursor of one list of users is none of another's", "the comparison of the list",
			"cursor.go", " || !bytes.HasPrefix(content, cursorHeadOf(q)) {", " {", "^TestACursorLeadsBackToItsUser$"),
		tags.guard("tag-compared", "304 is answered only to whom has what there is now", "the comparison of the tags",
			"etag.go", `"W/") == etag {`, `"W/") != "" {`, "^TestETags$"),
		wait.guard("wait-for-the-mark", "a wait is over when the order is counted, and not before", "the last step: the mark before it will do",
			"waiting.go", "if one.sequence <= mark {", "if one.sequence <= mark+1 {", "^TestWhatIsAppliedHereIsKnownWithoutALook$"),
		wait.guard("wait-for-the-commit", "a wait is over when the count is committed", "the look at the outcome",
			"ledger.go", "\tif err == nil {\n", "\t{\n", "^TestWhatIsAppliedHereIsKnownWithoutALook$"),
		pg.guard("follow-what-commits-late", "a change that commits after later ones is told", "the snapshot: who began later is asked for",
			"changes.go", "NOT pg_visible_in_snapshot(xid, $2::text::pg_snapshot)", "xid >= pg_snapshot_xmax($2::text::pg_snapshot)",
			"^TestWhatCommitsLateIsNotMissed$"),
		pg.guard("follow-known-positions", "whoever comes back from before what is kept is told that changes were missed",
			"the comparison with the oldest that is kept",
			"changes.go", "$1::text::xid8 >= begins AND", "$1::text::xid8 >= '0' AND", "^TestChangesContract$/knows_what_it_forgot"),
		pg.guard("follow-one-epoch", "whoever comes with a position of another database, or of before a crash, is told so",
			"the comparison of the epochs",
			"changes.go", "return changed, known && now.epoch == from.epoch, nil", "return changed, known, nil",
			"^TestChangesContract$/knows_no_position"),
		follow.guard("follow-from-there", "whoever comes back is told what it missed", "the position that it gives",
			"streaming.go", "c := &Client{frames: make(chan []byte, h.limits.Frames), from: from}",
			"c := &Client{frames: make(chan []byte, h.limits.Frames), from: from[:0]}", "^TestWhoFollowsIsToldOfChanges$"),
	}
}
