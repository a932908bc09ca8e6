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

// counter reads one counter or gauge as the service has it now. One that was never counted up need not be there: it is 0.
func (s *Service) counter(ctx context.Context, series string) (value int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, metricsLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Admin+"/metrics", http.NoBody)
	if err != nil {
		return 0, fmt.Errorf("read the metrics of %s: %w", s.Name, err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("read the metrics of %s: %w", s.Name, err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("read the metrics of %s: %s: %w", s.Name, response.Status, err)
	}
	for line := range strings.Lines(string(text)) {
		number, found := strings.CutPrefix(line, series+" ")
		if !found {
			continue
		}
		float, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil {
			return 0, fmt.Errorf("read the metrics of %s: %w", s.Name, err)
		}
		return int64(float), nil
	}
	return 0, nil
}
