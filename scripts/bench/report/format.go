package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"ordertrack/scripts/bench/score"
)

// number prints a value with three significant digits, and thousands set apart.
func number(value float64) string {
	if math.Abs(value) >= 1000 {
		return thousands(int64(roundTo3(value)))
	}
	if value == 0 {
		return "0"
	}
	decimals := max(0, 2-int(math.Floor(math.Log10(math.Abs(value)))))
	return strconv.FormatFloat(value, 'f', min(decimals, 3), 64)
}

func roundTo3(value float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(value)))-2)
	return math.Round(value/unit) * unit
}

func thousands(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 && digits[i-1] != '-' {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String()
}

func spread(s score.Spread) string {
	if s.Min == s.Max {
		return number(s.Median)
	}
	return fmt.Sprintf("%s (%s to %s)", number(s.Median), number(s.Min), number(s.Max))
}

// value is what a row is judged by.
func value(s score.Score) string {
	if s.Missing != "" {
		return "-"
	}
	if s.IsRatio() {
		return spread(s.Ratio) + "x"
	}
	return spread(s.OursAt) + " " + s.Unit
}

func goal(s score.Score) string {
	switch {
	case s.Goal == 0:
		return "-"
	case !s.IsRatio():
		return "<= " + number(s.Goal) + " " + s.Unit
	case s.Least:
		return ">= " + number(s.Goal) + "x"
	default:
		return "<= " + number(s.Goal) + "x"
	}
}

// verdict says in how many rounds the goal was met, unless all agree.
func verdict(s score.Score) string {
	switch {
	case s.Missing != "":
		return "not measured: " + s.Missing
	case s.Goal == 0:
		return "-"
	case s.Met == s.Rounds:
		return "met"
	case s.Met == 0:
		return "missed"
	case s.IsMet():
		return fmt.Sprintf("met, in %d of %d rounds", s.Met, s.Rounds)
	default:
		return fmt.Sprintf("missed, met in %d of %d rounds", s.Met, s.Rounds)
	}
}

// figures are the medians behind a ratio.
func figures(s score.Score) string {
	if s.Missing != "" || !s.IsRatio() {
		return ""
	}
	return fmt.Sprintf("%s against %s %s", number(s.OursAt.Median), number(s.TheirsAt.Median), s.Unit)
}
