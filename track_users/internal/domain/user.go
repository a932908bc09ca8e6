package domain

import (
	"time"

	"ordertrack/shared/name"
)

// User is somebody who placed at least one order.
type User struct {
	ID        int64
	Name      name.Name
	Counter   int64     // orders counted so far, from 1
	CreatedAt time.Time // when the first one was counted
}
