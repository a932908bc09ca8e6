package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const scrapeLimit = 5 * time.Second

// Metrics reads all series of a service's /metrics that are plain numbers, by name and labels as they are printed.
func (s *Service) Metrics(ctx context.Context) (map[string]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, scrapeLimit)
	defer cancel()
	text, err := get(ctx, "http://"+s.Admin+"/metrics")
	if err != nil {
		return nil, fmt.Errorf("metrics of %s: %w", s.Name, err)
	}
	values := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if value, err := strconv.ParseFloat(line[at+1:], 64); err == nil {
			values[line[:at]] = value
		}
	}
	return values, nil
}

// Profile takes a CPU profile of a service into the rig's folder of profiles, when it has one. It takes as long as it is
// told to.
func (r *Rig) Profile(ctx context.Context, s *Service, name string, takes time.Duration) error {
	if r.opts.Profiles == "" {
		return nil
	}
	text, err := get(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", s.Admin, max(1, int(takes.Seconds()))))
	if err != nil {
		return fmt.Errorf("profile of %s: %w", s.Name, err)
	}
	if err := os.MkdirAll(r.opts.Profiles, 0o755); err != nil {
		return fmt.Errorf("profile of %s: %w", s.Name, err)
	}
	if err := os.WriteFile(filepath.Join(r.opts.Profiles, name+".pprof"), text, 0o600); err != nil {
		return fmt.Errorf("profile of %s: %w", s.Name, err)
	}
	return nil
}

func get(ctx context.Context, url string) (text []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	text, err = io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", response.Status, text)
	}
	return text, err
}
