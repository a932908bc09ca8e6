// Package guards is the table of what the promise stands on: each guard in the code, how it is taken out, and the tests
// that must notice.
package guards

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Guard is one thing in the code that keeps the promise, and how to take it out.
type Guard struct {
	Name    string // short and unique
	Keeps   string // what is true because of it
	Removed string // what the edits do, for people
	Edits   []Edit
	Package string // of the tests that must notice, as "./track_users/internal/domain/window"
	Run     string // which of them: a pattern as go test -run takes it
}

// Edit replaces one piece of a file's text.
type Edit struct {
	File string // below the module's root, with slashes
	Old  string // must be in the file exactly once
	New  string
}

// Mutated gives the whole new text of each file that the edits change, by its path below root. It changes no file. An
// edit whose old text is not in its file exactly once is an error: the table is stale.
func (g Guard) Mutated(root string) (map[string]string, error) {
	texts := map[string]string{}
	for _, edit := range g.Edits {
		text, ok := texts[edit.File]
		if !ok {
			content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(edit.File)))
			if err != nil {
				return nil, fmt.Errorf("guard %s: the table is stale: %w", g.Name, err)
			}
			text = string(content)
		}
		if found := strings.Count(text, edit.Old); found != 1 {
			return nil, fmt.Errorf("guard %s: the table is stale: %s has %d times, and not once:\n%s", g.Name, edit.File, found, edit.Old)
		}
		texts[edit.File] = strings.Replace(text, edit.Old, edit.New, 1)
	}
	return texts, nil
}

// All is the whole table, in the order of an event's way.
func All() []Guard {
	var all []Guard
	for _, part := range [][]Guard{
		appending(), placing(), keying(), relaying(), retransmitting(), renewing(), contract(), window(), tallying(), ledger(),
		consuming(), reading(),
	} {
		all = append(all, part...)
	}
	return all
}

// Find gives the guards of these names, or all without any, and the names that there are not.
func Find(names ...string) (found []Guard, unknown []string) {
	all := All()
	if len(names) == 0 {
		return all, nil
	}
	byName := make(map[string]Guard, len(all))
	for _, guard := range all {
		byName[guard.Name] = guard
	}
	for _, name := range names {
		if guard, ok := byName[name]; ok {
			found = append(found, guard)
		} else {
			unknown = append(unknown, name)
		}
	}
	return found, unknown
}

// Folders that have guards of several parts.
const (
	ordersPostgres = "order_service/internal/adapters/postgres"
	trackPostgres  = "track_users/internal/adapters/postgres"
)

// in is where a part of the table lies: its files and its tests.
type in struct {
	folder string // of the files
	tests  string // folder of the tests; empty means the same
}

// guard makes a guard of one edit.
func (i in) guard(name, keeps, removed, file, old, replacement, run string) Guard {
	return i.edited(name, keeps, removed, run, i.edit(file, old, replacement))
}

// edited makes a guard of several edits.
func (i in) edited(name, keeps, removed, run string, edits ...Edit) Guard {
	tests := i.tests
	if tests == "" {
		tests = i.folder
	}
	return Guard{Name: name, Keeps: keeps, Removed: removed, Edits: edits, Package: "./" + tests, Run: run}
}

// with adds an edit that another one needs.
func (g Guard) with(edits ...Edit) Guard {
	g.Edits = append(g.Edits, edits...)
	return g
}

func (i in) edit(file, old, replacement string) Edit {
	return Edit{File: i.folder + "/" + file, Old: old, New: replacement}
}
