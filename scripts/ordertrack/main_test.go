package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/client"
	"ordertrack/scripts/localstack/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// bench is a stand-in for all four ports, and what one command said to it.
type bench struct {
	environ []string
	url     string
}

func setup(t *testing.T, handle http.HandlerFunc) bench {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	environ := make([]string, 0, 4)
	for _, name := range []string{"ORDERS_URL", "USERS_URL", "ORDERS_ADMIN_URL", "USERS_ADMIN_URL"} {
		environ = append(environ, name+"="+server.URL)
	}
	return bench{environ: environ, url: server.URL}
}

func (b bench) run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errors bytes.Buffer
	code = run(t.Context(), args, b.environ, &out, &errors)
	return code, out.String(), errors.String()
}

func reply(w http.ResponseWriter, status int, media, body string) {
	w.Header().Set("Content-Type", media)
	w.Header().Set("Order-Token", "the-token")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

const jsonType = "application/json"

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"--help"}, {"-h"}} {
		code, stdout, stderr := setup(t, http.NotFound).run(t, args...)
		require.Equal(t, exitOK, code)
		require.Empty(t, stderr)
		for _, text := range []string{"Examples:", "ordertrack order \"Ada\"", "exit code", "ORDERS_URL", "users top", "watch"} {
			require.Contains(t, stdout, text)
		}
	}
	code, stdout, _ := setup(t, http.NotFound).run(t, "order", "--help")
	require.Equal(t, exitOK, code)
	require.Contains(t, stdout, "--wait")
}

func TestWrongUsage(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"frob":                     "unexpected argument frob",
		"order":                    `expected "<name>"`,
		"orders show x":            `<id>: expected a valid 64 bit int but got "x"`,
		"orders --after yesterday": "--after: ",
		"users top --by age":       "--by must be one of",
		"--orders ftp://x status":  "--orders: order_service: base URL",
		"--users x:y status":       "--users: track_users: base URL",
	} {
		code, stdout, stderr := setup(t, http.NotFound).run(t, strings.Fields(args)...)
		require.Equal(t, exitUsage, code, args)
		require.Empty(t, stdout)
		require.Contains(t, stderr, "ordertrack: "+want)
		require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	}
}

func TestAnOrderThatIsWaitedFor(t *testing.T) {
	t.Parallel()
	var key, after string
	b := setup(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			key = r.Header.Get("Idempotency-Key")
			reply(w, http.StatusCreated, jsonType, `{"status":"success","order_id":12}`)
			return
		}
		after = r.URL.Query().Get("after")
		reply(w, http.StatusOK, jsonType, `{"id":1,"name":"Ada","counter":3,"created_at":"2026-11-24T12:00:00Z"}`)
	})
	code, stdout, stderr := b.run(t, "order", "Ada", "--note", "x", "--wait", "--key", "k1")
	require.Equal(t, exitOK, code)
	require.Equal(t, "order 12 is counted: Ada has 3 orders\n", stdout)
	require.Empty(t, stderr)
	require.Equal(t, "k1", key)
	require.Equal(t, "the-token", after)

	_, stdout, _ = b.run(t, "order", "Ada", "--wait", "--key", "k1", "--json")
	require.JSONEq(t, `{"order_id":12,"token":"the-token","key":"k1","user":{"id":1,"name":"Ada","counter":3,"created_at":"2026-11-24T12:00:00Z"}}`, stdout)
	_, stdout, _ = b.run(t, "order", "Ada")
	require.Equal(t, "order 12 is placed\n", stdout)
}

func TestFailuresAreOneLine(t *testing.T) {
	t.Parallel()
	problem := func(status int, kind string) string {
		return fmt.Sprintf(`{"type":%q,"title":"The title","status":%d,"detail":"One\nline\u001b[2J.","request_id":"r1"}`, kind, status)
	}
	b := setup(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/readyz":
			reply(w, http.StatusServiceUnavailable, jsonType, `{"status":"not ready"}`)
		case r.URL.Path == "/api/v1/stats":
			reply(w, http.StatusOK, jsonType, `{"users":2,"events_counted":1}`)
		case r.Method == http.MethodPost && strings.Contains(r.Header.Get("Idempotency-Key"), "fault"):
			reply(w, http.StatusInternalServerError, "application/problem+json", problem(500, client.InternalError))
		case r.Method == http.MethodPost:
			reply(w, http.StatusCreated, jsonType, `{"status":"success","order_id":12}`)
		case r.URL.Query().Has("after"):
			reply(w, http.StatusGatewayTimeout, "application/problem+json", problem(504, client.NotCountedYet))
		default:
			reply(w, http.StatusNotFound, "application/problem+json", problem(404, client.NotFound))
		}
	})
	for args, want := range map[string]struct{ stdout, stderr string }{
		"user Ada":              {"", `no order of "Ada" is counted yet: GET ` + b.url + "/api/v1/users/Ada: 404 The title: One line [2J. (request r1)"},
		"order Ada --key fault": {"", "the order may have been placed: run the same again with --key fault to be sure; POST "},
		"order Ada --wait":      {"order 12 is placed\n", `it is not known to be counted: "ordertrack orders show 12" tells: GET `},
		"status":                {"order_service  not ready: {\"status\":\"not ready\"}\n", "not all is ready"},
		"orders show 7":         {"", "GET " + b.url + "/api/v1/orders/7: 404 The title"},
	} {
		code, stdout, stderr := b.run(t, strings.Fields(args)...)
		require.Equal(t, exitFailed, code, args)
		require.Contains(t, stderr, "ordertrack: "+want.stderr)
		require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
		require.True(t, strings.HasPrefix(stdout, want.stdout), stdout)
		require.Equal(t, want.stdout == "", stdout == "")
	}
}

func TestNobodyIsThere(t *testing.T) {
	t.Parallel()
	b := setup(t, http.NotFound)
	b.environ = append(b.environ, "USERS_URL=http://127.0.0.1:1")
	code, _, stderr := b.run(t, "users")
	require.Equal(t, exitFailed, code)
	require.Equal(t, attempts, strings.Count(stderr, "\n"), "each attempt that is made again is told")
	require.Contains(t, stderr, `is it running there? "make run" starts it; --orders and --users name other addresses`)
}

func TestNotesDoNotDrawOnTheTerminal(t *testing.T) {
	t.Parallel()
	b := setup(t, func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "1", r.URL.Query().Get("limit")) //nolint:testifylint // a failure shows, and that is enough
		w.Header().Set("Link", `</api/v1/orders?cursor=c>; rel="next"`)
		reply(w, http.StatusOK, jsonType, `{"orders":[{"id":1,"name":"Ada","note":"a\nb\u001b[2Jc","created_at":"2026-11-24T12:00:00Z"}]}`)
	})
	code, stdout, _ := b.run(t, "orders", "--limit", "1")
	require.Equal(t, exitOK, code)
	require.Contains(t, stdout, "Ada  a b [2Jc\n")
	require.Equal(t, 1, strings.Count(stdout, "\n"))

	_, stdout, _ = b.run(t, "orders", "list", "--limit", "1", "--json")
	var order client.ListedOrder
	require.NoError(t, json.Unmarshal([]byte(stdout), &order))
	require.Equal(t, "a\nb\x1b[2Jc", order.Note)
}

// signalled tells of its first write.
type signalled struct {
	bytes.Buffer

	once  sync.Once
	wrote context.CancelFunc
}

func (s *signalled) Write(p []byte) (int, error) {
	defer s.once.Do(s.wrote)
	return s.Buffer.Write(p)
}

func TestWatchEndsCleanly(t *testing.T) {
	t.Parallel()
	b := setup(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "id: p1\n\nid: p2\nevent: users\ndata: {\"users\":[{\"id\":1,\"name\":\"Ada\",\"counter\":3}]}\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	stdout, stderr := &signalled{wrote: interrupt}, &bytes.Buffer{}
	require.Equal(t, exitOK, run(ctx, []string{"watch", "--json"}, b.environ, stdout, stderr))
	require.JSONEq(t, `{"id":1,"name":"Ada","counter":3,"created_at":"0001-01-01T00:00:00Z"}`, stdout.String())
	require.Empty(t, stderr.String())
}

func TestStatusNamesTheLanesThatAreBehind(t *testing.T) {
	t.Parallel()
	lane := func(number, late int) string {
		return fmt.Sprintf(`{"source":"log","lane":%d,"applied":1,"head":%d,"events":%d}`, number, 1+late, late)
	}
	counted := "1 user, 1 order counted (0 of them foreign), 0 parked\n"
	many := strings.Join([]string{lane(0, 0), lane(1, 2), lane(2, 9), lane(3, 1), lane(4, 4)}, ",")
	for lag, want := range map[string]string{
		``: "20 orders, 2 of them not published\n" + counted + "lag: not known, the broker cannot be asked\n",
		`,"lag":{"events":0,"applied_at":"2026-11-24T11:59:00Z","lanes":[` + lane(0, 0) + `]}`: "20 orders, 2 of them not published, " +
			"0 not counted by what track_users told 60 s before\n" +
			counted + "lag: 0 events\n",
		`,"lag":{"events":16,"applied_at":"2026-11-24T11:59:58Z","lanes":[` + many + `]}`: "20 orders, 2 of them not published, 16 not counted\n" +
			counted + "lag: 16 events\nbehind: 4 lanes, the furthest lane 2 by 9, lane 4 by 4, lane 1 by 2\n",
	} { // one stand-in answers for both services
		code, stdout, stderr := setup(t, func(w http.ResponseWriter, _ *http.Request) {
			reply(w, http.StatusOK, jsonType, `{"at":"2026-11-24T12:00:00Z","orders":20,"published":18`+lag+
				`,"users":1,"events_counted":1,"events_foreign":0,"events_parked":0}`)
		}).run(t, "status")
		require.Equal(t, exitOK, code, stderr)
		require.Equal(t, "order_service  ready\ntrack_users    ready\n"+want, stdout)
	}
}
