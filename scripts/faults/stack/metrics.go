package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const metricsLimit = 5 * time.Second

// Repeats is how many events the track_users processes that run now were given a second time, and dropped.
func (s *Stack) Repeats(ctx context.Context) (int64, error) {
	var sum int64
	for _, service := range s.Track.Running() {
		repeats, err := service.counter(ctx, `track_users_events_total{outcome="repeat"}`)
		if err != nil {
			return 0, err
		}
		sum += repeats
	}
	return sum, nil
}

// Leads tells whether the relay of this replica of order_service believes that it leads.
func (s *Service) Leads(ctx context.Context) (bool, error) {
	leads, err := s.counter(ctx, "order_service_relay_leading")
	return leads == 1, err
}

// Waiting is how many events wait for earlier ones in the track_users processes that run now.
func (s *Stack) Waiting(ctx context.Context) (int64, error) {
	var sum int64
	for _, service := range s.Track.Running() {
		events, err := service.sum(ctx, "track_users_window_events{")
		if err != nil {
			return 0, err
		}
		sum += events
	}
	return sum, nil
}

// counter reads one counter or gauge as the service has it now. One that was never counted up need not be there: it is 0.
func (s *Service) counter(ctx context.Context, series string) (value int64, err error) {
	return s.sum(ctx, series+" ")
}

// sum adds up all series that begin so.
func (s *Service) sum(ctx context.Context, prefix string) (sum int64, err error) {
	text, err := s.metrics(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the metrics of %s: %w", s.Name, err)
	}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, prefix) {
			continue
		}
		number := strings.TrimSpace(line[strings.LastIndexByte(strings.TrimSpace(line), ' '):])
		value, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return 0, fmt.Errorf("read the metrics of %s: %w", s.Name, err)
		}
		sum += int64(value)
	}
	return sum, nil
}

func (s *Service) metrics(ctx context.Context) (text string, err error) {
	ctx, cancel := context.WithTimeout(ctx, metricsLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Admin+"/metrics", http.NoBody)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return string(body), err
}
