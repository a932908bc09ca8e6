package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"ordertrack/order_service/internal/adapters/httpapi/openapi"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/httpapi"
)

// maxBody is the largest request body that is read, in bytes.
const maxBody = 64 << 10

// placeLimit is how long a request waits for its order's turn.
const placeLimit = 10 * time.Second

// ordersPath is where orders are.
const ordersPath = "/api/v1/orders"

// PlaceOrder takes an order.
func (s *server) PlaceOrder(c *gin.Context, _ openapi.PlaceOrderParams) {
	if problem := checkMedia(c.Request.Header); problem != nil {
		httpapi.Write(c, *problem)
		return
	}
	body, problem := readBody(c, maxBody)
	if problem != nil {
		httpapi.Write(c, *problem)
		return
	}
	request, problem := decodeOrder(body)
	if problem != nil {
		httpapi.Write(c, *problem)
		return
	}
	request.TraceParent = traceParent(c.Request.Header)
	if keyed := c.Request.Header[keyHeader]; len(keyed) > 0 {
		answer, ok := s.placeOnce(c, keyed, body, []placing.Request{request})
		if ok {
			s.placed(c, answer.FirstID, answer.Place)
		}
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), placeLimit)
	defer cancel()
	order, err := s.uses.Place(ctx, request)
	if err != nil {
		s.fail(c, err, mayExist)
		return
	}
	s.placed(c, order.ID, order.Place)
}

// placed tells a client of its order.
func (s *server) placed(c *gin.Context, orderID int64, place domain.Place) {
	token, err := tokenOf(place)
	if err != nil {
		httpapi.Internal(c, s.log, err)
		return
	}
	id, header := strconv.FormatInt(orderID, 10), c.Writer.Header()
	body := []byte(`{"status":"success","order_id":` + id + `}`)
	values := [...]string{ordersPath + "/" + id, token, jsonType, strconv.Itoa(len(body))}
	header["Location"], header["Order-Token"] = values[0:1:1], values[1:2:2]
	header["Content-Type"], header["Content-Length"] = values[2:3:3], values[3:4:4]
	c.Writer.WriteHeader(http.StatusCreated)
	_, _ = c.Writer.Write(body) // a client that has gone gets no answer
}

// fail answers orders that were not placed: with unknown when they may exist. A client that has gone gets no answer.
func (s *server) fail(c *gin.Context, err error, unknown httpapi.Problem) {
	switch {
	case errors.Is(err, placing.ErrMayExist):
		s.log.WarnContext(c.Request.Context(), "an order may exist", "request_id", httpapi.RequestID(c), "error", err)
		httpapi.Write(c, unknown)
	case errors.Is(err, placing.ErrAbandoned) && c.Request.Context().Err() != nil:
		c.Abort()
	case errors.Is(err, placing.ErrBusy), errors.Is(err, placing.ErrAbandoned),
		errors.Is(err, placing.ErrUnavailable), errors.Is(err, placing.ErrStopping):
		httpapi.Write(c, notStored)
	default:
		httpapi.Internal(c, s.log, err)
	}
}

// checkMedia takes JSON in UTF-8 and nothing else (RFC 8259), neither compressed nor of an unknown kind.
func checkMedia(header http.Header) *httpapi.Problem {
	if problem := checkType(header.Get("Content-Type")); problem != nil {
		return problem
	}
	if coding := header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return unsupported("The body must not be compressed: send it without a Content-Encoding.")
	}
	return nil
}

func checkType(given string) *httpapi.Problem {
	if given == jsonType { // what nearly all send
		return nil
	}
	media, params, err := mime.ParseMediaType(given)
	if err != nil || media != jsonType {
		return unsupported("The Content-Type must be application/json.")
	}
	for key, value := range params {
		if key != "charset" || !strings.EqualFold(value, "utf-8") {
			return unsupported("The only parameter that the Content-Type may have is charset=utf-8.")
		}
	}
	return nil
}

// readBody reads a body whose length is known in one piece.
func readBody(c *gin.Context, limit int64) ([]byte, *httpapi.Problem) {
	if length := c.Request.ContentLength; length >= 0 && length <= limit {
		body := make([]byte, length)
		if _, err := io.ReadFull(c.Request.Body, body); err != nil {
			return nil, badBody("The body did not arrive in full.")
		}
		return body, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, new(httpapi.ContentTooLarge.Problem(fmt.Sprintf("The body is larger than %d KiB.", limit>>10)))
	case err != nil:
		return nil, badBody("The body did not arrive in full.")
	}
	return body, nil
}
