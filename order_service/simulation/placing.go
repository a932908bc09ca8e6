package simulation

import (
	"context"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
)

type (
	// Order is one that was placed.
	Order = domain.Order
	// Batch is what is appended at once.
	Batch = placing.Batch
	// AppendLog appends orders durably.
	AppendLog = placing.Log
	// Request is what a client asks for.
	Request = placing.Request
	// PlacingMeter is told what becomes of orders.
	PlacingMeter = placing.Meter
)

// What placing may answer, and what a log may answer to that.
var (
	ErrUnavailable    = placing.ErrUnavailable
	ErrUnknownOutcome = placing.ErrUnknownOutcome
	ErrMayExist       = placing.ErrMayExist
)

// Writer places orders, as one process of order_service does. It is used by one goroutine.
type Writer struct {
	log    AppendLog
	placer *placing.Placer
	calls  chan call
}

// call is the placer's question to the log.
type call struct {
	batch  Batch
	answer chan answer
}

type answer struct {
	orders []Order
	err    error
}

// NewWriter makes a writer whose batches count from 1. It ends with Close.
func NewWriter(log AppendLog, meter PlacingMeter) *Writer {
	w := &Writer{log: log, calls: make(chan call)}
	limits := placing.DefaultLimits()
	limits.Queue, limits.AppendTimeout, limits.Retry.Base, limits.Retry.Max = 10, never, 1, 1
	w.placer = placing.New(asking{w}, meter, limits)
	w.placer.Start()
	return w
}

// Close gives up what is being placed.
func (w *Writer) Close() {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	_ = w.placer.Stop(over) // the error is that it did not wait
}

// Place stores the orders, all or none. The placer has a goroutine of its own, but the log is asked by the one that calls
// Place: it may stop there. When ctx ends meanwhile, or the log panics, the writer is closed.
func (w *Writer) Place(ctx context.Context, requests []Request) ([]Order, error) {
	ended := make(chan answer, 1)
	go func() {
		orders, err := w.placer.PlaceAll(context.WithoutCancel(ctx), requests, nil)
		ended <- answer{orders, err}
	}()
	panicking := true
	defer func() { //nolint:contextcheck // it ends at once, in any case
		if panicking {
			w.Close()
		}
	}()
	for {
		select {
		case c := <-w.calls:
			orders, err := w.log.Append(ctx, c.batch)
			if ctx.Err() != nil {
				w.Close() //nolint:contextcheck // before the answer: what came of it is never known
				continue
			}
			c.answer <- answer{orders, err}
		case a := <-ended:
			panicking = false
			return a.orders, a.err
		}
	}
}

// asking takes the placer's questions to who called Place.
type asking struct{ *Writer }

// Append implements the log.
func (a asking) Append(ctx context.Context, batch Batch) ([]Order, error) {
	c := call{batch: batch, answer: make(chan answer)}
	select {
	case a.calls <- c:
	case <-ctx.Done():
		return nil, ErrUnavailable
	}
	select {
	case got := <-c.answer:
		return got.orders, got.err
	case <-ctx.Done():
		return nil, ErrUnknownOutcome
	}
}
