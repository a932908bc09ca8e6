package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"ordertrack/order_service/internal/adapters/httpapi/openapi"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/shared/httpapi"
)

const (
	maxBatch     = 1000    // orders of one request
	maxBatchBody = 4 << 20 // bytes
	maxBatches   = 16      // under way at once: they are held in memory
)

// PlaceOrders takes several orders, all or none.
func (s *server) PlaceOrders(c *gin.Context, _ openapi.PlaceOrdersParams) {
	select {
	case s.batches <- struct{}{}:
		defer func() { <-s.batches }()
	default:
		httpapi.Write(c, again(httpapi.TooManyRequests.Problem("Too many batches are under way. Nothing was stored: send it again later.")))
		return
	}
	if problem := checkMedia(c.Request.Header); problem != nil {
		httpapi.Write(c, *problem)
		return
	}
	body, problem := readBody(c, maxBatchBody)
	if problem != nil {
		httpapi.Write(c, *problem)
		return
	}
	requests, problem := decodeBatch(body)
	if problem != nil {
		httpapi.Write(c, *problem)
		return
	}
	parent := traceParent(c.Request.Header)
	for i := range requests {
		requests[i].TraceParent = parent
	}
	if first, ok := s.placeBatch(c, body, requests); ok {
		c.Data(http.StatusCreated, jsonType, batchBody(first, len(requests)))
	}
}

// placeBatch returns the first order's id; it has answered itself when the orders are not placed.
func (s *server) placeBatch(c *gin.Context, body []byte, requests []placing.Request) (int64, bool) {
	if keyed := c.Request.Header[keyHeader]; len(keyed) > 0 {
		answer, ok := s.placeOnce(c, keyed, body, requests)
		return answer.FirstID, ok
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), placeLimit)
	defer cancel()
	orders, err := s.uses.Batches.PlaceAll(ctx, requests, nil)
	if err != nil {
		s.fail(c, err, mayExist)
		return 0, false
	}
	return orders[0].ID, true
}

// batchBody lists the ids, which are consecutive.
func batchBody(first int64, size int) []byte {
	body := []byte(`{"status":"success","order_ids":[`)
	for i := range size {
		if i > 0 {
			body = append(body, ',')
		}
		body = strconv.AppendInt(body, first+int64(i), 10)
	}
	return append(body, "]}"...)
}
