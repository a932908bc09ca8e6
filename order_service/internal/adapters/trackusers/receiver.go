// Package trackusers asks track_users, over HTTP, how far it is.
package trackusers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/event"
)

// maxAnswer bounds what is read of an answer, in bytes; 64 lanes and a thousand partitions are far below.
const maxAnswer = 4 << 20

// Receiver implements retransmitting.Receiver.
type Receiver struct {
	url    string
	client *http.Client
}

// NewReceiver makes a receiver of the base URL of track_users' API.
func NewReceiver(baseURL string) *Receiver {
	return &Receiver{url: strings.TrimSuffix(baseURL, "/") + "/api/v1/progress", client: &http.Client{}}
}

// Close ends the connections that are kept.
func (r *Receiver) Close() { r.client.CloseIdleConnections() }

// progressBody is the answer of GET /api/v1/progress, as far as it matters here.
type progressBody struct {
	Marks []struct {
		Source  string `json:"source"`
		Lane    int    `json:"lane"`
		Applied int64  `json:"applied"`
	} `json:"marks"`
	Partitions []struct {
		TopicID    string `json:"topic_id"`
		Partition  int32  `json:"partition"`
		NextOffset int64  `json:"next_offset"`
	} `json:"partitions"`
}

// Progress asks.
func (r *Receiver) Progress(ctx context.Context) (domain.Progress, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, http.NoBody)
	if err != nil {
		return domain.Progress{}, fmt.Errorf("ask for progress: %w", err)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return domain.Progress{}, fmt.Errorf("ask for progress: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // nothing is lost with it
	if response.StatusCode != http.StatusOK {
		return domain.Progress{}, fmt.Errorf("ask for progress: %s answers %s", r.url, response.Status)
	}
	var body progressBody
	if err := json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&body); err != nil {
		return domain.Progress{}, fmt.Errorf("read the progress: %w", err)
	}
	return toProgress(body), nil
}

// toProgress leaves out the marks of sources that are no order logs.
func toProgress(body progressBody) domain.Progress {
	progress := domain.Progress{Applied: domain.Applied{}, Read: domain.Offsets{}}
	for _, mark := range body.Marks {
		logID, ok := strings.CutPrefix(mark.Source, event.Source(""))
		if !ok {
			continue
		}
		if progress.Applied[logID] == nil {
			progress.Applied[logID] = map[int]int64{}
		}
		progress.Applied[logID][mark.Lane] = mark.Applied
	}
	for _, p := range body.Partitions {
		progress.Read[domain.Partition{TopicID: p.TopicID, Number: p.Partition}] = p.NextOffset
	}
	return progress
}
