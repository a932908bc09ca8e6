package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// File is the file of runs. It may be used by several goroutines.
type File struct {
	path string

	mu   sync.Mutex
	runs []Run
}

// Open reads what is in the file; none is an empty one. A last line that was cut short, since the machine went down, is
// taken away. Anything else that is not a run is an error.
func Open(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &File{path: path}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the results: %w", err)
	}
	f := &File{path: path}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	if len(whole) < len(text) {
		if err := os.Truncate(path, int64(len(whole))); err != nil {
			return nil, fmt.Errorf("mend the results: %w", err)
		}
	}
	for line := range bytes.Lines(whole) {
		var run Run
		if err := json.Unmarshal(line, &run); err != nil {
			return nil, fmt.Errorf("read the results: %s, line %d: %w", path, len(f.runs)+1, err)
		}
		f.runs = append(f.runs, run)
	}
	return f, nil
}

// Append writes a run down at once.
func (f *File) Append(run Run) error {
	line, err := json.Marshal(run)
	if err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	_, err = file.Write(append(line, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write a result: %w", err)
	}
	f.runs = append(f.runs, run)
	return nil
}

// Passed tells whether the cell kept the promise once with the same setup. The versions of servers are not looked at:
// they are known only when a run has ended.
func (f *File) Passed(cell string, setup Setup) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.runs {
		run := &f.runs[i]
		setup.Postgres = run.Setup.Postgres
		if run.Cell == cell && run.Setup == setup && !run.Failed() {
			return true
		}
	}
	return false
}

// Runs are all runs, in the order in which they ended.
func (f *File) Runs() []Run {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Run(nil), f.runs...)
}
