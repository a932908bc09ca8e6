package client

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"ordertrack/shared/backoff"
)

const (
	defaultAttempts = 8
	defaultTimeout  = 30 * time.Second
)

// pauses are those between attempts where a service does not name one: some 10 s for the default number of attempts.
var pauses = backoff.Policy{Base: 100 * time.Millisecond, Max: 10 * time.Second}

// Retry is an attempt that has failed, and will be made again.
type Retry struct {
	Err     error
	Attempt int           // from 1
	Pause   time.Duration // until the next one
}

type options struct {
	http     *http.Client
	own      bool // the HTTP client is not a caller's
	attempts int
	timeout  time.Duration
	notice   func(Retry)
}

// Option changes what a client does by itself.
type Option func(*options)

// WithHTTPClient has requests sent by this client, which stays the caller's. A Timeout of its own would end streams.
func WithHTTPClient(c *http.Client) Option {
	return func(o *options) { o.http, o.own = c, false }
}

// WithAttempts bounds how often a request is sent, the first time included; 1 or less is once. The default is 8.
func WithAttempts(n int) Option { return func(o *options) { o.attempts = n } }

// WithTimeout bounds one attempt, from connecting to the end of the answer; the default is 30 s. The time that a service
// was asked to wait comes on top. Contexts bound all attempts together.
func WithTimeout(d time.Duration) Option { return func(o *options) { o.timeout = d } }

// WithNotice has a function told of each attempt that will be made again, before the pause.
func WithNotice(notice func(Retry)) Option { return func(o *options) { o.notice = notice } }

func read(opts []Option) options {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:errcheck // it is one, as documented
	o := options{
		http: &http.Client{Transport: transport}, own: true,
		attempts: defaultAttempts, timeout: defaultTimeout, notice: func(Retry) {},
	}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

func (o options) retrier() *retrier {
	return &retrier{http: o.http, attempts: o.attempts, timeout: o.timeout, pauses: pauses, notice: o.notice}
}

// close ends the connections that are kept, unless they are a caller's.
func (o options) close() {
	if o.own {
		o.http.CloseIdleConnections()
	}
}

// checkBase refuses what is no base URL of an API.
func checkBase(base string) error {
	address, err := url.Parse(base)
	switch {
	case err != nil:
		return fmt.Errorf("base URL: %w", err)
	case address.Scheme != "http" && address.Scheme != "https", address.Host == "", address.RawQuery != "", address.Fragment != "":
		return fmt.Errorf("base URL %q: must be http://host:port or https://host, and may have a path", base)
	}
	return nil
}
