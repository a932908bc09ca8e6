package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sender "ordertrack/order_service/simulation"
)

// writer is one process of order_service as it places orders, and its way to the database.
type writer struct {
	*world

	number  int // its identity in the database
	logic   *sender.Writer
	request *process // that is being placed; nil at first
}

// asked is an order that a client asked for, and what the answer was.
type asked struct {
	name   string
	id     int64 // of one that was acknowledged
	answer answer
}

type answer int

const (
	pending answer = iota
	acknowledged
	unknown
	refused
)

// written is what the database keeps of a writer: its last batch.
type written struct {
	batch       int64
	first, size int64
}

// lateBatch is one whose answer was lost before it came to the database.
type lateBatch struct {
	writer int
	batch  sender.Batch
}

func (w *world) write() *writer {
	w.identities++
	one := &writer{world: w, number: w.identities}
	one.logic = sender.NewWriter(one, one)
	return one
}

// end ends the process: its clients have no answer.
func (w *writer) end() {
	if w.request != nil {
		w.request.crash()
	}
	w.logic.Close()
}

// someWriter goes on with placing, or begins to.
func (w *world) someWriterGoesOn(t *rapid.T) {
	if !w.enabled[writers] {
		t.Skip()
	}
	which := rapid.IntRange(0, len(w.writers)-1).Draw(t, "writer")
	switch what := rapid.SampledFrom([]string{"on", "on", "on", "on", "late", "stop", "crash"}).Draw(t, "goes"); {
	case what == "late":
		w.lateBatchArrives(t)
	case what == "stop" && w.enabled[moves] && w.writers[which].request != nil:
		w.writers[which].request.stop()
	case what == "crash" && w.enabled[crashes]:
		w.writers[which].end()
		w.writers[which] = w.write()
	default:
		w.writers[which].goOn(rapid.IntRange(1, 3).Draw(t, "orders"))
	}
	w.checkAnswers()
}

func (w *writer) goOn(orders int) {
	if w.request == nil || w.request.done {
		first := len(w.asked)
		requests := make([]sender.Request, orders)
		for i := range requests {
			who := rapid.SampledFrom(names).Draw(w.T, "name")
			requests[i] = sender.Request{Name: who, TraceParent: tag(first + i)}
			w.asked = append(w.asked, asked{name: who.String()})
		}
		w.request = begin(func(ctx context.Context, _ *process) error {
			orders, err := w.logic.Place(ctx, requests)
			w.answered(first, len(requests), orders, err)
			return nil
		})
	}
	w.request.step(1)
	if w.request.done && w.request.stopped() {
		w.logic = sender.NewWriter(w, w) // a process that was told to stop; the next one has another identity
		w.identities++
		w.number = w.identities
	}
}

// tag tells orders apart.
func tag(number int) string { return fmt.Sprintf("00-%032x-%016x-01", number+1, number+1) }

func (w *writer) answered(first, count int, orders []sender.Order, err error) {
	for i := range count {
		one := &w.asked[first+i]
		switch {
		case err == nil:
			one.answer, one.id = acknowledged, orders[i].ID
			require.Equal(w.T, tag(first+i), orders[i].TraceParent)
		case errors.Is(err, sender.ErrMayExist):
			one.answer = unknown
		default:
			one.answer = refused
		}
	}
}

// Append implements the log: it is away, loses answers of batches that are stored and of such that are not, and the latter
// may come late.
func (w *writer) Append(_ context.Context, batch sender.Batch) ([]sender.Order, error) {
	w.request.pause()
	if w.fails(database) {
		switch rapid.SampledFrom([]string{"away", "late", "unanswered"}).Draw(w.T, "append") {
		case "late":
			w.lateBatches = append(w.lateBatches, lateBatch{w.number, batch})
			return nil, sender.ErrUnknownOutcome
		case "unanswered":
			w.store(w.number, batch)
			w.request.pause()
			return nil, sender.ErrUnknownOutcome
		default:
			return nil, sender.ErrUnavailable
		}
	}
	orders := w.store(w.number, batch)
	if orders == nil {
		return nil, sender.ErrUnknownOutcome // the writer has come further since
	}
	return orders, nil
}

// store is the transaction: idempotent in the batch's number.
func (w *world) store(number int, batch sender.Batch) []sender.Order {
	last := w.orders.writers[number]
	if batch.Number > last.batch {
		last = written{batch: batch.Number, first: int64(len(w.orders.rows) + 1), size: int64(len(batch.Drafts))}
		for _, draft := range batch.Drafts {
			w.placeTagged(draft.Name(), draft.TraceParent())
		}
		w.orders.writers[number] = last
	}
	if batch.Number < last.batch {
		return nil
	}
	orders := make([]sender.Order, 0, len(batch.Drafts))
	for i, row := range w.orders.rows[last.first-1 : last.first-1+last.size] {
		orders = append(orders, batch.Drafts[i].Accept(row.OrderID, row.PlacedAt, row.Place.LogID, row.Place.Sequence))
	}
	return orders
}

func (w *world) lateBatchArrives(t *rapid.T) {
	if len(w.lateBatches) == 0 {
		t.Skip()
	}
	which := rapid.IntRange(0, len(w.lateBatches)-1).Draw(t, "batch")
	one := w.lateBatches[which]
	w.lateBatches = append(w.lateBatches[:which:which], w.lateBatches[which+1:]...)
	w.store(one.writer, one.batch)
}

// checkAnswers: what a client was told is true. A restore makes orders of before it be forgotten.
func (w *world) checkAnswers() {
	stored := map[string][]sender.Placed{}
	for _, row := range w.orders.rows {
		stored[row.TraceParent] = append(stored[row.TraceParent], row)
	}
	for number, one := range w.asked {
		rows := stored[tag(number)]
		switch {
		case len(rows) > 1, one.answer == refused && len(rows) > 0,
			one.answer == acknowledged && len(rows) == 0 && !w.forgot,
			one.answer == acknowledged && len(rows) == 1 && !w.forgot && rows[0].OrderID != one.id,
			len(rows) == 1 && rows[0].Name.String() != one.name:
			require.Failf(w.T, "an answer is not true", "order %d: %+v, stored: %+v", number, one, rows)
		}
	}
}

// finishPlacing lets the writers come to an end with what they have, and what is late arrive.
func (w *world) finishPlacing() {
	for _, one := range w.writers {
		for one != nil && one.request != nil && !one.request.done {
			one.request.step(1)
		}
	}
	for _, one := range w.lateBatches {
		w.store(one.writer, one.batch)
	}
	w.lateBatches = nil
	w.checkAnswers()
}

// Appended implements the meter.
func (w *writer) Appended(int, time.Duration) {}

// Failed implements the meter.
func (w *writer) Failed(error) {}
