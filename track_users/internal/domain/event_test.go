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

func TestEvent_SizeCountsEveryByteThatIsKept(t *testing.T) {
	t.Parallel()
	bare := (&domain.Event{}).Size()
	require.GreaterOrEqual(t, bare, int(unsafe.Sizeof(domain.Event{})))
	parked := (&domain.Event{Fault: &domain.Fault{}, Record: &domain.Record{}}).Size()
	require.GreaterOrEqual(t, parked-bare, int(unsafe.Sizeof(domain.Fault{})+unsafe.Sizeof(domain.Record{})))
	const some = 1000
	bytes, text := make([]byte, some), string(make([]byte, some))
	faulty := func(detail string, r domain.Record) domain.Event {
		return domain.Event{Fault: &domain.Fault{Detail: detail}, Record: &r}
	}
	for title, e := range map[string]domain.Event{
		"name":         {Name: name.Restore(text)},
		"detail":       faulty(text, domain.Record{}),
		"key":          faulty("", domain.Record{Key: bytes}),
		"value":        faulty("", domain.Record{Value: bytes}),
		"header key":   faulty("", domain.Record{Headers: []domain.Header{{Key: text}}}),
		"header value": faulty("", domain.Record{Headers: []domain.Header{{}, {Value: bytes}}}),
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			least, headers := bare, 0
			if e.Record != nil {
				least, headers = parked, len(e.Record.Headers)*int(unsafe.Sizeof(domain.Header{}))
			}
			require.GreaterOrEqual(t, e.Size(), least+some+headers)
			require.LessOrEqual(t, e.Size(), least+some+headers+100)
		})
	}
}

func TestEvent_CondemnedIsParkedWithItsReason(t *testing.T) {
	t.Parallel()
	e := &domain.Event{Name: name.Restore("Ann")}
	record := &domain.Record{Key: []byte("Ann")}
	e.Condemn("refused", "the database says no", record)
	require.Same(t, record, e.Record)
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
