package rig

import (
	"fmt"
	"syscall"
)

// File systems that are memory, by their magic numbers: see statfs(2).
const (
	tmpfs = 0x01021994
	ramfs = 0x858458f6
)

// onDisk refuses a folder that lives in memory: nothing there is durable.
func onDisk(dir string) error {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return fmt.Errorf("file system of %s: %w", dir, err)
	}
	if kind := uint32(stat.Type); kind == tmpfs || kind == ramfs {
		return fmt.Errorf("%s is in memory: choose a folder on a disk by BENCH_DIR", dir)
	}
	return nil
}
