package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/golden"
)

const john = `{"name":"John Doe","note":"First order"}`

func TestAPlacedOrder(t *testing.T) {
	t.Parallel()
	a := &answer{}
	recorder := post(t, a.place, ` {"note":"line\n\u00e9 ","name":" Zoe\u0308 "} `,
		"Content-Type", `application/json; charset="UTF-8"`)
	golden.RequireResponse(t, "placed", recorder)
	require.Len(t, a.asked, 1)
	require.Equal(t, "Zoë", a.asked[0].Name.String())
	require.Equal(t, "line\né ", a.asked[0].Note.String())

	require.Equal(t, http.StatusCreated, post(t, a.place, `{"name":"Ann"}`).Code, "a note is optional")
	require.Equal(t, http.StatusCreated, post(t, a.place, `{"name":"Ann","note":""}`).Code)
}

func TestBodiesThatAreRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 201)
	for title, body := range map[string]string{
		"empty body":            " \n",
		"null":                  "null",
		"array":                 `[{"name":"Ann"}]`,
		"not JSON":              `{'name':'Ann'}`,
		"cut off":               `{"name":"An`,
		"comma too many":        `{"name":"Ann",}`,
		"trailing data":         john + `{"name":"Ann"}`,
		"trailing garbage":      john + "x",
		"member given twice":    `{"name":"Ann","note":"a","name":"Bob"}`,
		"invalid UTF-8":         "{\"name\":\"Ann\xff\"}",
		"half a surrogate pair": `{"name":"\ud83d"}`,
		"deep nesting":          `{"name":"Ann","x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`,
		"deep array":            strings.Repeat("[", 60000),
		"no name":               `{}`,
		"name is null":          `{"name":null}`,
		"name is a number":      `{"name":7}`,
		"name is an object":     `{"name":{"first":["Ann",{}]}}`,
		"empty name":            `{"name":" \t "}`,
		"long name":             `{"name":"` + long + `"}`,
		"control character":     `{"name":"a\u0007b"}`,
		"note is a boolean":     `{"name":"Ann","note":true}`,
		"note is null":          `{"name":"Ann","note":null}`,
		"long note":             `{"name":"Ann","note":"` + strings.Repeat("y", 4001) + `"}`,
		"NUL in the note":       `{"name":"Ann","note":"a\u0000b"}`,
		"unknown field":         `{"name":"Ann","Name":"Bob"}`,
		"all at once":           `{"price":[1,{"a":"b"}],"note":9,"name":"` + long + `"}`,
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := &answer{}
			recorder := post(t, a.place, body)
			require.Equal(t, http.StatusBadRequest, recorder.Code)
			golden.RequireResponse(t, "refused "+title, recorder)
			require.Empty(t, a.asked)
		})
	}
}

func TestAnAnswerStaysSmall(t *testing.T) {
	t.Parallel()
	a := &answer{}
	long := `{"` + strings.Repeat("x", 60_000) + `":1,"name":"Ann"}`
	var members strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&members, `"m%d":1,`, i)
	}
	many := "{" + members.String() + `"name":"Ann"}`
	for _, body := range []string{long, many} {
		recorder := post(t, a.place, body)
		require.Equal(t, http.StatusBadRequest, recorder.Code)
		require.Less(t, recorder.Body.Len(), 2000)
	}
}

func TestMediaThatAreRefused(t *testing.T) {
	t.Parallel()
	for title, headers := range map[string][]string{
		"no type":         {"Content-Type", ""},
		"a form":          {"Content-Type", "application/x-www-form-urlencoded"},
		"text":            {"Content-Type", "text/plain; charset=utf-8"},
		"Latin-1":         {"Content-Type", "application/json; charset=iso-8859-1"},
		"other parameter": {"Content-Type", "application/json; version=1"},
		"malformed":       {"Content-Type", "application/json; charset"},
		"compressed":      {"Content-Encoding", "gzip"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := &answer{}
			recorder := post(t, a.place, john, headers...)
			require.Equal(t, http.StatusUnsupportedMediaType, recorder.Code)
			golden.RequireResponse(t, "media "+title, recorder)
			require.Empty(t, a.asked)
		})
	}
}

func TestABodyThatIsTooLarge(t *testing.T) {
	t.Parallel()
	a := &answer{}
	padding := strings.Repeat(" ", 64<<10-len(john))
	require.Equal(t, http.StatusCreated, post(t, a.place, john+padding).Code, "64 KiB to the byte")
	golden.RequireResponse(t, "too large", post(t, a.place, john+padding+" "))
	require.Len(t, a.asked, 1)
}

func TestOrdersThatAreNotPlaced(t *testing.T) {
	t.Parallel()
	for title, err := range map[string]error{
		"busy":        placing.ErrBusy,
		"unavailable": placing.ErrUnavailable,
		"stopping":    placing.ErrStopping,
		"may exist":   placing.ErrMayExist,
		"refused":     errSecret,
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := &answer{err: err}
			recorder := post(t, a.place, john)
			golden.RequireResponse(t, "failed "+title, recorder)
			require.NotContains(t, recorder.Body.String(), errSecret.Error(), "nothing internal leaks")
		})
	}
}

func TestARequestWaitsForItsTurnOnlySoLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		recorder := post(t, func(ctx context.Context, _ placing.Request) (domain.Order, error) {
			<-ctx.Done()
			return domain.Order{}, placing.ErrAbandoned
		}, john)
		require.Equal(t, 10*time.Second, time.Since(begin))
		golden.RequireResponse(t, "failed waited too long", recorder)
	})
}

func TestAClientThatHasGoneGetsNoAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	recorder := postAs(ctx, t, (&answer{err: placing.ErrAbandoned}).place, john)
	require.Empty(t, recorder.Body.String())
	require.Empty(t, recorder.Header().Get("Content-Type"))
}

func TestTheTraceIsCarried(t *testing.T) {
	t.Parallel()
	const trace = "-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for title, tc := range map[string]struct{ given, want string }{
		"valid":                  {given: "00" + trace, want: "00" + trace},
		"later version":          {given: "cc" + trace, want: "00" + trace},
		"later version, longer":  {given: "cc" + trace + "-what-the-future-brings", want: "00" + trace},
		"none":                   {},
		"longer than it may be":  {given: "00" + trace + "-x"},
		"later version, garbled": {given: "cc" + trace + "x"},
		"forbidden version":      {given: "ff" + trace},
		"capitals":               {given: "00" + strings.ToUpper(trace)},
		"no trace id":            {given: "00-00000000000000000000000000000000-00f067aa0ba902b7-01"},
		"no parent id":           {given: "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"},
		"short":                  {given: "00-4bf92f35"},
		"misplaced dash":         {given: "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			a := &answer{}
			require.Equal(t, http.StatusCreated, post(t, a.place, john, "traceparent", tc.given).Code)
			require.Equal(t, http.StatusCreated, post(t, a.place, john, "traceparent", tc.given).Code)
			first, second := a.asked[0].TraceParent, a.asked[1].TraceParent
			require.Regexp(t, `^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`, first)
			if tc.want != "" {
				require.Equal(t, tc.want, first)
				return
			}
			require.NotEqual(t, first, second, "a fresh one each time")
			require.NotContains(t, first, "4bf92f3577b34da6")
		})
	}
}
