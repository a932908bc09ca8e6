//go:build !linux

package load

import "time"

// sleep sleeps for d, as exactly as Go's timers do.
func sleep(d time.Duration) { time.Sleep(d) }
