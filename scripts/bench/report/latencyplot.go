package report

import (
	"math"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Measures of a plot of latencies, in pixels.
const (
	latencyWidth  = 900
	latencyHeight = 380
	latencyLeft   = 70
	latencyRight  = 180 // holds the names
	latencyTop    = 40
	latencyBottom = 40
)

// nines is how far the axis of percentiles goes: to 99.9.
const nines = 3.0

var lineColors = []string{"#1b6ca8", "#c0392b", "#7d3c98"}

// curve is the latencies of a variant.
type curve struct {
	name string
	of   *hdrhistogram.Histogram
}

// latencyPlot draws latency by percentile, as HdrHistogram does: each nine takes as much room as the one before.
func (r Run) latencyPlot(title, experiment string) []byte {
	var curves []curve
	highest := 1.0
	for key, histogram := range r.Latencies {
		name, found := strings.CutPrefix(key, experiment+"/")
		if found && histogram.TotalCount() > 0 {
			curves = append(curves, curve{name, histogram})
			highest = max(highest, float64(histogram.ValueAtQuantile(99.9))/1000)
		}
	}
	slices.SortFunc(curves, func(a, b curve) int { return strings.Compare(a.name, b.name) })
	top := math.Ceil(math.Log10(highest))
	const bottom = -1 // 0.1 ms
	y := func(ms float64) float64 {
		share := (math.Log10(max(ms, 0.1)) - bottom) / (top - bottom)
		return latencyHeight - latencyBottom - share*(latencyHeight-latencyTop-latencyBottom)
	}
	d := newDrawing(latencyWidth, latencyHeight)
	d.text(latencyLeft, 20, "start", title+", milliseconds by percentile", strong)
	for power := float64(bottom); power <= top; power++ {
		ms := math.Pow(10, power)
		d.line(latencyLeft, y(ms), latencyWidth-latencyRight, y(ms), gridColor, 1)
		d.text(latencyLeft-8, y(ms)+4, "end", number(ms), faint)
	}
	for _, percentile := range []float64{0, 50, 90, 99, 99.9} {
		x := percentileX(percentile)
		d.line(x, latencyTop, x, latencyHeight-latencyBottom, gridColor, 1)
		d.text(x, latencyHeight-latencyBottom+18, "middle", number(percentile), faint)
	}
	for i, c := range curves {
		color := lineColors[i%len(lineColors)]
		d.path(c.points(y), color)
		last := float64(c.of.ValueAtQuantile(99.9)) / 1000
		d.text(latencyWidth-latencyRight+8, y(last)+4, "start", c.name, `fill="`+color+`"`)
	}
	return d.bytes()
}

func percentileX(percentile float64) float64 {
	share := -math.Log10(1-percentile/100) / nines
	return latencyLeft + share*(latencyWidth-latencyLeft-latencyRight)
}

func (c curve) points(y func(float64) float64) []point {
	const steps = 90
	points := make([]point, 0, steps+1)
	for i := range steps + 1 {
		percentile := 100 * (1 - math.Pow(10, -nines*float64(i)/steps))
		points = append(points, point{percentileX(percentile), y(float64(c.of.ValueAtQuantile(percentile)) / 1000)})
	}
	return points
}
