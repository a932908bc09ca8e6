package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"ordertrack/shared/httpapi"
	"ordertrack/track_users/internal/adapters/httpapi/openapi"
	"ordertrack/track_users/internal/application/streaming"
)

const (
	streamType = "text/event-stream"

	// streamWrite is how long one frame may take to reach the client.
	streamWrite = 10 * time.Second
	// reconnect is what clients are told to wait before they come back.
	reconnect = "retry: 1000\n\n"
)

// Hub lets clients follow. Errors: those of streaming.Hub.
type Hub interface {
	Join(from streaming.Position) (*streaming.Client, error)
	Leave(c *streaming.Client)
}

// changesBody is what the event users holds.
type changesBody struct {
	Users []userBody `json:"users"`
}

// EncodeFrame writes a frame as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). A
// sign of life has an id and no data: the client dispatches nothing, but goes on from there when it comes back.
func EncodeFrame(frame streaming.Frame) []byte {
	var text bytes.Buffer
	text.WriteString("id: " + string(frame.Position) + "\n")
	switch {
	case frame.Missed:
		text.WriteString("event: missed\ndata: {}\n")
	case len(frame.Users) > 0:
		body := changesBody{Users: make([]userBody, len(frame.Users))}
		for i, user := range frame.Users {
			body.Users[i] = toBody(user)
		}
		data, err := json.Marshal(body) // one line: JSON escapes line breaks
		if err != nil {                 // strings and numbers only: cannot be
			panic(err)
		}
		text.WriteString("event: users\ndata: ")
		text.Write(data)
		text.WriteString("\n")
	}
	text.WriteString("\n")
	return text.Bytes()
}

// wantsStream tells the stream from the user of that name: who wants events says so, as every EventSource does.
func wantsStream(r *http.Request) bool {
	for part := range strings.SplitSeq(strings.Join(r.Header["Accept"], ","), ",") {
		if media, params, err := mime.ParseMediaType(part); err == nil && media == streamType && params["q"] != "0" {
			return true
		}
	}
	return false
}

// FollowUsers answers with a stream, or with the user of its name.
func (h handler) FollowUsers(c *gin.Context, _ openapi.FollowUsersParams) {
	if !wantsStream(c.Request) {
		h.user(c)
		return
	}
	if _, wrong := readParams(c.Request); len(wrong.errors) > 0 {
		h.refuse(c, wrong)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Header("Content-Type", streamType)
	c.Header("X-Accel-Buffering", "no") // nginx would hold frames back
	if c.Request.Method == http.MethodHead {
		c.Status(http.StatusOK)
		return
	}
	client, err := h.hub.Join(streaming.Position(c.GetHeader("Last-Event-ID")))
	if err != nil {
		h.failStream(c, err)
		return
	}
	defer h.hub.Leave(client)
	keepReading(c)
	h.follow(c, client)
}

// follow writes frames until the client goes, does not keep up, or the service stops. The server's own limit on writing
// is for the whole answer; here each frame has one.
func (h handler) follow(c *gin.Context, client *streaming.Client) {
	control := http.NewResponseController(c.Writer)
	write := func(frame []byte) error {
		err := control.SetWriteDeadline(time.Now().Add(streamWrite))
		if err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		if _, err := c.Writer.Write(frame); err != nil {
			return err
		}
		return control.Flush()
	}
	c.Status(http.StatusOK)
	if write([]byte(reconnect)) != nil {
		return
	}
	for {
		select {
		case <-c.Request.Context().Done():
			return
		case frame, open := <-client.Frames():
			if !open || write(frame) != nil {
				return
			}
		}
	}
}

func (h handler) failStream(c *gin.Context, err error) {
	problem := httpapi.TooManyRequests.Problem("As many clients follow as this replica lets; try again.")
	if errors.Is(err, streaming.ErrStopping) {
		problem = httpapi.Unavailable.Problem("This replica is stopping; connect again.")
	}
	problem.RetryAfter = retryAfter
	httpapi.Write(c, problem)
}
