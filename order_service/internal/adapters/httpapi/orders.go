// Package httpapi is the HTTP API of placing orders.
package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

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

// Place is the use case: it returns the order once it is durable. Its errors are those of placing.Placer.
type Place func(context.Context, placing.Request) (domain.Order, error)

// Register puts the API's routes into the engine.
func Register(engine *gin.Engine, place Place, log *slog.Logger) {
	h := &handler{place: place, log: log}
	engine.POST(ordersPath, h.postOrder)
}

type handler struct {
	place Place
	log   *slog.Logger
}

func (h *handler) postOrder(c *gin.Context) {
	if problem := checkMedia(c.Request.Header); problem != nil {
		httpapi.Write(c, *problem)
		return
	}
	body, problem := readBody(c)
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
	ctx, cancel := context.WithTimeout(c.Request.Context(), placeLimit)
	defer cancel()
	order, err := h.place(ctx, request)
	if err != nil {
		h.fail(c, err)
		return
	}
	c.Header("Location", fmt.Sprintf("%s/%d", ordersPath, order.ID))
	c.Data(http.StatusCreated, "application/json", fmt.Appendf(nil, `{"status":"success","order_id":%d}`, order.ID))
}

// fail answers an order that was not placed. A client that has gone gets no answer.
func (h *handler) fail(c *gin.Context, err error) {
	switch {
	case errors.Is(err, placing.ErrMayExist):
		h.log.WarnContext(c.Request.Context(), "an order may exist", "error", err)
		httpapi.Write(c, mayExist)
	case errors.Is(err, placing.ErrAbandoned) && c.Request.Context().Err() != nil:
		c.Abort()
	case errors.Is(err, placing.ErrBusy), errors.Is(err, placing.ErrAbandoned),
		errors.Is(err, placing.ErrUnavailable), errors.Is(err, placing.ErrStopping):
		httpapi.Write(c, notStored)
	default:
		httpapi.Internal(c, h.log, err)
	}
}

// checkMedia takes JSON in UTF-8 and nothing else (RFC 8259), neither compressed nor of an unknown kind.
func checkMedia(header http.Header) *httpapi.Problem {
	media, params, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return unsupported("The Content-Type must be application/json.")
	}
	for key, value := range params {
		if key != "charset" || !strings.EqualFold(value, "utf-8") {
			return unsupported("The only parameter that the Content-Type may have is charset=utf-8.")
		}
	}
	if coding := header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return unsupported("The body must not be compressed: send it without a Content-Encoding.")
	}
	return nil
}

func readBody(c *gin.Context) ([]byte, *httpapi.Problem) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, new(httpapi.ContentTooLarge.Problem(fmt.Sprintf("The body is larger than %d KiB.", maxBody>>10)))
	case err != nil:
		return nil, badBody("The body did not arrive in full.")
	}
	return body, nil
}
