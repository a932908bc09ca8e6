package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/google/uuid"

	"ordertrack/client/ordersapi"
)

type (
	// Draft is an order to be placed: a name of 1 to 200 characters, and a note of up to 4,000 or none.
	Draft struct{ Name, Note string }
	// Order is an order as it is, with how far its event is and its place in the log.
	Order = ordersapi.Order
	// ListedOrder is an order in a list.
	ListedOrder = ordersapi.ListedOrder
	// OrderStats is how many orders there are, and how far the counting is behind.
	OrderStats = ordersapi.Stats
)

// How far an order's event is: Order.Status.
const (
	Accepted  = ordersapi.Accepted  // the order is durable
	Published = ordersapi.Published // Kafka has its event
	Counted   = ordersapi.Counted   // track_users has dealt with it
)

// Placed is an order that is durable.
type Placed struct {
	ID    int64
	Token string // the order's place in the log: Users.After waits for it
	Key   string // the Idempotency-Key that it was placed with
}

// PlacedAll is a batch that is durable.
type PlacedAll struct {
	IDs []int64 // in the order of the drafts
	Key string
}

// Orders is a client of order_service. It may be used concurrently.
type Orders struct {
	opts options
	api  *ordersapi.Client
}

// NewOrders makes a client for the base URL of order_service's API, such as http://localhost:8080.
func NewOrders(baseURL string, opts ...Option) (*Orders, error) {
	if err := checkBase(baseURL); err != nil {
		return nil, fmt.Errorf("order_service: %w", err)
	}
	o := &Orders{opts: read(opts)}
	api, err := ordersapi.NewClient(baseURL, ordersapi.WithHTTPClient(o.opts.retrier()))
	if err != nil {
		return nil, fmt.Errorf("order_service: %w", err)
	}
	o.api = api
	return o, nil
}

// Close ends the connections that are kept open.
func (o *Orders) Close() { o.opts.close() }

// PlaceOption changes how orders are placed.
type PlaceOption func(*placing)

type placing struct{ key string }

// WithKey places under this Idempotency-Key, 1 to 255 printable ASCII characters without blanks, quotes and backslashes.
// It is for those who may place again after their own crash; else each call has a new key.
func WithKey(key string) PlaceOption { return func(p *placing) { p.key = key } }

func keyOf(opts []PlaceOption) string {
	var p placing
	for _, opt := range opts {
		opt(&p)
	}
	if p.key == "" {
		return uuid.NewString()
	}
	return p.key
}

// Place places an order: once, however often it must be sent. Errors: a *Problem when it was not placed, an
// *UnknownOutcome when nobody said whether it was.
func (o *Orders) Place(ctx context.Context, draft Draft, opts ...PlaceOption) (Placed, error) {
	key := keyOf(opts)
	response, err := o.api.PlaceOrder(ctx, &ordersapi.PlaceOrderParams{IdempotencyKey: &key}, toRequest(draft))
	if err != nil {
		return Placed{}, notPlaced(key, err)
	}
	body, err := decode[ordersapi.OrderPlaced](response)
	if err != nil {
		return Placed{}, &UnknownOutcome{Key: key, Err: err}
	}
	return Placed{ID: body.OrderID, Token: response.Header.Get("Order-Token"), Key: key}, nil
}

// PlaceAll places up to 1,000 orders, all or none, under one key. Errors: as Place.
func (o *Orders) PlaceAll(ctx context.Context, drafts []Draft, opts ...PlaceOption) (PlacedAll, error) {
	key := keyOf(opts)
	batch := ordersapi.BatchRequest{Orders: make([]ordersapi.OrderRequest, len(drafts))}
	for i, draft := range drafts {
		batch.Orders[i] = toRequest(draft)
	}
	response, err := o.api.PlaceOrders(ctx, &ordersapi.PlaceOrdersParams{IdempotencyKey: &key}, batch)
	if err != nil {
		return PlacedAll{}, notPlaced(key, err)
	}
	body, err := decode[ordersapi.BatchPlaced](response)
	if err != nil {
		return PlacedAll{}, &UnknownOutcome{Key: key, Err: err}
	}
	return PlacedAll{IDs: body.OrderIds, Key: key}, nil
}

func toRequest(draft Draft) ordersapi.OrderRequest {
	request := ordersapi.OrderRequest{Name: draft.Name}
	if draft.Note != "" {
		request.Note = &draft.Note
	}
	return request
}

func notPlaced(key string, err error) error {
	var attempts *tried
	if errors.As(err, &attempts) && attempts.doubt {
		return &UnknownOutcome{Key: key, Err: err}
	}
	return err
}

// Get looks an order up. Errors: a *Problem, of the type NotFound when there is no such order.
func (o *Orders) Get(ctx context.Context, id int64) (Order, error) {
	return answer[Order](o.api.GetOrder(ctx, id, &ordersapi.GetOrderParams{}))
}

// Filter narrows a list of orders. Zero values do not.
type Filter struct {
	Name          string
	CreatedAfter  time.Time // or then
	CreatedBefore time.Time
	PageSize      int // how many are asked for at once, from 1 to 1,000; 0 is 100
}

// Stats tells how many orders there are, and how far the counting is behind.
func (o *Orders) Stats(ctx context.Context) (OrderStats, error) {
	return answer[OrderStats](o.api.GetStats(ctx))
}

// List gives orders, newest first, a page at a time as they are taken. After an error there are no more.
func (o *Orders) List(ctx context.Context, filter Filter) iter.Seq2[ListedOrder, error] {
	return pages(func(cursor string) ([]ListedOrder, string, error) {
		response, err := o.api.ListOrders(ctx, &ordersapi.ListOrdersParams{
			Name: optional(filter.Name), Limit: optional(filter.PageSize), Cursor: optional(cursor),
			CreatedAfter: optional(filter.CreatedAfter), CreatedBefore: optional(filter.CreatedBefore),
		})
		if err != nil {
			return nil, "", err
		}
		page, err := decode[ordersapi.OrderPage](response)
		return page.Orders, nextCursor(response.Header.Get("Link")), err
	})
}

// pages gives what is on the pages, from the first one to the one without a cursor.
func pages[T any](page func(cursor string) ([]T, string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for cursor := ""; ; {
			items, next, err := page(cursor)
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if err != nil {
				yield(*new(T), err)
			}
			if err != nil || next == "" {
				return
			}
			cursor = next
		}
	}
}

// optional is nothing for a zero value.
func optional[T comparable](value T) *T {
	if value == *new(T) {
		return nil
	}
	return &value
}

func answer[T any](response *http.Response, err error) (T, error) {
	if err != nil {
		return *new(T), err
	}
	return decode[T](response)
}

// decode reads the body, which is in memory.
func decode[T any](response *http.Response) (body T, err error) {
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		return body, fmt.Errorf("read the answer: %w", err)
	}
	return body, nil
}
