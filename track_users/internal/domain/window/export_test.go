package window

// Lanes is how many lanes are remembered.
func (w *Window) Lanes() int { return len(w.lanes) }
