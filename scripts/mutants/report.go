package main

import (
	"fmt"
	"strings"

	"ordertrack/scripts/mutants/trial"
)

func countUnnoticed(results []trial.Result) (unnoticed int) {
	for _, result := range results {
		if result.Verdict != trial.Red {
			unnoticed++
		}
	}
	return unnoticed
}

// line is a result for a terminal.
func line(r trial.Result) string {
	return fmt.Sprintf("%-30s %-9s %5.1f s  %s", r.Guard.Name, r.Verdict, r.Took.Seconds(), noticedBy(r, ""))
}

// noticedBy names the first test that turned red, and how many more did. A quote goes around the name.
func noticedBy(r trial.Result, quote string) string {
	if len(r.Tests) == 0 {
		return "-"
	}
	text := quote + r.Tests[0] + quote
	if more := len(r.Tests) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

const heading = "# Guards, and the tests that notice when one is gone\n\n" +
	"`make mutants` writes this file. It takes one guard at a time out of a copy of the tree and runs only the tests meant for\n" +
	"that guard, without Apache Kafka. A guard that can be taken out unnoticed has no test, or is none.\n" +
	"`make mutants ONLY=name` tries one again. The table is in scripts/mutants/guards.\n\n" +
	"| Guard | What it keeps | What was removed | Test that turned red | Time |\n|---|---|---|---|---|\n"

// document is docs/mutants.md.
func document(results []trial.Result) string {
	var b strings.Builder
	b.WriteString(heading)
	for _, r := range results {
		verdict := noticedBy(r, "`")
		if r.Verdict != trial.Red {
			verdict = "**" + string(r.Verdict) + "**"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %.1f s |\n",
			r.Guard.Name, cell(r.Guard.Keeps), cell(r.Guard.Removed), verdict, r.Took.Seconds())
	}
	unnoticed := countUnnoticed(results)
	fmt.Fprintf(&b, "\n%d guards, %d noticed, %d not.\n", len(results), len(results)-unnoticed, unnoticed)
	return b.String()
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
