\set lane random(0,63)
\startpipeline
UPDATE order_log SET last_id = last_id + 1 WHERE single RETURNING id::text;
WITH writer AS (
			INSERT INTO order_writer AS w (id, batch, first_id, size, touched_at)
			SELECT '0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11'::uuid, last_id, last_id - 1 + 1, 1, clock_timestamp() FROM order_log WHERE single
			ON CONFLICT (id) DO UPDATE SET batch = CASE WHEN w.batch < excluded.batch THEN excluded.batch END,
				first_id = excluded.first_id, size = excluded.size, touched_at = excluded.touched_at
			RETURNING first_id, touched_at AS now
		), heads AS (
			UPDATE order_lane SET head = head + taken.orders
			FROM unnest(ARRAY[:lane]::smallint[], '{1}'::integer[]) AS taken (lane, orders)
			WHERE order_lane.lane = taken.lane
			RETURNING order_lane.lane, head, head - base AS place
		), stored AS (
			INSERT INTO orders (id, name, note, created_at, lane, sequence, traceparent)
			SELECT first_id + position - 1, name, note, now, lane, head - behind, traceparent
			FROM writer, heads JOIN unnest('{user 1234}'::text[], '{some usual note}'::text[], ARRAY[:lane]::smallint[], '{0}'::integer[],
				'{""}'::text[]) WITH ORDINALITY AS draft (name, note, lane, behind, traceparent, position) USING (lane)
		)
		SELECT first_id, now, (SELECT array_agg(lane) FROM heads), (SELECT array_agg(place) FROM heads)
		FROM writer;
\endpipeline
