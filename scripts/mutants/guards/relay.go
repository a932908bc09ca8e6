package guards

// relaying are the guards of an event's way to Kafka.
func relaying() []Guard {
	relay := in{folder: "order_service/internal/application/relaying"}
	pg := in{folder: ordersPostgres}
	wire := in{folder: "order_service/internal/adapters/kafka"}
	client := in{folder: "shared/kafkaclient"}
	const back = "^TestAfterAFailureItGoesBackToTheFirstUnacknowledgedEvent$"
	return []Guard{
		relay.guard("cursor-behind-acknowledged", "the cursor passes no event that was not acknowledged", "that: it moves over the whole batch",
			"relay.go", "log.Advance(ctx, events[acknowledged-1].OrderID)", "log.Advance(ctx, events[len(events)-1].OrderID)", back),
		relay.edited("cursor-after-publish", "the cursor moves after the acknowledgements", "the order: it moves before",
			"^TestTheCursorRestsUntilTheAcknowledgement$",
			relay.edit("relay.go", "\tlimited, cancel := context.WithTimeout(ctx, r.limits.Publish)\n",
				"\tif err := log.Advance(ctx, events[len(events)-1].OrderID); err != nil {\n\t\treturn err\n\t}\n"+
					"\tlimited, cancel := context.WithTimeout(ctx, r.limits.Publish)\n")),
		relay.guard("failure-starts-over", "after a failure the relay reads the log again behind its cursor",
			"the failure: the relay goes on with the next batch",
			"relay.go", "err = r.publish(finish, log, events)", "_ = r.publish(finish, log, events)", back),
		relay.guard("lost-database-costs-the-turn", "a cursor that could not be moved ends the turn", "the error",
			"relay.go", `return errors.Join(failure, fmt.Errorf("move the cursor: %w", err))`, "return failure",
			"^TestACursorThatCannotBeMovedCostsTheTurn$"),
		pg.guard("cursor-never-back", "a relay that has lost its turn does not move the cursor back", "the comparison",
			"turn.go", "SET published = $1 WHERE published < $1", "SET published = $1", "^TestOutboxContract$/never_moves"),
		pg.guard("read-behind-cursor", "the relay begins at the first order that is not published", "one order: it begins at the second",
			"turn.go", "WHERE id > (SELECT published FROM relay_cursor)", "WHERE id > (SELECT published + 1 FROM relay_cursor)",
			"^TestOutboxContract$/reads_behind"),
		pg.guard("leadership", "one relay works at a time: an optimisation, repeats are dropped at the other end",
			"the look at the lock's answer",
			"outbox.go", "if !leads {", "if !leads && errTaken == nil {", "^TestOutboxContract$/lets_one"),
		wire.guard("acknowledged-without-a-gap", "what counts as acknowledged ends before the first event that was not",
			"that: all that were acknowledged are counted",
			"delivery.go", "\tfor i, acked := range d.acked {\n\t\tif !acked {\n\t\t\treturn i\n\t\t}\n\t}\n\treturn len(d.acked)",
			"\tcount := 0\n\tfor _, acked := range d.acked {\n\t\tif acked {\n\t\t\tcount++\n\t\t}\n\t}\n\treturn count",
			"^TestWhatIsAcknowledgedEndsBeforeTheFirstGap$"),
		wire.guard("acknowledged-by-the-broker", "an event counts as acknowledged when the broker says so",
			"the wait: it counts when it is sent",
			"delivery.go", "\t\t\tsent++\n", "\t\t\td.acked[sent] = true\n\t\t\tsent++\n", "^TestWireContract$/.*/counts_what_is_before"),
		wire.guard("delivery-in-one-request", "what the relay publishes at once is one request of the broker",
			"the number that the producer waits for",
			"producer.go", "Flush.Messages = records }", "Flush.Messages = min(records, 1) }", "^TestADeliveryIsOneRequest$"),
		wire.guard("no-wait-for-the-other-brokers", "a broker is sent its share, though the rest is another's", "the time after which it is",
			"producer.go", "\tconfig.Producer.Flush.Frequency = flushAfter\n", "", "^TestADeliveryToSeveralBrokers$"),
		wire.guard("producer-replaced", "a producer that has given a record up is not used again", "its end",
			"wire.go", "\tif err != nil {\n\t\tw.retire()\n\t}\n\treturn d.acknowledged(), err", "\treturn d.acknowledged(), err",
			"^TestAProducerThatFailedIsNotUsedAgain$"),
		wire.guard("lane-in-one-partition", "a lane's events are in one partition, in their order", "the lane: the batch's order decides",
			"delivery.go", "return int32(t.lane) % partitions, nil", "return int32(t.index) % partitions, nil",
			"^TestWireContract$/.*/publishes_each"),
		client.guard("acks-of-all", "acknowledged means by all replicas that are in sync",
			"the idempotent producer, and all but the leader's word",
			"config.go", "\tc.Producer.Idempotent = true\n\tc.Producer.RequiredAcks = sarama.WaitForAll\n",
			"\tc.Producer.RequiredAcks = sarama.WaitForLocal\n", "^TestConfigIsSafe$"),
		client.guard("begin-at-the-oldest", "a group without offsets begins at the oldest record", "that: it begins at the newest",
			"config.go", "c.Consumer.Offsets.Initial = sarama.OffsetOldest", "c.Consumer.Offsets.Initial = sarama.OffsetNewest",
			"^TestConfigIsSafe$"),
	}
}

// retransmitting are the guards of publishing again what is lost, and nothing else.
func retransmitting() []Guard {
	r := in{folder: "order_service/internal/application/retransmitting"}
	relay := in{folder: "order_service/internal/application/relaying"}
	heard := in{folder: "order_service/internal/adapters/trackusers"}
	greeting := in{folder: "order_service/internal/application/renewing"}
	pg := in{folder: ordersPostgres}
	book := in{folder: trackPostgres}
	feed := in{folder: "track_users/internal/adapters/kafka"}
	const archive = "^TestOutboxContract$/looks_up"
	return []Guard{
		relay.guard("retransmit", "what Kafka has lost is published again", "the relay's call",
			"relay.go", "if err := r.repairer.Repair(finish, archive); err != nil {", "if err := error(nil); err != nil {",
			"^TestItRepairsBetweenBatchesAndWithinTheTurn$"),
		r.guard("lost-when-read-past", "only what the receiver has read past is published again", "the look at how far it has read",
			"retransmitting.go", "case read.Cover(r.probe.ends):", "case read != nil:", "^TestAReceiverThatIsBehindIsNeverSentAnythingTwice$"),
		r.guard("lost-when-it-does-not-move", "a lane that has moved since is not taken for lost", "the comparison with what lacked then",
			"retransmitting.go", "r.probe.lacking = same(r.probe.lacking, lacking)", "_ = same(r.probe.lacking, lacking)",
			"^TestALaneThatMovesMeanwhileIsNotLost$"),
		r.guard("ends-of-now", "what is sent again has to be read past before it is sent once more", "the end of the suspicion",
			"retransmitting.go", "\t\tr.probe = nil // what is sent again now has other ends\n", "",
			"^TestWhatWasSentAgainIsReadPastBeforeItIsSentOnceMore$"),
		r.guard("topic-of-now", "a topic that is created again is looked at anew", "the look",
			"retransmitting.go", "; !there || end < noted {", "; there && end < noted {", "^TestATopicCreatedAgainIsLookedAtAnew$"),
		r.guard("newest-lost", "a topic that has lost its newest records is looked at anew", "the comparison",
			"retransmitting.go", "; !there || end < noted {", "; !there && end <= noted {",
			"^TestATopicThatLosesItsNewestRecordsIsLookedAtAnew$"),
		r.guard("answer-once", "what the receiver said last is not believed again when it cannot be heard any more", "the forgetting of it",
			"retransmitting.go", "progress := r.answer.Swap(nil)", "progress := r.answer.Load()", "^TestAnAnswerIsJudgedOnce$"),
		heard.guard("answer-whole", "an answer of the receiver's that is cut off says nothing", "the error of reading it",
			"receiver.go", "Decode(&body); err != nil {", "Decode(&body); err != nil && ctx == nil {", "^TestAnswersThatAreNone$"),
		greeting.guard("start-unheard", "a start does not wait for a receiver that cannot be heard", "the limit",
			"renewing.go", "context.WithTimeout(ctx, AskLimit)", "context.WithCancel(ctx)", "^TestAStartDoesNotWaitLong$"),
		r.guard("pauses", "a lane that does not move is sent again less and less often", "the pause",
			"send.go", "if now.Before(l.next) {", "if now.Before(l.next) && l.attempts == 0 {", "^TestPausesDoubleWhileNothingMoves$"),
		r.guard("from-the-first-missing", "everything from the first missing event on is sent again", "one event: it begins at the second",
			"send.go", "events, err := archive.From(ctx, place, r.limits.Batch)",
			"events, err := archive.From(ctx, domain.Place{LogID: place.LogID, Lane: place.Lane, Sequence: place.Sequence + 1}, r.limits.Batch)",
			"^TestWhatIsLostIsSentAgainFromTheFirstMissingOn$"),
		pg.guard("lacking-is-next", "the event that lacks is the one behind the mark", "the one: the mark itself is asked for",
			"archive.go", "base + coalesce(applied, 0) + 1 AS sequence", "base + coalesce(applied, 0) AS sequence", archive),
		pg.guard("lacking-is-published", "what is not published yet does not lack", "the comparison with the cursor",
			"archive.go", "\n\t\tWHERE o.id <= (SELECT published FROM relay_cursor WHERE single)`\n\tctx", "`\n\tctx", archive),
		book.guard("one-moment", "marks and positions are told of one moment", "the snapshot that they share",
			"book.go", "IsoLevel: pgx.RepeatableRead", "IsoLevel: pgx.ReadCommitted", "^TestProgressIsOfOneMoment$"),
		feed.guard("read-means-done", "a partition counts as read up to what is applied or waits", "that: what is in hand counts, too",
			"feed.go", "f.next = events[len(events)-1].Offset + 1\n", "f.next = events[len(events)-1].Offset + 1\n\t\t\tf.read(f.next)\n",
			"^TestConsumer_DoesNotClaimToHaveReadWhatItCannotApply$"),
	}
}
