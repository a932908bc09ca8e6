package workload

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"ordertrack/shared/backoff"
)

const (
	requestLimit = 20 * time.Second // longer than the service's own
	answerLimit  = 64 << 10

	// problemNotStored is the type of the 503 that says that nothing was stored.
	problemNotStored = "/problems/order-not-stored"
)

// pauses are between a refused order and the next one.
var pauses = backoff.Policy{Base: 10 * time.Millisecond, Max: 250 * time.Millisecond}

type client struct {
	number  int
	http    *http.Client
	urls    []string
	at      int // which of the URLs is next
	records []Record
}

// place sends one order and records what came of it. After anything but success the client turns to the next replica.
func (c *client) place(ctx context.Context, name string) Outcome {
	tag := Tag{Client: c.number, Number: len(c.records)}
	id, outcome := c.send(ctx, name, tag.String())
	c.records = append(c.records, Record{Name: name, Outcome: outcome, ID: id})
	if outcome != Acknowledged {
		c.at++
	}
	return outcome
}

func (c *client) send(ctx context.Context, name, note string) (int64, Outcome) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	body, err := json.Marshal(map[string]string{"name": name, "note": note})
	if err != nil { // two strings: cannot be
		panic(err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.urls[c.at%len(c.urls)]+"/api/v1/orders", bytes.NewReader(body))
	if err != nil {
		return 0, Refused // nothing was sent
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return 0, outcomeOf(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil && response.StatusCode != http.StatusCreated {
		return 0, Unknown
	}
	return judge(response, answer)
}

// outcomeOf: when there was no connection, there was no order. All else may have reached the service. Go's client sends
// a POST again only when not one byte of it was written.
func outcomeOf(err error) Outcome {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return Refused
	}
	return Unknown
}

func judge(response *http.Response, answer []byte) (int64, Outcome) {
	switch status := response.StatusCode; {
	case status == http.StatusCreated:
		return acknowledged(response, answer), Acknowledged
	case status >= 400 && status < 500:
		return 0, Refused
	case status == http.StatusServiceUnavailable:
		var problem struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(answer, &problem) == nil && problem.Type == problemNotStored {
			return 0, Refused
		}
	}
	return 0, Unknown
}

// acknowledged is the order's id. The status line alone is the service's word that the order exists; an answer that is
// cut off or in conflict with itself gives the id 0, which no order has.
func acknowledged(response *http.Response, answer []byte) int64 {
	var placed struct {
		Status  string `json:"status"`
		OrderID int64  `json:"order_id"`
	}
	if err := json.Unmarshal(answer, &placed); err != nil || placed.Status != "success" {
		return idOfLocation(response)
	}
	if response.Header.Get("Location") != fmt.Sprintf("/api/v1/orders/%d", placed.OrderID) {
		return 0
	}
	return placed.OrderID
}

func idOfLocation(response *http.Response) int64 {
	var id int64
	if _, err := fmt.Sscanf(response.Header.Get("Location"), "/api/v1/orders/%d", &id); err != nil {
		return 0
	}
	return id
}
