package workload

import (
	"fmt"
	"strconv"
	"strings"
)

// Outcome is what a client knows about an order it sent.
type Outcome uint8

// The outcomes.
const (
	Unknown      Outcome = iota // no answer, or one that leaves it open: the order may exist
	Acknowledged                // 201: the order exists
	Refused                     // certainly not stored
)

// Record is one order, as its client knows it.
type Record struct {
	Name    string
	Outcome Outcome
	ID      int64 // of an acknowledged order

	Conflict string // how two answers to the same key were different
}

// Tag is what a client notes on an order, so that its row can be told from all others. Orders without a key are
// never sent twice: a refused one is followed by a new one.
type Tag struct{ Client, Number int }

func (t Tag) String() string { return fmt.Sprintf("%d/%d", t.Client, t.Number) }

// ParseTag reads a note. It is false for a note that no client writes.
func ParseTag(note string) (Tag, bool) {
	client, number, found := strings.Cut(note, "/")
	if !found {
		return Tag{}, false
	}
	c, err := strconv.Atoi(client)
	n, err2 := strconv.Atoi(number)
	tag := Tag{Client: c, Number: n}
	return tag, err == nil && err2 == nil && tag.String() == note
}

// Ledger is what the clients remember: each one's orders in the order of sending.
type Ledger struct {
	clients  [][]Record
	forgiven []pardon
}

// NewLedger makes a ledger of what each client recorded.
func NewLedger(clients ...[]Record) *Ledger { return &Ledger{clients: clients} }

// Find returns the record of an order; false when no client sent it.
func (l *Ledger) Find(tag Tag) (Record, bool) {
	if tag.Client < 0 || tag.Client >= len(l.clients) || tag.Number < 0 || tag.Number >= len(l.clients[tag.Client]) {
		return Record{}, false
	}
	return l.clients[tag.Client][tag.Number], true
}

// All calls yield for each order.
func (l *Ledger) All(yield func(Tag, Record) bool) {
	for client, records := range l.clients {
		for number, record := range records {
			if !yield(Tag{Client: client, Number: number}, record) {
				return
			}
		}
	}
}
