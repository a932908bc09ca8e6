package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"time"

	"ordertrack/shared/backoff"
)

const (
	// maxAnswer bounds what is read of an answer, in bytes. The largest page, a thousand orders with notes of characters
	// that JSON escapes, is below.
	maxAnswer = 32 << 20
	// maxPause is how long a Retry-After may be to be waited for. With a longer one the problem is the answer.
	maxPause = time.Minute
)

var (
	errSlow  = errors.New("no answer in time")
	errLarge = fmt.Errorf("the answer is larger than %d MiB", maxAnswer>>20)
)

// retrier sends requests, all of which may be sent again. It answers with success, or with an error.
type retrier struct {
	http     *http.Client
	attempts int
	timeout  time.Duration // of one attempt, its body included
	pauses   backoff.Policy
	notice   func(Retry)
}

// tried is how the attempts at one request ended.
type tried struct {
	err   error
	times int
	doubt bool // after one of them, nobody knows what the service did
}

func (t *tried) Error() string {
	if t.times == 1 {
		return t.err.Error()
	}
	return fmt.Sprintf("%v (tried %d times)", t.err, t.times)
}

func (t *tried) Unwrap() error { return t.err }

// Do sends a request that has no body, or one that can be read again. The body of the answer is whole. It is the
// HttpRequestDoer of the generated clients. Errors: a *tried, around a *Problem or what the network said, and around the
// context's cause when the context ended it.
func (r *retrier) Do(request *http.Request) (*http.Response, error) {
	ctx, doubt := request.Context(), false
	for times := 1; ; times++ {
		response, err := r.attempt(request)
		if err == nil {
			return response, nil
		}
		doubt = doubt || isDoubtful(err)
		pause, ok := r.again(ctx, err, times)
		if ok {
			r.notice(Retry{Err: err, Attempt: times, Pause: pause})
			ok = backoff.Sleep(ctx, pause) == nil
		}
		if !ok {
			return nil, &tried{err: withCause(ctx, err), times: times, doubt: doubt}
		}
	}
}

// attempt sends the request once, and reads all of the answer.
func (r *retrier) attempt(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(request.Context(), r.timeout, errSlow)
	defer cancel()
	try := request.Clone(ctx)
	if request.GetBody != nil {
		body, err := request.GetBody()
		if err != nil {
			return nil, err
		}
		try.Body = body
	}
	try.Header.Set("Accept", "application/json, application/problem+json")
	response, body, err := r.send(try)
	if err != nil {
		return nil, withCause(ctx, err)
	}
	if response.StatusCode/100 != 2 {
		return nil, at(request, toProblem(response, body))
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

func (r *retrier) send(request *http.Request) (*http.Response, []byte, error) {
	response, err := r.http.Do(request) //nolint:gosec // the address is the base URL that the caller set
	if err != nil {
		return nil, nil, err // names the method and the address
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	_ = response.Body.Close() // what matters was read
	if err == nil && len(body) > maxAnswer {
		err = errLarge
	}
	if err != nil {
		return nil, nil, at(request, fmt.Errorf("read the answer: %w", err))
	}
	return response, body, nil
}

// again tells whether to send a request again that has failed so many times, and after which pause. It is never sent
// sooner than the service asked for. A pause that the context would not outlive is not begun.
func (r *retrier) again(ctx context.Context, err error, times int) (time.Duration, bool) {
	if ctx.Err() != nil || times >= r.attempts || !isPassing(err) {
		return 0, false
	}
	pause := r.pauses.Delay(times - 1)
	var problem *Problem
	if errors.As(err, &problem) && problem.RetryAfter > 0 {
		if problem.RetryAfter > maxPause {
			return 0, false
		}
		// A little later, so that those who were told the same do not come back together.
		pause = max(pause, problem.RetryAfter+rand.N(r.pauses.Base)) //nolint:gosec // jitter needs no secrecy
	}
	deadline, ok := ctx.Deadline()
	return pause, !ok || time.Until(deadline) > pause
}

// isPassing tells what may go away by itself.
func isPassing(err error) bool {
	var problem *Problem
	if !errors.As(err, &problem) {
		var certificate *tls.CertificateVerificationError
		return !errors.Is(err, errLarge) && !errors.As(err, &certificate)
	}
	switch problem.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable:
		return true
	case http.StatusConflict:
		return problem.Type == KeyInFlight
	case http.StatusGatewayTimeout:
		return problem.Type != NotCountedYet // the wait that was asked for is over
	default:
		return false
	}
}

// isDoubtful tells whether the service may have done what was asked for, though it did not say so.
func isDoubtful(err error) bool {
	var problem *Problem
	if !errors.As(err, &problem) {
		var operation *net.OpError
		return !errors.As(err, &operation) || operation.Op != "dial" // else the request never left
	}
	switch problem.Type {
	case OrderNotStored, Unavailable:
		return false
	case KeyInFlight:
		return true
	default:
		return problem.Status >= http.StatusInternalServerError || problem.Status == http.StatusRequestTimeout
	}
}

// withCause names why the context ended, which the network's own error does not.
func withCause(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	if cause == nil || errors.Is(err, cause) {
		return err
	}
	return fmt.Errorf("%w: %w", cause, err)
}

// at says what was asked, and where.
func at(request *http.Request, err error) error {
	address := url.URL{Scheme: request.URL.Scheme, Host: request.URL.Host, Path: request.URL.Path}
	return fmt.Errorf("%s %s: %w", request.Method, &address, err)
}
