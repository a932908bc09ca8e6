package rig

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/PID/stat: 1/100 s on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// Times are the CPU times of a process and all its descendants, those that have ended and were waited for among them.
func Times(pid int) (time.Duration, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, fmt.Errorf("CPU time of %d: %w", pid, err)
	}
	children, own := map[int][]int{}, map[int]int64{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		id, parent, ticks, ok := parseStat(string(text))
		if ok {
			children[parent] = append(children[parent], id)
			own[id] = ticks
		}
	}
	if _, found := own[pid]; !found {
		return 0, fmt.Errorf("CPU time of %d: there is no such process", pid)
	}
	return time.Duration(sum(pid, children, own)) * tick, nil
}

func sum(pid int, children map[int][]int, own map[int]int64) int64 {
	total := own[pid]
	for _, child := range children[pid] {
		total += sum(child, children, own)
	}
	return total
}

// parseStat takes utime, stime, cutime and cstime together, see proc(5). The program's name may hold blanks.
func parseStat(text string) (pid, parent int, ticks int64, ok bool) {
	open, shut := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 1 || shut < open {
		return 0, 0, 0, false
	}
	fields := strings.Fields(text[shut+1:])
	const first, last = 11, 14 // utime to cstime, counted from the state on
	if len(fields) <= last {
		return 0, 0, 0, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(text[:open]))
	if err != nil {
		return 0, 0, 0, false
	}
	if parent, err = strconv.Atoi(fields[1]); err != nil {
		return 0, 0, 0, false
	}
	for _, field := range fields[first : last+1] {
		value, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, 0, 0, false
		}
		ticks += value
	}
	return pid, parent, ticks, true
}

// PeakMemory is the most memory that a process has had resident, in bytes.
func PeakMemory(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("memory of %d: %w", pid, err)
	}
	for line := range strings.Lines(string(text)) {
		rest, found := strings.CutPrefix(line, "VmHWM:")
		if !found {
			continue
		}
		kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("memory of %d: %w", pid, err)
		}
		return kib << 10, nil
	}
	return 0, fmt.Errorf("memory of %d: /proc does not tell", pid)
}

// Compiling is the CPU time that a Java virtual machine's compilers have taken (threads "C1 Compil..." and "C2 Compil...");
// 0 for any other program.
func Compiling(pid int) (time.Duration, error) {
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil || len(paths) == 0 {
		return 0, fmt.Errorf("threads of %d: there is no such process", pid)
	}
	total := int64(0)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the virtual machine ends compilers that have nothing to do
		}
		if strings.Contains(string(text), "(C1 Compil") || strings.Contains(string(text), "(C2 Compil") {
			_, _, ticks, _ := parseStat(string(text))
			total += ticks
		}
	}
	return time.Duration(total) * tick, nil
}
