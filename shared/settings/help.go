package settings

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/tabwriter"
)

// Help writes what program is (summary) and each setting of T with its default.
func Help[T any](w io.Writer, program, summary string) error {
	var target T
	if _, err := fmt.Fprintf(w, "%s: %s\n\nSettings, read from the environment:\n", program, summary); err != nil {
		return fmt.Errorf("write help: %w", err)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range fieldsOf(reflect.ValueOf(&target).Elem()) {
		line := fmt.Sprintf("  %s\t%s\t", f.name, f.help)
		if f.fallback != "" {
			line += "(default " + f.fallback + ")"
		}
		if _, err := fmt.Fprintln(table, strings.TrimRight(line, " ")); err != nil {
			return fmt.Errorf("write help: %w", err)
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write help: %w", err)
	}
	return nil
}
