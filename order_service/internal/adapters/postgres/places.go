package postgres

const (
	// placeColumns and placeJoins give the places of orders "o": an order is of the former log whose part of the lane it
	// lies in, else of the log that is written now.
	placeColumns = `coalesce(former.log_id, order_log.id)::text, o.lane, o.sequence - coalesce(former.base, own.base)`
	placeJoins   = `
		JOIN order_lane own ON own.lane = o.lane
		CROSS JOIN order_log
		LEFT JOIN former_lane former
			ON former.lane = o.lane AND o.sequence > former.base AND o.sequence <= former.head`

	// parts are the lanes of all logs, as far as each log goes in them.
	parts = `part AS (
		SELECT order_log.id::text AS log_id, lane, base, head FROM order_log CROSS JOIN order_lane
		UNION ALL
		SELECT log_id::text, lane, base, head FROM former_lane
	)`
)
