package stack

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"ordertrack/scripts/localstack/process"
)

// Memory is the highest peak of resident memory, in bytes, that any process of each service had so far, by the name of
// the service. Without Linux's /proc it is empty.
func (s *Stack) Memory() map[string]int64 {
	peaks := map[string]int64{}
	for _, side := range Sides() {
		for _, service := range s.Fleet(side) {
			if peak := service.memory(); peak > 0 {
				peaks[side.Service()] = max(peaks[side.Service()], peak)
			}
		}
	}
	return peaks
}

// memory is the peak of the processes that ran and of the one that runs.
func (s *Service) memory() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peak = max(s.peak, peakOf(s.proc))
	return s.peak
}

// peakOf is 0 for a process that is none, or has ended.
func peakOf(proc *process.Process) int64 {
	if proc == nil {
		return 0
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", proc.PID()))
	if err != nil {
		return 0
	}
	return highWater(string(status))
}

// highWater reads VmHWM, which is in units of 1024 bytes (proc(5)).
func highWater(status string) int64 {
	_, rest, _ := strings.Cut(status, "\nVmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kilobytes, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return 0
	}
	return kilobytes << 10
}
