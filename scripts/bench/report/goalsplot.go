package report

import (
	"fmt"
	"math"

	"ordertrack/scripts/bench/score"
)

// Measures of the plot of goals, in pixels.
const (
	goalsWidth  = 900
	goalsLabel  = 330 // where the scale begins
	goalsRight  = 30
	goalsTop    = 50
	goalsHeight = 26 // of a row
)

// The scale of the plot: how many times the goal, on a logarithmic axis.
const (
	leastTimes = 1.0 / 8
	mostTimes  = 16.0
)

// times is how many times better than its goal a value is.
func times(s score.Score, value float64) float64 {
	if s.Least {
		return value / s.Goal
	}
	return s.Goal / value
}

func goalsX(times float64) float64 {
	clamped := min(max(times, leastTimes), mostTimes)
	share := math.Log(clamped/leastTimes) / math.Log(mostTimes/leastTimes)
	return goalsLabel + share*(goalsWidth-goalsLabel-goalsRight)
}

// goalsPlot draws each row that has a goal: a line from the worst round to the best, and a dot for the median.
func (r Run) goalsPlot() []byte {
	var rows []score.Score
	for _, s := range r.Scores {
		if s.Goal > 0 && s.Missing == "" {
			rows = append(rows, s)
		}
	}
	d := newDrawing(goalsWidth, goalsTop+goalsHeight*len(rows)+20)
	d.text(goalsLabel, 20, "start", "How many times the goal; right of the line is better than it", strong)
	for times := leastTimes; times <= mostTimes; times *= 2 {
		x := goalsX(times)
		d.line(x, goalsTop-10, x, float64(d.height-15), gridColor, 1)
		d.text(x, goalsTop-15, "middle", number(times), faint)
	}
	d.line(goalsX(1), goalsTop-10, goalsX(1), float64(d.height-15), axisColor, 2)
	for i, s := range rows {
		y := float64(goalsTop + goalsHeight*i + goalsHeight/2)
		v := s.Value()
		color := badColor
		if s.IsMet() {
			color = goodColor
		}
		d.text(goalsLabel-10, y+4, "end", fmt.Sprintf("%s: %s, goal %s", s.Key, shortValue(s), goal(s)), "")
		d.line(goalsX(times(s, v.Min)), y, goalsX(times(s, v.Max)), y, color, 3)
		d.dot(goalsX(times(s, v.Median)), y, color)
	}
	return d.bytes()
}

func shortValue(s score.Score) string {
	if s.IsRatio() {
		return number(s.Ratio.Median) + "x"
	}
	return number(s.OursAt.Median) + " " + s.Unit
}
