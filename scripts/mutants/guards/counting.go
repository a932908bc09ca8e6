package guards

// window are the guards of the receive window.
func window() []Guard {
	w := in{folder: "track_users/internal/domain/window"}
	simulated := in{folder: w.folder, tests: "scripts/simulation"}
	const (
		anyOrder = "^TestWindow_AppliesEachEventOnceInOrderWhateverTheOrderOfDelivery$"
		zombie   = "^TestWindow_ZombieAndSuccessorCountNothingTwice$"
		early    = "^TestWindow_EarlyEventHoldsTheCommitPointUntilTheGapIsFilled$"
		dropped  = "^TestWindow_DropsWhatIsFurthestAheadAndReadsOn$"
		foreign  = "^TestWindow_ForeignEventsAreTakenOnceByTheirOffset$"
	)
	return []Guard{
		w.edited("drop-applied", "what is at or below the mark is dropped", "the search for what is above it",
			"^TestWindow_RepeatOfAnAppliedEventIsDroppedByTheMark$",
			w.edit("lane.go", "from, _ := slices.BinarySearchFunc(l.waiting, applied+1, bySequence)", "from := 0"),
			w.edit("lane.go", "l.waiting[to].Place.Sequence == applied+1+int64(to-from)",
				"l.waiting[to].Place.Sequence == l.waiting[0].Place.Sequence+int64(to)")),
		w.guard("take-only-next", "an event is applied only when all before it are", "the comparison with what is next",
			"lane.go", "to-from < limit && l.waiting[to].Place.Sequence == applied+1+int64(to-from)", "to-from < limit", early),
		w.guard("the-ledger-decides", "what is new is decided by the marks that are locked", "them: the window's own memory decides",
			"plan.go", "l.run(marks.Lanes[key], limit-len(effects.Taken))", "l.run(l.applied, limit-len(effects.Taken))", zombie),
		w.guard("wait-once", "a repeat of an event that waits is not held twice", "the look",
			"lane.go", "\tif found {\n\t\treturn false\n\t}\n", "\t_ = found\n", "^TestWindow_RepeatOfAWaitingEventKeepsTheLowerOffset$"),
		w.guard("offset-behind-waiting", "the offset to commit stays behind what waits", "the lowest offset of those waiting",
			"lane.go", "return min(l.lowest, l.lost.offset)", "return l.lost.offset", early),
		w.guard("offset-behind-dropped", "the offset to commit stays behind what was dropped", "its offset",
			"lane.go", "return min(l.lowest, l.lost.offset)", "return l.lowest", dropped),
		w.guard("offset-behind-lowest-dropped", "of all that was dropped the lowest offset holds the commit", "the lowest: the last one does",
			"lane.go", "l.lost.offset = min(l.lost.offset, e.Offset)", "l.lost.offset = e.Offset",
			"^TestWindow_LooksAlsoForLanesOfWhichEverythingWasDropped$|"+anyOrder),
		w.guard("offset-behind-foreign", "the offset to commit stays behind foreign events that wait", "that",
			"window.go", "point = min(point, w.foreign[0].Offset)", "_ = point", foreign),
		simulated.guard("offset-behind-foreign-simulated", "the simulation notices an offset committed past a foreign event that waits",
			"what keeps it behind", "window.go", "point = min(point, w.foreign[0].Offset)", "_ = point", "^TestProtocol$"),
		w.guard("offset-behind-forgotten", "the offset to commit stays behind lanes that were forgotten", "their offset",
			"window.go", "w.floor = min(w.floor, l.lost.offset)", "_ = w.floor", "^TestWindow_MadeUpLogsDoNotGrowItForEver$"),
		w.guard("lost-until-applied", "what was dropped is remembered until the mark has passed it", "that: any mark forgets it",
			"lane.go", "if applied >= l.lost.high {", "if applied >= 0 {", dropped),
		w.guard("rewind", "an event that was dropped is read again when its turn has come", "the notice",
			"lane.go", "return len(l.waiting) == 0 || l.waiting[0].Place.Sequence > next", "return false",
			"^TestWindow_IsNotStalledWhenTheDroppedEventIsBack$"),
		w.guard("foreign-once", "a foreign event is counted once by its offset", "the comparison with the mark",
			"plan.go", "if e.Offset > marks.Foreign && len(effects.Taken) < limit {", "if len(effects.Taken) < limit {", foreign),
		w.guard("foreign-mark", "a foreign event that is counted moves its mark", "the move",
			"plan.go", "\t\t\teffects.Foreign = e.Offset\n", "", foreign),
		w.guard("parked-not-counted", "an event with a fault is parked, and not counted", "the way out",
			"plan.go", "effects.Parked = append(effects.Parked, e)\n\t\treturn\n", "effects.Parked = append(effects.Parked, e)\n",
			"^TestWindow_FaultyEventIsParkedInItsOrder$"),
		w.guard("lanes-in-order", "marks are locked in one order", "the sorting",
			"plan.go", "\tslices.SortFunc(scope.Lanes, domain.Lane.Compare)\n\treturn scope",
			"\tslices.SortFunc(scope.Lanes, func(a, b domain.Lane) int { return b.Compare(a) })\n\treturn scope",
			"^TestWindow_ScopeNamesLanesInTheOrderOfTheirLocks$"),
	}
}

// tallying are the guards of the use case of counting.
func tallying() []Guard {
	t := in{folder: "track_users/internal/application/tallying"}
	return []Guard{
		t.edited("commit-after-apply", "an offset is committed after its events are applied", "the order: it is committed before",
			"^TestTally_CommitsNothingBeforeTheLedgerHasAppliedIt$",
			t.edit("tally.go", "\terr = t.applyAll(ctx, feed, t.lookIsDue())\n",
				"\tif n := len(events); n > 0 {\n\t\tfeed.Commit(events[n-1].Offset + 1)\n\t}\n\terr = t.applyAll(ctx, feed, t.lookIsDue())\n")),
		t.guard("commit-point", "the offset to commit is the window's, behind what waits", "that: it is the end of what was read",
			"tally.go", "feed.Commit(point) // of", "feed.Commit(max(point, lastOf(events)+1)) // of",
			"^TestTally_CommittedOffsetStaysBehindWhatWaits$").
			with(t.edit("tally.go", "// trim keeps the window",
				"func lastOf(events []*domain.Event) int64 {\n\tif len(events) == 0 {\n\t\treturn -1\n\t}\n"+
					"\treturn events[len(events)-1].Offset\n}\n\n// trim keeps the window")),
		t.guard("try-until-it-succeeds", "a database that is away is waited for", "the next try",
			"tally.go", "if !errors.Is(err, ErrUnavailable) {", "if err == nil || attempt > 1 {",
			"^TestTally_TriesAgainWithGrowingPausesUntilTheLedgerIsBack$"),
		t.guard("decide-in-each-try", "a refusal is judged by the decision of its own try", "the forgetting of the one before",
			"apply.go", "\t\t\teffects = domain.Effects{} // a try that fails before the decision must not be judged by the one before\n",
			"", "^TestTally_ParksNothingThatAnotherConsumerCounted$|^TestTally_ParksNothingForARefusal"),
		t.guard("park-only-the-one", "only the event that is refused is parked", "that: the first of each batch that is refused is, too",
			"apply.go", "t.size = len(effects.Taken) / 2\n",
			"t.size = len(effects.Taken) / 2\n\t\teffects.Taken[0].Condemn(ReasonRefused, refusal.Error(), nil)\n",
			"^TestTally_ParksTheOneEventThatIsRefusedAndCountsAllOthers$"),
		t.guard("no-shared-memory", "what is parked does not change with the transport's memory", "the copy",
			"decode.go", "Value: bytes.Clone(r.Value),", "Value: r.Value,", "^TestDecode_KeepsNothingOfTheRecordsMemory$"),
		t.guard("park-with-record", "a refused event is parked to the byte, however often that has to be asked for",
			"that: it is parked without what cannot be read now",
			"apply.go", "if err != nil && !errors.Is(err, ErrGone) {", "if errors.Is(err, ErrStreamChanged) {",
			"^TestTally_ParksARefusedEventWithoutItsRecordOnlyWhenThatIsGone$").
			with(t.edit("apply.go", "\terr := t.persist(ctx, \"read a record again\", func() (err error) {\n"+
				"\t\trecord, err = feed.Record(ctx, refused)\n\t\treturn err\n\t})\n", "\trecord, err := feed.Record(ctx, refused)\n")).
			with(t.edit("apply.go", "\tvar record *domain.Record\n", "")),
		t.guard("never-skip", "what cannot even be parked is tried again, and not skipped", "the next try",
			"apply.go", "if len(effects.Taken) == 0 || len(effects.Taken) == 1 && effects.Taken[0].Fault != nil {",
			"if len(effects.Taken) == 0 {", "^TestTally_NeverSkipsWhatTheLedgerDoesNotEvenPark$"),
		t.guard("verify-before-foreign", "the topic is verified before foreign events are counted", "the question",
			"tally.go", "if foreign := t.take(events); foreign {", "if foreign := t.take(events); foreign && len(events) == 0 {",
			"^TestTally_VerifiesTheTopicBeforeItCountsForeignEvents$"),
		t.guard("stop-finishes", "a stop finishes the transaction in hand", "the context that outlives it",
			"apply.go", "t.ledger.Apply(context.WithoutCancel(ctx), scope,", "t.ledger.Apply(ctx, scope,",
			"^TestTally_FinishesTheBatchInHandWhenItIsToStop$"),
		t.guard("look-at-others", "what another consumer applied is found out", "the look",
			"tally.go", "\tt.look = time.Time{}\n\tt.looks++\n\treturn true\n", "\tt.look = time.Time{}\n\tt.looks++\n\treturn false\n",
			"^TestTally_FindsByALookWhatAnotherConsumerAppliedAndIsPatientAgain$"),
		t.guard("rewind-ends-the-tally", "a tally whose next event was dropped ends, to read again", "its end",
			"tally.go", "\tif t.window.Stalled() {\n\t\treturn ErrRewind\n\t}\n", "",
			"^TestTally_EndsToReadAgainWhenTheTurnOfADroppedEventHasCome$"),
	}
}

// ledger are the guards of the transaction that counts.
func ledger() []Guard {
	pg := in{folder: trackPostgres}
	tx := in{folder: "shared/pgdb"}
	const (
		suite = "^TestLedgerContract$/"
		cut   = "\tbatch.Queue(\"COMMIT AND CHAIN\")\n" +
			"\tif err := conn.SendBatch(ctx, batch).Close(); err != nil {\n\t\treturn err\n\t}\n\tbatch = &pgx.Batch{}\n"
	)
	return []Guard{
		pg.guard("fence", "of two consumers that hold a lane's events one counts them", "FOR UPDATE of the lanes' marks",
			"marks.go", "ORDER BY source, lane\n\t\tFOR UPDATE`", "ORDER BY source, lane`", suite+"counts_once_what_two_consumers_hold"),
		pg.guard("fence-foreign", "of two consumers that hold foreign events one counts them",
			"that those with foreign events have the ledger for themselves",
			"marks.go", "`SELECT pg_advisory_xact_lock($1)`", "`SELECT pg_advisory_xact_lock_shared($1)`",
			suite+"counts_once_what_is_foreign"),
		pg.guard("counted-then-marked", "counters and marks are one transaction: no mark, no count",
			"that: counters are committed before the marks move",
			"ledger.go", "\tqueueMarks(batch, total)\n", cut+"\tqueueMarks(batch, total)\n",
			suite+"counts_nothing_whose_mark"),
		pg.guard("marked-then-counted", "counters and marks are one transaction: no count, no mark",
			"that: marks are committed before the counters rise",
			"ledger.go", "size := &pgx.Batch{}, 0, len(total.counts)\n",
			"size := &pgx.Batch{}, 0, len(total.counts)\n\tqueueMarks(batch, total)\n"+cut,
			suite+"does_all_of_it"),
		pg.guard("locks-in-order", "two batches never wait for each other's marks in a circle", "the order: it is any",
			"marks.go", "ORDER BY source, lane\n\t\tFOR UPDATE", "ORDER BY random()\n\t\tFOR UPDATE", suite+"locks_marks_in_one_order"),
		pg.guard("raised-or-made", "a user's counter is either raised or made", "the making",
			"counts.go", "WHEN NOT MATCHED THEN", "WHEN NOT MATCHED AND b.events < 0 THEN", suite+"counts_and_moves"),
		pg.guard("made-by-another", "a user that another batch has just made is counted by both", "that the batch is tried again",
			"errors.go", `answer.TableName == "track_user"`, `answer.TableName == ""`, "^TestTwoLogsThatMakeOneUserAtOnce$"),
		pg.guard("all-counted", "marks move only when each user of the batch was written", "the count of those that were",
			"ledger.go", "if users != size {", "if users > size {", "^TestAUserThatIsNotWrittenIsNotCounted$"),
		pg.guard("share-after-share", "two partitions that hold one lane's events count them once, in one transaction, too",
			"that each is decided on what the one before it leaves",
			"effects.go", "\t\tmaps.Copy(m.lanes, decided.Lanes)\n", "", "^TestSharesOfOneLaneInOneTransaction$"),
		pg.guard("marks-move", "the marks move with the counters", "the move of the lanes' marks",
			"marks.go", "UPDATE lane_mark SET applied = moved.applied\n", "UPDATE lane_mark SET applied = lane_mark.applied\n",
			suite+"shows_each"),
		pg.guard("foreign-by-topic-id", "a topic that is created again is another one", "the topic's id in the foreign mark's name",
			"marks.go", "FROM partition_mark WHERE topic_id = $1 AND partition = $2",
			"FROM partition_mark WHERE $1::uuid IS NOT NULL AND partition = $2", suite+"tells_streams"),
		pg.guard("refusal-is-in-the-data", "only what is wrong with the data itself refuses an event", "that: any error of the server does",
			"errors.go", `if ok && (strings.HasPrefix(answer.Code, "22") || strings.HasPrefix(answer.Code, "23")) {`,
			`if ok && !strings.HasPrefix(answer.Code, "?") {`, "^TestMissingPrivilegeIsWaitedFor$"),
		tx.guard("commit-error", "a commit that failed is no success", "its error",
			"tx.go", "if err := tx.Commit(ctx); err != nil {", "if err := tx.Commit(ctx); err != nil && ctx == nil {", "^TestWithTx$"),
		tx.guard("rollback", "a failure undoes all of it", "the failure: it is committed, and told after that",
			"tx.go", "\tif err := fn(tx); err != nil {\n\t\treturn err\n\t}\n",
			"\tif err := fn(tx); err != nil {\n\t\t_ = tx.Commit(ctx)\n\t\treturn err\n\t}\n", "^TestWithTx$"),
	}
}

// consuming are the guards of the member of the consumer group.
func consuming() []Guard {
	k := in{folder: "track_users/internal/adapters/kafka"}
	return []Guard{
		k.guard("record-of-the-event", "what is parked is what the event was made of, and nothing that lies there by now",
			"the comparison",
			"handler.go", "found.Offset != e.Offset || found.Name != e.Name || found.Place != e.Place {", "found.Offset != e.Offset {",
			"^TestFeedContract$/embedded/tells_that_a_record_is_gone"),
		k.guard("offsets-know-their-topic", "the offsets of a topic that is created again are not believed", "the comparison of the ids",
			"handler.go", `if block == nil || block.Metadata == "" || block.Metadata == h.topicID.String() {`,
			`if block == nil || block.Metadata != "?" {`,
			"^TestFeedContract$/.*/tells_when"),
		k.guard("verify-the-topic", "a topic that was created again ends the session before its events are counted",
			"the comparison of the ids",
			"handler.go", "if id != h.topicID {", "if id != h.topicID && id == uuid.Nil {", "^TestFeedContract$/.*/tells_when"),
		k.guard("lower-offsets", "an offset that is lower than the last one is committed, too", "what lowers it",
			"feed.go", "\tf.session.ResetOffset(f.stream.Topic, f.stream.Partition, offset, f.topicID)\n", "",
			"^TestFeedContract$/.*/begins_where_a_rewind"),
		k.guard("offset-kept-at-the-stop", "a stop commits the last offset", "the commit",
			"handler.go", "\tdefer session.Commit() // marks that are not committed are lost with the session\n", "",
			"^TestConsumer_KeepsTheLastOffsetWhenItStops$"),
		k.guard("log-that-was-cut", "a partition whose records were deleted is read from the oldest that is there",
			"the reset of an offset that there is not",
			"consumer.go", "c.Consumer.Group.ResetInvalidOffsets = true", "c.Consumer.Group.ResetInvalidOffsets = false",
			"^TestConsumer_ReadsALogThatWasCutFromTheBeginning$"),
	}
}
