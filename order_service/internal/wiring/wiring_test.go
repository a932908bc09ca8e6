package wiring_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"ordertrack/order_service/internal/config"
	"ordertrack/order_service/internal/wiring"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/admin"
	"ordertrack/shared/event"
	"ordertrack/shared/httpserver"
	"ordertrack/shared/kafkaclient"
	"ordertrack/shared/name"
	"ordertrack/shared/settings"
)

func TestMain(m *testing.M) { testenv.Main(m) }

const patience = 30 * time.Second

func settingsFor(t *testing.T, database, broker, topic string) config.Config {
	t.Helper()
	c, err := settings.Load[config.Config]([]string{
		"DATABASE_URL=" + database, "KAFKA_BROKERS=" + broker, "KAFKA_TOPIC=" + topic,
		"HTTP_ADDR=127.0.0.1:0", "ADMIN_ADDR=127.0.0.1:0",
	})
	require.NoError(t, err)
	return c
}

// options are the whole service, as service.Main runs it.
func options(c config.Config) fx.Option {
	return fx.Options(
		fx.NopLogger,
		fx.Supply(c),
		fx.Supply(slog.New(slog.DiscardHandler)),
		fx.Provide(admin.NewRegistry),
		wiring.Module(c),
	)
}

func TestTheGraphIsComplete(t *testing.T) {
	t.Parallel()
	require.NoError(t, fx.ValidateApp(options(settingsFor(t, "postgres://localhost/x", "localhost:9092", "x"))))
}

// running is a service that has started.
type running struct {
	app    *fx.App
	api    string
	admin  string
	client *http.Client
}

func start(t *testing.T, c config.Config) running {
	t.Helper()
	var (
		api  *httpserver.Server
		port *admin.Server
	)
	r := running{app: fx.New(options(c), fx.Populate(&api, &port)), client: &http.Client{Timeout: patience}}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, r.app.Start(ctx))
	r.api, r.admin = "http://"+api.Addr(), "http://"+port.Addr()
	t.Cleanup(r.client.CloseIdleConnections)
	return r
}

func (r running) stop(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, r.app.Stop(ctx))
}

// post returns the status and the body of the answer.
func (r running) post(ctx context.Context, body string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.api+"/api/v1/orders", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	return r.answer(request)
}

func (r running) get(t *testing.T, path string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.admin+path, http.NoBody)
	require.NoError(t, err)
	status, body, err := r.answer(request)
	require.NoError(t, err)
	return status, body
}

func (r running) answer(request *http.Request) (int, string, error) {
	response, err := r.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), errors.Join(err, response.Body.Close())
}

// consume reads so many records of the topic.
func consume(t *testing.T, broker, topic string, records int) []event.Record {
	t.Helper()
	consumer, err := sarama.NewConsumer([]string{broker}, kafkaclient.Config("test"))
	require.NoError(t, err)
	defer func() { require.NoError(t, consumer.Close()) }()
	partitions, err := consumer.Partitions(topic)
	require.NoError(t, err)
	require.Len(t, partitions, 12)
	var all []event.Record
	limit := time.After(patience)
	for len(all) < records {
		for _, p := range partitions {
			claim, err := consumer.ConsumePartition(topic, p, sarama.OffsetOldest)
			require.NoError(t, err)
			for range claim.HighWaterMarkOffset() {
				m := <-claim.Messages()
				r := event.Record{Key: m.Key, Value: m.Value}
				for _, h := range m.Headers {
					r.Headers = append(r.Headers, event.Header{Key: string(h.Key), Value: h.Value})
				}
				all = append(all, r)
			}
			require.NoError(t, claim.Close())
		}
		select {
		case <-limit:
			require.FailNow(t, "records are missing", "%d of %d came", len(all), records)
		default:
		}
		if len(all) < records {
			all = nil // not all are there yet: read again
		}
	}
	return all
}

type row struct {
	id, sequence int64
	name, note   string
	log, trace   string
	at           time.Time
}

func rows(t *testing.T, database string) []row {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(t.Context())) }()
	found, err := conn.Query(t.Context(), `SELECT o.id, sequence, name, note, l.id::text, traceparent, o.created_at
		FROM orders o, order_log l ORDER BY o.id`)
	require.NoError(t, err)
	all, err := pgx.CollectRows(found, func(r pgx.CollectableRow) (row, error) {
		var o row
		return o, r.Scan(&o.id, &o.sequence, &o.name, &o.note, &o.log, &o.trace, &o.at)
	})
	require.NoError(t, err)
	return all
}

func TestAnOrderIsStoredAndPublished(t *testing.T) {
	t.Parallel()
	database, broker, topic := testenv.Database(t), testenv.Broker(t), testenv.Topic(t)
	r := start(t, settingsFor(t, database, broker, topic))
	for i, body := range []string{`{"name":"John Doe","note":"First order"}`, `{"name":" Zoe\u0308 "}`, `{"name":"John Doe"}`} {
		status, answer, err := r.post(t.Context(), body)
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, status)
		want := fmt.Sprintf(`{"status":"success","order_id":%d}`, i+1)
		require.Equal(t, want, answer)
	}
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, metrics := r.get(t, "/metrics")
		require.Contains(c, metrics, "order_service_relay_published_total 3")
		require.Contains(c, metrics, `order_service_orders_total{outcome="placed"} 3`)
	}, patience, 20*time.Millisecond)
	status, answer := r.get(t, "/readyz")
	require.Equal(t, http.StatusOK, status, answer)

	stored := rows(t, database)
	require.Len(t, stored, 3)
	require.Equal(t, "First order", stored[0].note)
	want := make([]event.Record, len(stored))
	for i, o := range stored {
		who := name.Restore(o.name)
		want[i] = event.Encode(event.Placed{
			OrderID: o.id, Name: who, LogID: o.log, Lane: event.LaneOf(who), Sequence: o.sequence, PlacedAt: o.at, TraceParent: o.trace,
		})
	}
	got := consume(t, broker, topic, 3)
	require.ElementsMatch(t, want, got)
	require.Contains(t, []string{string(got[0].Value), string(got[1].Value), string(got[2].Value)}, `{"name":"John Doe"}`)
	r.stop(t)
}

func TestOrdersAreTakenWithoutABroker(t *testing.T) {
	t.Parallel()
	database := testenv.Database(t)
	r := start(t, settingsFor(t, database, "127.0.0.1:1", "user_events"))
	status, answer, err := r.post(t.Context(), `{"name":"Ann"}`)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status, answer)
	status, answer = r.get(t, "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.JSONEq(t, `{"status":"not ready","checks":{"database":"ok","broker":"failing"}}`, answer)
	status, _ = r.get(t, "/livez")
	require.Equal(t, http.StatusOK, status)
	r.stop(t)
	require.Len(t, rows(t, database), 1)
}

func TestAStopAnswersWhatWasAccepted(t *testing.T) {
	t.Parallel()
	database, broker, topic := testenv.Database(t), testenv.Broker(t), testenv.Topic(t)
	r := start(t, settingsFor(t, database, broker, topic))
	var (
		clients  sync.WaitGroup
		mu       sync.Mutex
		placed   int
		answered = make(chan struct{}, 100_000)
	)
	for range 16 {
		clients.Go(func() {
			for {
				status, _, err := r.post(t.Context(), `{"name":"Ann"}`)
				if err != nil || status != http.StatusCreated {
					return // the service has stopped
				}
				mu.Lock()
				placed++
				mu.Unlock()
				answered <- struct{}{}
			}
		})
	}
	for range 200 {
		<-answered
	}
	r.stop(t)
	clients.Wait()
	require.Len(t, rows(t, database), placed, "each order that is stored was answered")
}

func TestAWrongDatabaseEndsTheStart(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(testenv.Database(t))
	require.NoError(t, err)
	address.Path = "/not_there"
	for title, wrong := range map[string]string{"no such database": address.String(), "no address": "localhost:5432/orders"} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			app := fx.New(options(settingsFor(t, wrong, "127.0.0.1:1", "user_events")))
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			err := app.Start(ctx)
			var named *settings.Error
			require.ErrorAs(t, err, &named)
			require.Equal(t, "DATABASE_URL", named.Setting)
			require.NoError(t, app.Stop(ctx))
		})
	}
}
