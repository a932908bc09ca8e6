package httpapi_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"github.com/stretchr/testify/require"

	"ordertrack/shared/golden"
	"ordertrack/shared/name"
	"ordertrack/track_users/internal/adapters/httpapi/openapi"
	"ordertrack/track_users/internal/application/reading"
	"ordertrack/track_users/internal/application/reporting"
	"ordertrack/track_users/internal/domain"
)

func users(from, to int) []domain.User {
	var all []domain.User
	for i := from; i <= to; i++ {
		all = append(all, domain.User{
			ID: int64(i), Name: name.Restore(fmt.Sprintf("user %d", i)), Counter: int64(1000 - i), CreatedAt: time.Unix(1_700_000_000+int64(i), 0),
		})
	}
	return all
}

var nextLink = regexp.MustCompile(`^<(/[^>]+)>; rel="next"$`)

func TestPagesLeadToEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.users.EXPECT().List(gomock.Any(), reading.Query{Descending: true, Limit: 3}).Return(users(1, 3), nil)
	first := b.get(t, "/api/v1/users?limit=2")
	golden.RequireResponse(t, "list", first)
	link := nextLink.FindStringSubmatch(first.Header().Get("Link"))
	require.NotNil(t, link, first.Header())

	b.users.EXPECT().List(gomock.Any(), gomock.Any()).DoAndReturn(func(_ any, q reading.Query) ([]domain.User, error) {
		require.Equal(t, reading.Query{Descending: true, Limit: 3, After: &domain.User{ID: 2, Counter: 998}}, q)
		return users(3, 4), nil
	})
	last := b.get(t, link[1])
	golden.RequireResponse(t, "list last", last)
	require.Empty(t, last.Header().Get("Link"))
}

func TestListsThatCanBeAskedFor(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]reading.Query{
		"":                                    {Descending: true, Limit: 101},
		"?sort=counter&order=asc":             {Limit: 101},
		"?sort=name":                          {Sort: reading.ByName, Limit: 101},
		"?sort=name&order=desc&limit=1000":    {Sort: reading.ByName, Descending: true, Limit: 1001},
		"?sort=created_at&order=asc":          {Sort: reading.ByCreation, Limit: 101},
		"?order=desc&limit=1&sort=created_at": {Sort: reading.ByCreation, Descending: true, Limit: 2},
	} {
		t.Run(query, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.users.EXPECT().List(gomock.Any(), want).Return(nil, nil)
			response := b.get(t, "/api/v1/users"+query)
			require.Equal(t, http.StatusOK, response.Code)
			require.JSONEq(t, `{"users":[]}`, response.Body.String())
		})
	}
}

func TestListsThatAreRefused(t *testing.T) {
	t.Parallel()
	golden.RequireResponse(t, "list refused", setup(t).get(t, "/api/v1/users?sort=age&order=up&limit=1001&colour=red&cursor="))
	golden.RequireResponse(t, "list cursor", setup(t).get(t, "/api/v1/users?cursor=AQGXssR-Gnw7nVI_Hw5qixEHAAAAAAAAEmcuSuIi"))
	for _, query := range []string{
		"limit=0", "limit=-1", "limit=1e2", "limit=%2B5", "limit=01", "limit=99999999999999999999", "limit=", "limit=1&limit=1",
		"sort=Name", "order=", "a=%zz", "a;b", "name=Ann",
	} {
		response := setup(t).get(t, "/api/v1/users?"+query)
		require.Equal(t, http.StatusBadRequest, response.Code, query)
		require.Contains(t, response.Body.String(), `"/problems/validation"`)
	}
}

func TestListsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]int{
		fmt.Errorf("%w: db7", reading.ErrUnavailable): http.StatusServiceUnavailable, errors.New("db7"): http.StatusInternalServerError,
	} {
		b := setup(t)
		b.users.EXPECT().List(gomock.Any(), gomock.Any()).Return(nil, err)
		response := b.get(t, "/api/v1/users")
		require.Equal(t, want, response.Code)
		require.NotContains(t, response.Body.String(), "db7")
	}
}

func TestALongListIsCompressedForWhoTakesThat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.users.EXPECT().List(gomock.Any(), gomock.Any()).Return(users(1, 100), nil)
	response := b.do(t, http.MethodGet, "/api/v1/users", "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", response.Header().Get("Content-Encoding"))
}

func TestStats(t *testing.T) {
	t.Parallel()
	b := setup(t)
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	b.book.EXPECT().Totals(gomock.Any()).Return(domain.Totals{At: at, Users: 3, Counted: 40, Foreign: 2, Parked: 1}, nil)
	log := func(lane int) domain.Lane { return domain.Lane{Source: "log", Number: lane} }
	marks := []domain.Mark{{Lane: log(1), Applied: 30}, {Lane: log(2), Applied: 8}}
	b.book.EXPECT().Progress(gomock.Any()).Return(domain.Progress{Marks: marks}, nil)
	b.topic.EXPECT().Backlogs(gomock.Any(), gomock.Any()).Return([]domain.Backlog{
		{Stream: domain.Stream{Partition: 0}, Next: 30, End: 30, Heads: map[domain.Lane]int64{log(2): 15}},
		{Stream: domain.Stream{Partition: 1}, Next: 10, End: 17, Oldest: at.Add(-1500 * time.Millisecond)},
	}, nil)
	golden.RequireResponse(t, "stats", b.get(t, "/api/v1/stats"))
}

func TestStatsOfManyLogsAreBoundedAndCompressed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	marks := make([]domain.Mark, 1100)
	for i := range marks {
		marks[i].Lane = domain.Lane{Source: fmt.Sprintf("log %d", i/64), Number: i % 64}
	}
	b.book.EXPECT().Totals(gomock.Any()).Return(domain.Totals{}, nil)
	b.book.EXPECT().Progress(gomock.Any()).Return(domain.Progress{Marks: marks}, nil)
	b.topic.EXPECT().Backlogs(gomock.Any(), gomock.Any()).Return([]domain.Backlog{}, nil)
	response := b.do(t, http.MethodGet, "/api/v1/stats", "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", response.Header().Get("Content-Encoding"))
	plain, err := gzip.NewReader(response.Body)
	require.NoError(t, err)
	var body openapi.Stats
	require.NoError(t, json.NewDecoder(plain).Decode(&body))
	require.Len(t, body.Lag.Lanes, 1024)
	require.Equal(t, 76, *body.Lag.LanesLeftOut)
}

func TestStatsWithoutABroker(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.book.EXPECT().Totals(gomock.Any()).Return(domain.Totals{At: time.Unix(1_700_000_000, 0), Users: 3}, nil)
	b.book.EXPECT().Progress(gomock.Any()).Return(domain.Progress{}, nil)
	b.topic.EXPECT().Backlogs(gomock.Any(), gomock.Any()).Return(nil, reporting.ErrUnavailable)
	var body map[string]any
	require.NoError(t, json.Unmarshal(b.get(t, "/api/v1/stats").Body.Bytes(), &body))
	require.NotContains(t, body, "lag", "what is not known is not told")
	require.EqualValues(t, 3, body["users"])
}

func TestStatsThatCannotBeTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.book.EXPECT().Totals(gomock.Any()).Return(domain.Totals{}, fmt.Errorf("%w: db7", reporting.ErrUnavailable))
	response := b.get(t, "/api/v1/stats")
	require.Equal(t, http.StatusServiceUnavailable, response.Code)
	require.NotContains(t, response.Body.String(), "db7")
}
