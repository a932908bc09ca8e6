package postgres_test

import (
	"context"
	"log/slog"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"ordertrack/order_service/internal/adapters/postgres"
	"ordertrack/order_service/internal/application/placing"
	"ordertrack/order_service/internal/application/relaying"
	"ordertrack/order_service/internal/application/retransmitting"
	"ordertrack/order_service/internal/domain"
	localpg "ordertrack/scripts/localstack/postgres"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/pgdb"
)

// patience is how long a test waits for what should happen at once.
const patience = 20 * time.Second

// renewals counts new logs.
type renewals struct {
	mu    sync.Mutex
	count int
}

func (r *renewals) Renewed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count++
}

func (r *renewals) so(t *testing.T) int {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// process is what a process of the service has of a database.
type process struct {
	pool       *pgxpool.Pool
	register   *postgres.Register
	log        *postgres.Log
	succession *postgres.Succession
	renewals   renewals
	said       testenv.Log
	batch      int64
}

// startOn does what the service does at its start.
func startOn(t *testing.T, url string) *process {
	t.Helper()
	p := &process{}
	p.succession = postgres.NewSuccession(p.said.Logger(), &p.renewals)
	p.pool = migrated(t, url, p.succession.Watch)
	require.NoError(t, p.pool.AcquireFunc(t.Context(), func(conn *pgxpool.Conn) error {
		return p.succession.Begin(t.Context(), conn.Conn())
	}))
	p.register = postgres.NewRegister(p.pool, p.succession)
	p.log = postgres.NewLog(p.pool, p.succession, postgres.NewBell())
	return p
}

func (p *process) check(ctx context.Context) error {
	return p.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error { return p.succession.Check(ctx, conn.Conn()) })
}

func (p *process) place(t *testing.T, names ...string) []domain.Order {
	t.Helper()
	p.batch++
	orders, err := p.log.Append(t.Context(), batchOf(t, p.batch, names...))
	require.NoError(t, err)
	return orders
}

func (p *process) inTurn(t *testing.T, work func(log relaying.Log, archive retransmitting.Archive)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, postgres.NewOutbox(p.pool, postgres.NewBell()).Lead(ctx, func(log relaying.Log, archive retransmitting.Archive) error {
		work(log, archive)
		return nil
	}))
}

// published are the places of all orders behind the cursor, as the relay reads them.
func (p *process) published(t *testing.T) (places []domain.Place) {
	t.Helper()
	p.inTurn(t, func(log relaying.Log, _ retransmitting.Archive) {
		events, err := log.Next(t.Context(), 1000)
		require.NoError(t, err)
		for _, e := range events {
			places = append(places, e.Place)
		}
	})
	return places
}

func placesOf(orders ...domain.Order) (places []domain.Place) {
	for _, o := range orders {
		places = append(places, o.Place)
	}
	return places
}

// server is one that a test may put back, with a database for orders.
func server(t *testing.T) *localpg.Server {
	t.Helper()
	s := testenv.Server(t)
	require.NoError(t, s.CreateDatabase(t.Context(), "orders"))
	return s
}

func stopped(t *testing.T, s *localpg.Server, meddle func()) {
	t.Helper()
	require.NoError(t, s.Stop(t.Context()))
	meddle()
	require.NoError(t, s.Restart(t.Context()))
}

func execute(t *testing.T, url string, statements ...string) {
	t.Helper()
	pool := openPool(t, url)
	defer pool.Close()
	for _, sql := range statements {
		_, err := pool.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
}

// requireSuccession holds a new log to its contract: its places begin at 1, and those of the old one stay.
func requireSuccession(t *testing.T, p *process, old []domain.Order) {
	t.Helper()
	p.pool.Reset() // the connections of before ended with the server
	require.NoError(t, p.pool.Ping(t.Context()))
	require.Equal(t, 1, p.renewals.so(t))
	require.Contains(t, p.said.String(), "a new order log begins")
	fresh := p.place(t, "Ann", "Ann", "Bob")
	require.NotEqual(t, old[0].Place.LogID, fresh[0].Place.LogID)
	require.Equal(t, []int64{1, 2, 1}, []int64{fresh[0].Place.Sequence, fresh[1].Place.Sequence, fresh[2].Place.Sequence})
	require.Equal(t, old[len(old)-1].ID+1, fresh[0].ID, "ids go on")
	require.Equal(t, placesOf(append(old, fresh...)...), p.published(t))

	again := startOn(t, p.pool.Config().ConnString())
	require.Zero(t, again.renewals.so(t), "a start on the same database is no reason")
}

func TestACopiedDatabaseBeginsANewLog(t *testing.T) {
	t.Parallel()
	s := server(t)
	first := startOn(t, s.URL("orders"))
	old := first.place(t, "Ann", "Bob", "Ann")
	first.pool.Close()
	execute(t, s.URL("postgres"), "CREATE DATABASE copy TEMPLATE orders", "DROP DATABASE orders",
		"ALTER DATABASE copy RENAME TO orders")
	requireSuccession(t, startOn(t, s.URL("orders")), old)
}

func TestADumpThatIsRestoredBeginsANewLog(t *testing.T) {
	t.Parallel()
	s := server(t)
	dump, ok := s.Program("pg_dump")
	if !ok {
		t.Skip("these programs of PostgreSQL have no pg_dump")
	}
	first := startOn(t, s.URL("orders"))
	old := first.place(t, "Ann", "Bob", "Ann")
	first.pool.Close()
	text, err := exec.CommandContext(t.Context(), dump, "--inserts", "--no-owner", "--dbname", s.URL("orders")).Output()
	require.NoError(t, err)
	var sql []string
	for line := range strings.Lines(string(text)) { // psql's own commands are none of the server's
		if !strings.HasPrefix(line, `\`) {
			sql = append(sql, line)
		}
	}
	require.NoError(t, s.CreateDatabase(t.Context(), "restored"))
	execute(t, s.URL("restored")+"&default_query_exec_mode=simple_protocol", strings.Join(sql, ""))
	requireSuccession(t, startOn(t, s.URL("restored")), old)
}

func TestARecoveryToAPointInTimeBeginsANewLog(t *testing.T) {
	t.Parallel()
	s := server(t)
	var backup localpg.Backup
	stopped(t, s, func() {
		var err error
		backup, err = s.BackUp(t.Context())
		require.NoError(t, err)
	})
	running := startOn(t, s.URL("orders"))
	old := running.place(t, "Ann", "Bob", "Ann")
	execute(t, s.URL("postgres"), "SELECT pg_create_restore_point('here')")
	running.place(t, "Ann", "Cid")
	execute(t, s.URL("postgres"), "SELECT pg_switch_wal()")
	stopped(t, s, func() { require.NoError(t, s.Rewind(t.Context(), backup, "here")) })

	// This process has seen no order: only the timeline tells.
	requireSuccession(t, startOn(t, s.URL("orders")), old)
}

func TestFilesThatArePutBackBeginANewLog(t *testing.T) {
	t.Parallel()
	s := server(t)
	running := startOn(t, s.URL("orders"))
	old := running.place(t, "Ann", "Bob", "Ann")
	var backup localpg.Backup
	stopped(t, s, func() {
		var err error
		backup, err = s.BackUp(t.Context())
		require.NoError(t, err)
	})
	running.pool.Reset()
	lost := running.place(t, "Ann", "Cid")
	require.Equal(t, old[0].Place.LogID, lost[0].Place.LogID, "a restart is no reason")
	applied := domain.Applied{old[0].Place.LogID: {}}
	for _, o := range append(old, lost...) {
		applied[o.Place.LogID][o.Place.Lane] = o.Place.Sequence
	}
	putBack := func() { require.NoError(t, s.PutBack(t.Context(), backup)) }

	t.Run("as a process that ran before finds", func(t *testing.T) {
		stopped(t, s, putBack)
		requireSuccession(t, running, old)
	})
	t.Run("as the receiver's marks tell", func(t *testing.T) {
		stopped(t, s, putBack)
		p := startOn(t, s.URL("orders"))
		require.Zero(t, p.renewals.so(t), "nothing in the database tells")
		require.NoError(t, p.register.RenewIfBehind(t.Context(), applied))
		require.NoError(t, p.register.RenewIfBehind(t.Context(), applied), "those of the former log tell nothing of the new one")
		requireSuccession(t, p, old)
	})
	t.Run("as somebody says", func(t *testing.T) {
		stopped(t, s, putBack)
		p := startOn(t, s.URL("orders"))
		logID, err := p.register.Renew(t.Context(), "a test says so")
		require.NoError(t, err)
		require.NotEqual(t, old[0].Place.LogID, logID)
		requireSuccession(t, p, old)
	})
}

func TestMarksThatAreNotAheadAreNoReason(t *testing.T) {
	t.Parallel()
	p := startOn(t, testenv.Database(t))
	order := p.place(t, "Ann")[0]
	for _, applied := range []domain.Applied{
		nil,
		{order.Place.LogID: {order.Place.Lane: 1}},
		{order.Place.LogID: {order.Place.Lane: 0, -1: 5, 64: 5, 1 << 40: 5}},
		{"8f8ad0ac-7a0e-4c7a-9c43-0d0d7a1b2c3d": {order.Place.Lane: 9}},
		{"no uuid": {order.Place.Lane: 9}},
	} {
		require.NoError(t, p.register.RenewIfBehind(t.Context(), applied))
		require.Zero(t, p.renewals.so(t))
	}
	require.NoError(t, p.register.RenewIfBehind(t.Context(), domain.Applied{order.Place.LogID: {order.Place.Lane: 2}}))
	require.Equal(t, 1, p.renewals.so(t))
}

// Each log is looked after: what lacks of a former one is sent under its id, in its numbers.
func TestTheArchiveHoldsFormerLogs(t *testing.T) {
	t.Parallel()
	p := startOn(t, testenv.Database(t))
	first := p.place(t, "Ann", "Ann", "Ann")
	_, err := p.register.Renew(t.Context(), "first")
	require.NoError(t, err)
	second := p.place(t, "Ann", "Ann")
	_, err = p.register.Renew(t.Context(), "second")
	require.NoError(t, err)
	_, err = p.register.Renew(t.Context(), "a log without orders between")
	require.NoError(t, err)
	third := p.place(t, "Ann")
	lane := first[0].Place.Lane
	logs := []string{first[0].Place.LogID, second[0].Place.LogID, third[0].Place.LogID}

	p.inTurn(t, func(log relaying.Log, archive retransmitting.Archive) {
		require.NoError(t, log.Advance(t.Context(), third[0].ID))
		for _, tc := range []struct {
			applied [3]int64
			lacking []domain.Place
		}{
			{[3]int64{0, 0, 0}, placesOf(first[0], second[0], third[0])},
			{[3]int64{2, 2, 0}, placesOf(first[2], third[0])},
			{[3]int64{9, 1, 1}, placesOf(second[1])}, // 9: of orders that the database has forgotten
			{[3]int64{3, 2, 1}, nil},
		} {
			applied := domain.Applied{}
			for i, logID := range logs {
				applied[logID] = map[int]int64{lane: tc.applied[i]}
			}
			lacking, err := archive.Lacking(t.Context(), applied)
			require.NoError(t, err)
			require.ElementsMatch(t, tc.lacking, lacking, tc.applied)
		}
		for _, orders := range [][]domain.Order{first, second, third} {
			events, err := archive.From(t.Context(), orders[0].Place, 100)
			require.NoError(t, err)
			require.Len(t, events, len(orders))
			for i, e := range events {
				require.Equal(t, orders[i].Place, e.Place)
			}
		}
	})
}

// A batch whose answer got lost keeps its place in the log that it was stored in, also when that log has ended since.
func TestABatchIsRecalledFromAFormerLog(t *testing.T) {
	t.Parallel()
	p := startOn(t, testenv.Database(t))
	p.place(t, "Ann")
	stored := p.place(t, "Ann", "Bob")
	_, err := p.register.Renew(t.Context(), "between the commit and the second try")
	require.NoError(t, err)
	again, err := p.log.Append(t.Context(), batchOf(t, p.batch, "Ann", "Bob"))
	require.NoError(t, err)
	require.Equal(t, stored, again)
}

// Many connections find the same reason at once, and begin one log.
func TestOneNewLogForAll(t *testing.T) {
	t.Parallel()
	s := server(t)
	first := startOn(t, s.URL("orders"))
	old := first.place(t, "Ann")
	first.pool.Close()
	execute(t, s.URL("postgres"), "CREATE DATABASE copy TEMPLATE orders")
	watcher := openPool(t, s.URL("copy"))
	release := holdLock(t, watcher) // so that they meet, however fast each is
	patient := func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["lock_timeout"] = "20s" }
	var (
		said     testenv.Log
		renewals renewals
		group    errgroup.Group
	)
	const connections = 8
	for range connections {
		succession := postgres.NewSuccession(said.Logger(), &renewals)
		group.Go(func() error {
			pool, err := pgdb.NewPool(s.URL("copy"), postgres.Session, patient, succession.Watch)
			if err != nil {
				return err
			}
			defer pool.Close()
			return pool.Ping(t.Context())
		})
	}
	require.Eventually(t, func() bool {
		const sql = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
		var waiting int
		return watcher.QueryRow(t.Context(), sql).Scan(&waiting) == nil && waiting == connections
	}, patience, 10*time.Millisecond)
	release()
	require.NoError(t, group.Wait())
	require.Equal(t, 1, renewals.so(t))
	require.NotEqual(t, old[0].Place.LogID, startOn(t, s.URL("copy")).place(t, "Ann")[0].Place.LogID)
}

func TestAStandbyTakesNoOrders(t *testing.T) {
	t.Parallel()
	s := server(t)
	p := startOn(t, s.URL("orders"))
	p.place(t, "Ann")
	stopped(t, s, func() { require.NoError(t, s.StandBy()) })
	p.pool.Reset()
	require.ErrorContains(t, p.check(t.Context()), "standby")
	_, err := p.log.Append(t.Context(), batchOf(t, 2, "Ann"))
	require.ErrorIs(t, err, placing.ErrUnavailable)
}

// While a dump is restored the tables come one by one. A connection from before would never be checked.
func TestADatabaseInTheMiddleOfARestoreIsRefused(t *testing.T) {
	t.Parallel()
	p := startOn(t, testenv.Database(t))
	p.place(t, "Ann")
	execute(t, p.pool.Config().ConnString(), "ALTER TABLE order_log RENAME TO not_there_yet")
	p.pool.Reset()
	_, err := p.log.Append(t.Context(), batchOf(t, 2, "Ann"))
	require.ErrorIs(t, err, placing.ErrUnavailable)
	require.Error(t, p.pool.Ping(t.Context()))
}

// A hosted PostgreSQL may not say where it is. Orders are taken all the same, and it is said once.
func TestADatabaseThatDoesNotSayWhereItIs(t *testing.T) {
	t.Parallel()
	url := testenv.Database(t)
	owner := startOn(t, url)
	execute(t, url, "REVOKE EXECUTE ON FUNCTION pg_control_system FROM public")
	role := "shy_" + owner.pool.Config().ConnConfig.Database
	execute(t, url, "CREATE ROLE "+role, "GRANT ALL ON ALL TABLES IN SCHEMA public TO "+role)
	t.Cleanup(func() {
		for _, sql := range []string{"DROP OWNED BY " + role, "DROP ROLE " + role} {
			_, err := owner.pool.Exec(context.Background(), sql)
			require.NoError(t, err)
		}
	})
	var (
		said     testenv.Log
		renewals renewals
	)
	succession := postgres.NewSuccession(said.Logger(), &renewals)
	as := func(c *pgxpool.Config) { c.ConnConfig.RuntimeParams["role"] = role }
	pool, err := pgdb.Open(t.Context(), url, slog.New(slog.DiscardHandler), postgres.Session, as, succession.Watch)
	require.NoError(t, err)
	defer pool.Close()
	for range 2 {
		require.NoError(t, pool.AcquireFunc(t.Context(), func(c *pgxpool.Conn) error { return succession.Check(t.Context(), c.Conn()) }))
	}
	require.Equal(t, 1, strings.Count(said.String(), "does not tell which cluster it is"))
	_, err = postgres.NewLog(pool, succession, postgres.NewBell()).Append(t.Context(), batchOf(t, 1, "Ann"))
	require.NoError(t, err)
}
