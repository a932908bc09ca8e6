// Package readiness asks services, over HTTP, whether they are ready.
package readiness

import (
	"context"
	"net/http"
	"time"
)

// Probe asks one address.
type Probe struct {
	url    string
	client *http.Client
}

// New makes a probe; limit bounds one question.
func New(url string, limit time.Duration) Probe {
	return Probe{url: url, client: &http.Client{Timeout: limit, Transport: &http.Transport{DisableKeepAlives: true}}}
}

// IsReady tells whether the answer is 200. No answer is none.
func (p Probe) IsReady(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := p.client.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close() // nothing is lost with it
	return response.StatusCode == http.StatusOK
}
