package streaming_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"ordertrack/scripts/localstack/testenv"
	"ordertrack/track_users/internal/application/streaming"
	"ordertrack/track_users/internal/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// feed is a list of changed ids; a position is how many of them were read.
type feed struct {
	mu        sync.Mutex
	changed   []int64
	questions int // what changed since
	takes     time.Duration
	away      bool
	forgotten streaming.Position
}

func (f *feed) change(ids ...int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changed = append(f.changed, ids...)
}

func (f *feed) ask() (int, time.Duration, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.away {
		return 0, f.takes, fmt.Errorf("%w: connection refused", streaming.ErrUnavailable)
	}
	return len(f.changed), f.takes, nil
}

func (f *feed) Now(context.Context) (streaming.Position, error) {
	n, _, err := f.ask()
	return streaming.Position(fmt.Sprint(n)), err
}

func (f *feed) Since(_ context.Context, at streaming.Position, limit int) (streaming.Changed, error) {
	f.mu.Lock()
	f.questions++
	f.mu.Unlock()
	n, takes, err := f.ask()
	if err != nil {
		return streaming.Changed{}, err
	}
	time.Sleep(takes)
	changed := streaming.Changed{At: streaming.Position(fmt.Sprint(n))}
	var from int
	if _, err := fmt.Sscan(string(at), &from); err != nil || n-from > limit {
		changed.Missed = true
		return changed, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range f.changed[from:n] {
		changed.Users = append(changed.Users, domain.User{ID: id})
	}
	return changed, nil
}

func (f *feed) Forget(_ context.Context, before streaming.Position) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forgotten = before
	return nil
}

func (f *feed) forgot() streaming.Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.forgotten
}

func (f *feed) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.questions
}

type meter struct {
	mu                 sync.Mutex
	following, dropped int
}

func (m *meter) Following(n int) { m.mu.Lock(); m.following = n; m.mu.Unlock() }
func (m *meter) Dropped()        { m.mu.Lock(); m.dropped++; m.mu.Unlock() }

func text(f streaming.Frame) []byte {
	ids := make([]string, 0, len(f.Users)+1)
	for _, u := range f.Users {
		ids = append(ids, fmt.Sprint(u.ID))
	}
	if f.Missed {
		ids = append(ids, "missed")
	}
	return []byte(string(f.Position) + ":" + strings.Join(ids, ","))
}

type bundle struct {
	feed  *feed
	meter *meter
	log   *testenv.Log
	hub   *streaming.Hub
}

var limits = streaming.Limits{
	Clients: 1000, Every: 100 * time.Millisecond, Share: 10, Users: 5, Frames: 4, Beat: 15 * time.Second, Keep: time.Minute,
}

func run(t *testing.T, test func(t *testing.T, b bundle)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := bundle{feed: &feed{}, meter: &meter{}, log: &testenv.Log{}}
		b.hub = streaming.New(b.feed, text, b.meter, b.log.Logger(), limits)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = b.hub.Run(ctx) })
		test(t, b)
		cancel()
		running.Wait()
	})
}

func (b bundle) join(t *testing.T, from streaming.Position) *streaming.Client {
	t.Helper()
	c, err := b.hub.Join(from)
	require.NoError(t, err)
	return c
}

func TestWhoFollowsIsToldOfChanges(t *testing.T) {
	run(t, func(t *testing.T, b bundle) {
		b.feed.change(1)
		c := b.join(t, "")
		require.Equal(t, "1:", string(<-c.Frames()), "at once, and from now on")
		b.feed.change(2, 3)
		require.Equal(t, "3:2,3", string(<-c.Frames()))
		b.feed.change(4)
		late := b.join(t, "1")
		require.Equal(t, "4:4", string(<-c.Frames()))
		require.Equal(t, "4:2,3,4", string(<-late.Frames()), "whoever comes back is told what it missed")
		strange := b.join(t, "strange")
		require.Equal(t, "4:missed", string(<-strange.Frames()))
		b.feed.change(1, 2, 3, 4, 5, 6)
		for _, one := range []*streaming.Client{c, late, strange} {
			require.Equal(t, "10:missed", string(<-one.Frames()), "more than a frame holds")
			b.hub.Leave(one)
			b.hub.Leave(one)
		}
		require.Zero(t, b.meter.following)
		require.Zero(t, b.meter.dropped)
	})
}

func TestThereAreTenFramesASecondAtMost(t *testing.T) {
	run(t, func(t *testing.T, b bundle) {
		c := b.join(t, "")
		<-c.Frames()
		begin := time.Now()
		frames := 0
		for time.Since(begin) < 2*time.Second {
			b.feed.change(1)
			time.Sleep(time.Millisecond)
			select {
			case <-c.Frames():
				frames++
			default:
			}
		}
		require.InDelta(t, 20, frames, 1)
		b.hub.Leave(c)
	})
}

func TestAThousandFollowersCostWhatOneCosts(t *testing.T) {
	cost := func(t *testing.T, b bundle, clients int) int {
		all := make([]*streaming.Client, clients)
		for i := range all {
			all[i] = b.join(t, "0")
		}
		for range 5 {
			b.feed.change(1)
			for _, c := range all {
				<-c.Frames()
			}
		}
		for _, c := range all {
			b.hub.Leave(c)
		}
		time.Sleep(time.Second)
		n := b.feed.asked()
		time.Sleep(10 * time.Second)
		require.Equal(t, n, b.feed.asked(), "nobody follows: nothing is asked")
		return n
	}
	run(t, func(t *testing.T, b bundle) {
		one := cost(t, b, 1)
		require.InDelta(t, one, cost(t, b, 1000)-one, 2)
	})
}

// A database that is busy is asked less often: for a tenth of the time at most.
func TestASlowDatabaseIsAskedLess(t *testing.T) {
	run(t, func(t *testing.T, b bundle) {
		c := b.join(t, "")
		<-c.Frames()
		b.feed.mu.Lock()
		b.feed.takes = 500 * time.Millisecond
		b.feed.mu.Unlock()
		before := b.feed.asked()
		time.Sleep(50 * time.Second)
		require.InDelta(t, 10, b.feed.asked()-before, 6)
		b.hub.Leave(c)
	})
}

func TestASlowClientIsDropped(t *testing.T) {
	run(t, func(t *testing.T, b bundle) {
		slow, quick := b.join(t, ""), b.join(t, "")
		<-quick.Frames()
		for range limits.Frames + 1 {
			b.feed.change(1)
			<-quick.Frames()
		}
		synctest.Wait()
		require.Equal(t, 1, b.meter.dropped)
		require.Equal(t, 1, b.meter.following)
		for range limits.Frames {
			<-slow.Frames()
		}
		_, open := <-slow.Frames()
		require.False(t, open)
		b.feed.change(1)
		require.NotEmpty(t, <-quick.Frames(), "the others go on")
		b.hub.Leave(slow)
		b.hub.Leave(quick)
	})
}

func TestASignOfLife(t *testing.T) {
	run(t, func(t *testing.T, b bundle) {
		c := b.join(t, "")
		<-c.Frames()
		begin := time.Now()
		require.Equal(t, "0:", string(<-c.Frames()))
		require.InDelta(t, limits.Beat.Seconds(), time.Since(begin).Seconds(), 0.2)
		b.hub.Leave(c)
	})
}

func TestTheDatabaseGoesAwayAndComesBack(t *testing.T) {
	run(t, func(t *testing.T, b bundle) {
		c := b.join(t, "")
		<-c.Frames()
		b.feed.mu.Lock()
		b.feed.away = true
		b.feed.mu.Unlock()
		b.feed.change(1)
		time.Sleep(3 * time.Second)
		late := b.join(t, "0")
		b.feed.change(2)
		time.Sleep(10 * time.Second)
		require.Empty(t, c.Frames())
		require.Equal(t, 1, strings.Count(b.log.String(), "cannot read the changes"))
		b.feed.mu.Lock()
		b.feed.away = false
		b.feed.mu.Unlock()
		require.Equal(t, "2:1,2", string(<-c.Frames()), "nothing was missed")
		require.Equal(t, "2:1,2", string(<-late.Frames()))
		b.hub.Leave(c)
		b.hub.Leave(late)
	})
}

func TestThereIsALimitAndAnEnd(t *testing.T) {
	run(t, func(t *testing.T, b bundle) {
		all := make([]*streaming.Client, limits.Clients)
		for i := range all {
			all[i] = b.join(t, "")
		}
		_, err := b.hub.Join("")
		require.ErrorIs(t, err, streaming.ErrFull)
		b.hub.Leave(all[0])
		all[0] = b.join(t, "")
		b.hub.Stop()
		for _, c := range all {
			for range c.Frames() { // until it is closed
			}
		}
		_, err = b.hub.Join("")
		require.ErrorIs(t, err, streaming.ErrStopping)
		b.hub.Stop()
		require.Zero(t, b.meter.dropped, "a stop is no fault of the client")
	})
}

func TestOldChangesAreForgotten(t *testing.T) {
	run(t, func(t *testing.T, b bundle) {
		b.feed.change(1)
		time.Sleep(limits.Keep/4 + time.Second)
		b.feed.change(2)
		time.Sleep(limits.Keep - 2*time.Second)
		require.Empty(t, b.feed.forgot(), "it is younger than what is kept")
		time.Sleep(2 * time.Second)
		require.Equal(t, streaming.Position("1"), b.feed.forgot())
	})
}
