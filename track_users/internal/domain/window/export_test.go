package window

// Lanes is how many lanes are remembered.
func (w *Window) Lanes() int { return len(w.lanes) }

// Recount counts what Len keeps the sums of.
func (w *Window) Recount() (events, bytes int) {
	for _, l := range w.lanes {
		for _, e := range l.waiting {
			events++
			bytes += e.Size()
		}
	}
	return events, bytes
}
