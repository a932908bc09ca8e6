package load

import (
	"time"

	"golang.org/x/sys/unix"
)

// sleep sleeps for d, or for less when a signal comes. Go's own timers wait for whole milliseconds while a process is idle
// (https://go.dev/issue/44343), which would make an order up to that much late before it is sent.
func sleep(d time.Duration) {
	interval := unix.NsecToTimespec(d.Nanoseconds())
	_ = unix.Nanosleep(&interval, nil) // its only error here is that a signal came
}
