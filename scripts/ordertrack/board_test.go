package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ordertrack/client"
)

func TestTheBoardShowsTheHighest(t *testing.T) {
	t.Parallel()
	listed := `{"users":[{"id":1,"name":"Ada","counter":5},{"id":2,"name":"Bob","counter":3},{"id":3,"name":"Cy","counter":1}]}`
	b := setup(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, jsonType, listed) })
	var out bytes.Buffer
	s, err := open(t.Context(), &cli{OrdersURL: b.url, UsersURL: b.url, Timeout: limit}, &out, &out)
	require.NoError(t, err)
	defer s.close()
	shown := newBoard(s, 2)
	draw := func(change client.Change) string {
		out.Reset()
		require.NoError(t, shown.change(change))
		return out.String()
	}
	const head = "  orders   since  user (Ctrl-C ends)\n"
	require.Equal(t, head+"       5          Ada\n       3          Bob\n", draw(client.Change{}))
	require.Equal(t, "\x1b[3A\x1b[J"+head+"       6      +1  Ada\n       4      +1  Cy\n", draw(client.Change{Users: []client.User{
		{ID: 3, Name: "Cy", Counter: 4}, {ID: 1, Name: "Ada", Counter: 6}, {ID: 1, Name: "Ada", Counter: 4}, // the last came late
	}}))
	listed = `{"users":[{"id":1,"name":"Ada","counter":9},{"id":4,"name":"` + strings.Repeat("é", 50) + `","counter":7}]}`
	require.Equal(t, "\x1b[3A\x1b[J"+head+"       9      +4  Ada\n       7          "+strings.Repeat("é", 39)+"…\n", draw(client.Change{Missed: true}))
}
