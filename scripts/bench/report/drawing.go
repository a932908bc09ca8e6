package report

import (
	"bytes"
	"fmt"
	"html"
	"strings"
)

// Looks.
const (
	gridColor = "#dddddd"
	axisColor = "#555555"
	goodColor = "#1e8449"
	badColor  = "#c0392b"
	strong    = `font-weight="bold"`
	faint     = `fill="#555555"`
)

// drawing is an SVG that is being written.
type drawing struct {
	width, height int
	body          bytes.Buffer
}

type point struct{ x, y float64 }

// newDrawing begins a drawing on a white ground, which is readable in dark pages, too.
func newDrawing(width, height int) *drawing {
	d := &drawing{width: width, height: height}
	fmt.Fprintf(&d.body, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`+"\n",
		width, height)
	fmt.Fprintf(&d.body, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	return d
}

func (d *drawing) text(x, y float64, anchor, text, look string) {
	fmt.Fprintf(&d.body, `<text x="%.1f" y="%.1f" text-anchor="%s" %s>%s</text>`+"\n", x, y, anchor, look, html.EscapeString(text))
}

func (d *drawing) line(x1, y1, x2, y2 float64, color string, width int) {
	fmt.Fprintf(&d.body, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%d"/>`+"\n",
		x1, y1, x2, y2, color, width)
}

func (d *drawing) dot(x, y float64, color string) {
	fmt.Fprintf(&d.body, `<circle cx="%.1f" cy="%.1f" r="5" fill="%s"/>`+"\n", x, y, color)
}

func (d *drawing) path(points []point, color string) {
	var at strings.Builder
	for _, p := range points {
		fmt.Fprintf(&at, "%.1f,%.1f ", p.x, p.y)
	}
	fmt.Fprintf(&d.body, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n",
		strings.TrimSpace(at.String()), color)
}

func (d *drawing) bytes() []byte {
	d.body.WriteString("</svg>\n")
	return d.body.Bytes()
}
