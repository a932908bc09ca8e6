package matrix

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/scripts/faults/claims"
)

func TestConduct(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		result Result
		want   string
	}{
		"nothing is asked":        {Result{Claims: claims.Report{Unknown: 1, Found: 1}, Repeats: 1}, ""},
		"answered":                {Result{Cell: Cell{Answered: true}}, ""},
		"not answered":            {Result{Cell: Cell{Answered: true}, Claims: claims.Report{Unknown: 2}}, "answers: 2 clients got no clear answer"},
		"orderly":                 {Result{Cell: Cell{Orderly: true}, Claims: claims.Report{Unknown: 2}}, ""},
		"stored and not answered": {Result{Cell: Cell{Orderly: true}, Claims: claims.Report{Unknown: 2, Found: 1}}, "answers: 1 orders exist whose clients got no clear answer"},
		"repeats":                 {Result{Cell: Cell{Orderly: true}, Repeats: 3}, "repeats: 3 events were delivered a second time"},
		"lost and sent again":     {Result{Cell: Cell{Losing: true}, Resent: 4}, ""},
		"sent again for nothing":  {Result{Resent: 4}, "events sent again: 4, although Kafka lost none"},
		"noticed":                 {Result{Cell: Cell{Noticed: true}, Claims: claims.Report{Refused: 1}}, ""},
		"not noticed":             {Result{Cell: Cell{Noticed: true}}, "answers: no client noticed anything: the fault was none"},
		"little memory":           {Result{Memory: map[string]int64{"a": 200 << 20}}, ""},
		"much memory":             {Result{Memory: map[string]int64{"a": 201 << 20, "b": 1}}, "memory: a took 201 MB, and 200 is the limit"},
		"forgetting":              {Result{Cell: Cell{Forgetting: true}, Claims: claims.Report{Forgotten: 1}}, ""},
		"nothing forgotten":       {Result{Cell: Cell{Forgetting: true}}, "orders: none was undone: the fault was none"},
		"repeating":               {Result{Cell: Cell{Repeating: true}, Repeats: 3}, ""},
		"no repeats":              {Result{Cell: Cell{Repeating: true}}, "repeats: nothing was delivered a second time: the fault was none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			judgeConduct(&c.result)
			judgeMemory(&c.result)
			if c.want == "" {
				require.Empty(t, c.result.Problems)
				return
			}
			require.Equal(t, []string{c.want}, c.result.Problems)
		})
	}
}
