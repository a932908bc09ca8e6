package postgres

const (
	// placeColumns and placeJoins give the places of orders "o": an order is of the former log whose part of the lane it
	// lies in, else of the log that is written now. The former ones are looked at only where there are any.
	placeColumns = `coalesce(former.log_id, (SELECT id::text FROM order_log)), o.lane,
		o.sequence - coalesce(former.base, ((SELECT array_agg(base ORDER BY lane) FROM order_lane)::bigint[])[o.lane + 1])`
	placeJoins = `
		LEFT JOIN LATERAL (
			SELECT log_id::text, base FROM former_lane
			WHERE o.id <= (SELECT max(last_id) FROM former_log) AND lane = o.lane AND o.sequence > base AND o.sequence <= head
		) former ON true`

	// parts are the lanes of all logs, as far as each log goes in them.
	parts = `part AS (
		SELECT order_log.id::text AS log_id, lane, base, head FROM order_log CROSS JOIN order_lane
		UNION ALL
		SELECT log_id::text, lane, base, head FROM former_lane
	)`
)
