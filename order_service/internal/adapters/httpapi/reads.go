package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"ordertrack/order_service/internal/adapters/httpapi/openapi"
	"ordertrack/order_service/internal/application/reading"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/event"
	"ordertrack/shared/httpapi"
	"ordertrack/shared/ordertoken"
)

// reads answers what only reads. It implements the generated strict interface, but for what the server overrides.
type reads struct {
	openapi.StrictServerInterface

	reader Reader
}

// GetOrder looks an order up.
func (r reads) GetOrder(ctx context.Context, request openapi.GetOrderRequestObject) (openapi.GetOrderResponseObject, error) {
	if request.ID < 1 {
		return nil, wrong(fieldID, "The id is below 1.")
	}
	order, status, err := r.reader.Order(contextOf(ctx), request.ID)
	if err != nil {
		return nil, err
	}
	token, err := tokenOf(order.Place)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(openapi.Order{
		ID: order.ID, Name: order.Name.String(), Note: order.Note.String(), CreatedAt: order.CreatedAt,
		Status: openapi.OrderStatus(status.String()),
		Place: openapi.Place{
			Source: event.Source(order.Place.LogID), Lane: order.Place.Lane, Sequence: order.Place.Sequence, Token: token,
		},
	})
	return taggedOrder{request: requestOf(ctx), body: body}, err
}

// tokenOf is the order's place for clients.
func tokenOf(p domain.Place) (string, error) {
	token, err := ordertoken.Encode(ordertoken.Place{LogID: p.LogID, Lane: p.Lane, Sequence: p.Sequence})
	if err != nil {
		return "", fmt.Errorf("the place %v of an order: %w", p, err)
	}
	return token, nil
}

// taggedOrder is an order with its ETag, or 304.
type taggedOrder struct {
	request *http.Request
	body    []byte
}

// VisitGetOrderResponse writes the answer. What a client has may be out of date at any time: it is to ask.
func (t taggedOrder) VisitGetOrderResponse(w http.ResponseWriter) error {
	w.Header().Set("Cache-Control", "no-cache")
	return httpapi.WriteTagged(w, t.request, jsonType, t.body)
}

// ListOrders reads a page.
func (r reads) ListOrders(ctx context.Context, request openapi.ListOrdersRequestObject) (openapi.ListOrdersResponseObject, error) {
	asked := requestOf(ctx)
	list, err := listOf(asked.URL.RawQuery, request.Params)
	if err != nil {
		return nil, err
	}
	page, err := r.reader.List(contextOf(ctx), list.filter, list.cursor, list.limit)
	if err != nil {
		return nil, err
	}
	orders := make([]openapi.ListedOrder, len(page.Orders))
	for i, o := range page.Orders {
		orders[i] = openapi.ListedOrder{ID: o.ID, Name: o.Name.String(), Note: o.Note.String(), CreatedAt: o.CreatedAt}
	}
	answer := openapi.OrderPage{Orders: orders}
	if page.Next != "" {
		answer.NextCursor = &page.Next
	}
	body, err := json.Marshal(answer)
	return orderPage{body: body, next: nextLink(asked.URL, page.Next)}, err
}

// nextLink is the page's own address with the cursor of the next one; empty without one.
func nextLink(address *url.URL, cursor string) string {
	if cursor == "" {
		return ""
	}
	query := address.Query()
	query.Set(fieldCursor, cursor)
	return fmt.Sprintf(`<%s?%s>; rel="next"`, ordersPath, query.Encode())
}

// orderPage is a page with the link to the next one.
type orderPage struct {
	body []byte
	next string
}

// VisitListOrdersResponse writes the answer, in one piece, which Compress counts on.
func (p orderPage) VisitListOrdersResponse(w http.ResponseWriter) error {
	header := w.Header()
	if p.next != "" {
		header.Set("Link", p.next)
	}
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Type", jsonType)
	_, err := w.Write(p.body)
	return err
}

// failReading is the one place where the errors of reading become answers.
func failReading(c *gin.Context, log *slog.Logger, err error) {
	var refused *refusal
	switch {
	case c.Request.Context().Err() != nil:
		c.Abort() // the client has gone: nobody to answer, and nothing to tell
	case errors.As(err, &refused):
		httpapi.Write(c, refused.problem)
	case errors.Is(err, reading.ErrNotFound):
		httpapi.Write(c, httpapi.NotFound.Problem("There is no order with this id."))
	case errors.Is(err, reading.ErrCursor):
		httpapi.Write(c, httpapi.InvalidCursor.Problem("Follow the next link of a page as it is: with all of its parameters."))
	case errors.Is(err, reading.ErrUnavailable):
		log.WarnContext(c.Request.Context(), "cannot read orders", "request_id", httpapi.RequestID(c), "error", err)
		httpapi.Write(c, again(httpapi.Unavailable.Problem("Orders cannot be read now; try again.")))
	default:
		httpapi.Internal(c, log, err)
	}
}

// refusal is a problem on its way through code that returns errors.
type refusal struct{ problem httpapi.Problem }

func (r *refusal) Error() string { return r.problem.Detail }
