package workload

// Cut is how many orders each client had sent at a moment when none was on its way.
type Cut []int

// Freeze waits until no order is on its way, and lets no client begin another until thaw is called.
func (l *Load) Freeze() (cut Cut, thaw func()) {
	l.frozen.Lock()
	cut = make(Cut, len(l.clients))
	for i, c := range l.clients {
		cut[i] = len(c.records)
	}
	return cut, l.frozen.Unlock
}

// Forgive says that the orders that were acknowledged before the cut, with an id above the last one, may be gone: the
// database was put back to a state without them.
func (l *Load) Forgive(cut Cut, last int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forgiven = append(l.forgiven, pardon{cut: cut, last: last})
}

// pardon is for the orders that one restore undid.
type pardon struct {
	cut  Cut
	last int64
}

func (p pardon) covers(tag Tag, record Record) bool {
	return tag.Client < len(p.cut) && tag.Number < p.cut[tag.Client] && record.ID > p.last
}

// Forgive is Load.Forgive for a ledger that is there already.
func (l *Ledger) Forgive(cut Cut, last int64) {
	l.forgiven = append(l.forgiven, pardon{cut: cut, last: last})
}

// Forgiven tells whether an acknowledged order may be gone.
func (l *Ledger) Forgiven(tag Tag, record Record) bool {
	for _, p := range l.forgiven {
		if p.covers(tag, record) {
			return true
		}
	}
	return false
}
