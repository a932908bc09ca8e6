//go:build !linux

package rig

import "time"

// missing: where there is no /proc, nothing is known about other processes.
var missing = &MissingError{Reason: "CPU time and memory are measured on Linux only"}

// Times is only there on Linux.
func Times(int) (time.Duration, error) { return 0, missing }

// PeakMemory is only there on Linux.
func PeakMemory(int) (int64, error) { return 0, missing }

// Compiling is only there on Linux.
func Compiling(int) (time.Duration, error) { return 0, missing }
