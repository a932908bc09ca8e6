package domain_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/shared/name"
	"ordertrack/track_users/internal/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEvent_DetachedKeepsEveryByteAndNoneOfTheBuffer(t *testing.T) {
	t.Parallel()
	buffer := []byte(`keyvalueheader`)
	e := &domain.Event{
		Name: name.Restore("Ann"), Place: domain.Place{Lane: domain.Lane{Source: "log", Number: 3}, Sequence: 9},
		Record: domain.Record{
			Key: buffer[0:3], Value: buffer[3:8],
			Headers: []domain.Header{{Key: "a", Value: buffer[8:]}, {Key: "b"}, {Key: "c", Value: []byte{}}},
		},
	}
	want, size := *e, e.Size()
	want.Record = domain.Record{Key: []byte("key"), Value: []byte("value"), Headers: []domain.Header{
		{Key: "a", Value: []byte("header")}, {Key: "b"}, {Key: "c", Value: []byte{}},
	}}
	e = e.Detached()
	clear(buffer)
	require.Equal(t, &want, e)
	require.Nil(t, e.Record.Headers[1].Value, "no value is not an empty one")
	require.Equal(t, size, e.Size())
}

func TestEvent_DetachedKeepsATombstoneATombstone(t *testing.T) {
	t.Parallel()
	e := &domain.Event{}
	e = e.Detached()
	require.Nil(t, e.Record.Key)
	require.Nil(t, e.Record.Value)
	require.True(t, e.IsForeign())
}

// Transports make strings of their buffers without a copy, too.
func TestEvent_DetachedCopiesStrings(t *testing.T) {
	t.Parallel()
	buffer := []byte("Annlogkey")
	text := func(from, to int) string { return unsafe.String(&buffer[from], to-from) }
	e := &domain.Event{
		Name: name.Restore(text(0, 3)), Place: domain.Place{Lane: domain.Lane{Source: text(3, 6)}, Sequence: 1},
		Record: domain.Record{Headers: []domain.Header{{Key: text(6, 9)}}},
	}
	shared := e.Record.Headers
	e = e.Detached()
	clear(buffer)
	clear(shared)
	require.Equal(t, "Ann", e.Name.String())
	require.Equal(t, "log", e.Place.Lane.Source)
	require.Equal(t, []domain.Header{{Key: "key"}}, e.Record.Headers)
}

func TestEvent_SizeCountsEveryByteThatIsKept(t *testing.T) {
	t.Parallel()
	bare := (&domain.Event{}).Size()
	require.GreaterOrEqual(t, bare, int(unsafe.Sizeof(domain.Event{})))
	const some = 1000
	bytes, text := make([]byte, some), string(make([]byte, some))
	for title, e := range map[string]domain.Event{
		"name":         {Name: name.Restore(text)},
		"source":       {Place: domain.Place{Lane: domain.Lane{Source: text}}},
		"key":          {Record: domain.Record{Key: bytes}},
		"value":        {Record: domain.Record{Value: bytes}},
		"header key":   {Record: domain.Record{Headers: []domain.Header{{Key: text}}}},
		"header value": {Record: domain.Record{Headers: []domain.Header{{}, {Value: bytes}}}},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			headers := len(e.Record.Headers) * int(unsafe.Sizeof(domain.Header{}))
			require.GreaterOrEqual(t, e.Size(), bare+some+headers)
			require.LessOrEqual(t, e.Size(), bare+some+headers+100)
		})
	}
}

func TestEvent_CondemnedIsParkedWithItsReason(t *testing.T) {
	t.Parallel()
	e := &domain.Event{Name: name.Restore("Ann")}
	e.Condemn("refused", "the database says no")
	require.Equal(t, &domain.Fault{Reason: "refused", Detail: "the database says no"}, e.Fault)
	require.Equal(t, "Ann", e.Name.String())
}

func TestLane_ComparesBySourceThenNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b domain.Lane
		want int
	}{
		{domain.Lane{Source: "a", Number: 9}, domain.Lane{Source: "b", Number: 1}, -1},
		{domain.Lane{Source: "a", Number: 9}, domain.Lane{Source: "a", Number: 10}, -1},
		{domain.Lane{Source: "b"}, domain.Lane{Source: "a", Number: 63}, 1},
		{domain.Lane{Source: "a", Number: 1}, domain.Lane{Source: "a", Number: 1}, 0},
	} {
		require.Equal(t, c.want, c.a.Compare(c.b))
	}
}
