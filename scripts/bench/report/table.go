package report

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Table prints the rows for a terminal.
func (r Run) Table(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROW\tWHAT\tAGAINST\tRESULT\tFIGURES\tGOAL\tVERDICT")
	for _, s := range r.Scores {
		against := s.Against
		if against == "" {
			against = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Key, s.What, against, value(s), figures(s), goal(s), verdict(s))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	met, of := r.met()
	_, err := fmt.Fprintf(w, "\n%d of %d goals met, on %s with %s; load average before the run: %s.\n",
		met, of, r.Machine.CPU, r.Machine.Broker, r.Machine.Load)
	return err
}
