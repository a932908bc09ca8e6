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
	retries *retries // nil for a client without keys
}

// place sends one order and records what came of it. After anything but success the client turns to the next replica.
func (c *client) place(ctx context.Context, name string) Outcome {
	tag := Tag{Client: c.number, Number: len(c.records)}
	if c.retries != nil {
		record := c.insist(ctx, name, tag)
		c.records = append(c.records, record)
		return record.Outcome
	}
	id, outcome := c.send(ctx, name, tag.String())
	c.records = append(c.records, Record{Name: name, Outcome: outcome, ID: id})
	if outcome != Acknowledged {
		c.at++
	}
	return outcome
}

func (c *client) send(ctx context.Context, name, note string) (int64, Outcome) {
	got, err := c.exchange(ctx, name, note, "")
	switch {
	case got.status == 0:
		return 0, outcomeOf(err)
	case err != nil && got.status != http.StatusCreated:
		return 0, Unknown
	}
	return got.judge()
}

// reply is what came back.
type reply struct {
	status int // 0: nothing came
	header http.Header
	body   []byte
}

// exchange sends a request and reads its answer. What there is of an answer that was cut off comes with an error.
func (c *client) exchange(ctx context.Context, name, note, key string) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	body, err := json.Marshal(map[string]string{"name": name, "note": note})
	if err != nil { // two strings: cannot be
		panic(err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.urls[c.at%len(c.urls)]+"/api/v1/orders", bytes.NewReader(body))
	if err != nil {
		return reply{}, fmt.Errorf("make a request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	return reply{status: response.StatusCode, header: response.Header, body: answer}, err
}

// outcomeOf: when there was no connection, there was no order. All else may have reached the service. Go's client sends
// a POST again only when not one byte of it was written.
func outcomeOf(err error) Outcome {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return Refused
	}
	return Unknown
}

func (r reply) judge() (int64, Outcome) {
	switch {
	case r.status == http.StatusCreated:
		return r.id(), Acknowledged
	case r.status >= 400 && r.status < 500:
		return 0, Refused
	case r.status == http.StatusServiceUnavailable:
		var problem struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(r.body, &problem) == nil && problem.Type == problemNotStored {
			return 0, Refused
		}
	}
	return 0, Unknown
}

// id is that of an order that was acknowledged. The status line alone is the service's word that the order exists; an
// answer that is cut off or in conflict with itself gives the id 0, which no order has.
func (r reply) id() int64 {
	var placed struct {
		Status  string `json:"status"`
		OrderID int64  `json:"order_id"`
	}
	if err := json.Unmarshal(r.body, &placed); err != nil || placed.Status != "success" {
		return r.idOfLocation()
	}
	if r.header.Get("Location") != fmt.Sprintf("/api/v1/orders/%d", placed.OrderID) {
		return 0
	}
	return placed.OrderID
}

func (r reply) idOfLocation() int64 {
	var id int64
	if _, err := fmt.Sscanf(r.header.Get("Location"), "/api/v1/orders/%d", &id); err != nil {
		return 0
	}
	return id
}
