package proxy

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// gate holds what comes while it is shut: a channel that is closed when it opens.
type gate chan struct{}

func openGate() gate {
	g := make(gate)
	close(g)
	return g
}

// SetWeather changes what all connections suffer steadily.
func (p *Proxy) SetWeather(w Weather) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.weather = w
}

// Reset ends all connections at once, each with a TCP reset to both sides. It returns how many there were.
func (p *Proxy) Reset() int {
	p.mu.Lock()
	all := slices.Collect(maps.Keys(p.connected))
	p.mu.Unlock()
	for _, c := range all {
		if c.reset() {
			p.note(func(s *Suffered) { s.Resets++ })
		}
	}
	return len(all)
}

// Hold lets nothing through in these directions until Release, not even the end of a connection: what is sent arrives
// late, as with TCP over a network that loses every packet. Held in both directions, each side of a connection is half
// open for the other. A new connection is accepted, and gets no answer.
func (p *Proxy) Hold(directions ...Direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range directions {
		select {
		case <-p.gates[d]: // it is open
			p.gates[d] = make(gate)
		default:
		}
	}
}

// Release lets everything through again, that which was held first.
func (p *Proxy) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range p.gates {
		select {
		case <-g:
		default:
			close(g)
		}
	}
}

// Halve lets only the first half of each of the next n pieces of data through, on whichever connections and in
// whichever direction they come, and resets the connection then: in the middle of a message, as like as not.
func (p *Proxy) Halve(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.halves = n
}

// Suffered is what was done to the connections of a proxy.
type Suffered struct {
	Resets int           // connections that were open to both sides, by Reset
	Halves int           // pieces of data, by Halve
	Delay  time.Duration // of all pieces of data together, by SetWeather
	Held   [2]int        // pieces of data, by Hold, by Direction
}

// Suffered is what was done so far.
func (p *Proxy) Suffered() Suffered {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.suffered
}

func (p *Proxy) note(what func(*Suffered)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	what(&p.suffered)
}

// Halved is how many of the pieces that Halve asked for are still to come.
func (p *Proxy) Halved() (left int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.halves
}

func (p *Proxy) gate(d Direction) gate {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gates[d]
}

func (p *Proxy) takeHalf() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.halves == 0 {
		return false
	}
	p.halves--
	p.suffered.Halves++
	return true
}

// delay is how long a piece of so many bytes takes.
func (p *Proxy) delay(bytes int) time.Duration {
	p.mu.Lock()
	w := p.weather
	p.mu.Unlock()
	d := w.Latency
	if w.Jitter > 0 {
		d += rand.N(w.Jitter)
	}
	if w.BytesPerSecond > 0 {
		d += time.Duration(bytes) * time.Second / time.Duration(w.BytesPerSecond)
	}
	return d
}
