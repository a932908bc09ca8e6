package stack

import (
	"fmt"
	"syscall"
)

// mountTmpfs mounts a file system of that many bytes, whose root everyone may pass through.
func mountTmpfs(folder string, bytes int) error {
	options := fmt.Sprintf("size=%d,mode=0755", bytes)
	if err := syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, options); err != nil {
		return fmt.Errorf("mount a tmpfs: %w", err)
	}
	return nil
}

// unmount lets go of the folder at once: a child of this process that is just being started may have a file of it open
// for a moment, until its program is loaded.
func unmount(folder string) error {
	if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount %s: %w", folder, err)
	}
	return nil
}
