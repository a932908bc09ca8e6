package wiring_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/admin"
	"ordertrack/shared/event"
	"ordertrack/shared/httpserver"
	"ordertrack/shared/kafkaclient"
	"ordertrack/shared/name"
	"ordertrack/shared/ordertoken"
	"ordertrack/shared/settings"
	"ordertrack/track_users/internal/config"
	"ordertrack/track_users/internal/wiring"
)

func TestMain(m *testing.M) { testenv.Main(m) }

const (
	patience = 30 * time.Second
	often    = 20 * time.Millisecond
	logID    = "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11"
)

func settingsFor(t testing.TB, database, broker, topic string) config.Config {
	t.Helper()
	c, err := settings.Load[config.Config]([]string{
		"DATABASE_URL=" + database, "KAFKA_BROKERS=" + broker, "KAFKA_TOPIC=" + topic, "KAFKA_GROUP=group_of_" + topic,
		"HTTP_ADDR=127.0.0.1:0", "ADMIN_ADDR=127.0.0.1:0",
	})
	require.NoError(t, err)
	return c
}

var quiet = slog.New(slog.DiscardHandler)

// options are the whole service, as service.Main runs it.
func options(c config.Config) fx.Option {
	return fx.Options(
		fx.NopLogger,
		fx.Supply(c),
		fx.Supply(quiet),
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
	app        *fx.App
	api, admin string
	client     *http.Client
}

func start(t testing.TB, c config.Config) running {
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

func (r running) stop(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	require.NoError(t, r.app.Stop(ctx))
}

func (r running) get(t require.TestingT, address string) (status int, body string) {
	status, body, err := r.fetch(address)
	require.NoError(t, err)
	return status, body
}

func (r running) fetch(address string) (status int, body string, err error) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	response, err := r.client.Do(request)
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), errors.Join(err, response.Body.Close())
}

// inBackground fetches, and sends what came of it.
func (r running) inBackground(address string, answers chan<- string) {
	go func() {
		_, body, err := r.fetch(address)
		answers <- fmt.Sprint(body, err)
	}()
}

func (r running) awaitStatus(t *testing.T, address string, want int) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		status, body := r.get(c, address)
		require.Equal(c, want, status, body)
	}, patience, often)
}

// awaitCounter waits until a user's counter is so high, and returns the whole answer.
func (r running) awaitCounter(t *testing.T, who string, want int64) string {
	t.Helper()
	var answer string
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		var status int
		status, answer = r.get(c, r.api+"/api/v1/users/"+url.PathEscape(who))
		require.Equal(c, http.StatusOK, status)
		require.Contains(c, answer, fmt.Sprintf(`"counter":%d,`, want))
	}, patience, often)
	return answer
}

// produce writes the events of a user's orders numbered from first to last, as order_service does.
func produce(t *testing.T, broker, topic, who string, first, last int64) {
	t.Helper()
	producer, err := sarama.NewSyncProducer([]string{broker}, kafkaclient.Config("test"))
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close()) }()
	parsed, err := name.Parse(who)
	require.NoError(t, err)
	for n := first; n <= last; n++ {
		record := event.Encode(event.Placed{
			OrderID: n, Name: parsed, LogID: logID, Lane: event.LaneOf(parsed), Sequence: n, PlacedAt: time.Now(),
		})
		_, _, err := producer.SendMessage(message(topic, record))
		require.NoError(t, err)
	}
}

func message(topic string, record event.Record) *sarama.ProducerMessage {
	m := &sarama.ProducerMessage{Topic: topic, Key: sarama.ByteEncoder(record.Key), Value: sarama.ByteEncoder(record.Value)}
	for _, h := range record.Headers {
		m.Headers = append(m.Headers, sarama.RecordHeader{Key: []byte(h.Key), Value: h.Value})
	}
	return m
}

func TestOrdersAreCounted(t *testing.T) {
	t.Parallel()
	c := settingsFor(t, testenv.Database(t), testenv.Broker(t), testenv.Topic(t))
	r := start(t, c)
	r.awaitStatus(t, r.admin+"/readyz", http.StatusOK)
	status, body := r.get(t, r.api+"/api/v1/users/John%20Doe")
	require.Equal(t, http.StatusNotFound, status, body)

	produce(t, c.KafkaBrokers[0], c.KafkaTopic, "John Doe", 1, 3)
	produce(t, c.KafkaBrokers[0], c.KafkaTopic, "A/C", 1, 1)
	first := r.awaitCounter(t, "John Doe", 3)
	require.Regexp(t, `^\{"id":[12],"name":"John Doe","counter":3,"created_at":"[-0-9]+T[0-9:.]+Z"\}$`, first)
	r.awaitCounter(t, "A/C", 1)
	_, metrics := r.get(t, r.admin+"/metrics")
	require.Contains(t, metrics, `track_users_events_total{outcome="counted"} 4`)
	require.Contains(t, metrics, "go_goroutines")
	r.stop(t)

	r = start(t, c)
	produce(t, c.KafkaBrokers[0], c.KafkaTopic, "John Doe", 2, 5)
	again := r.awaitCounter(t, "John Doe", 5)
	require.Equal(t, first[len(first)-30:], again[len(again)-30:], "created_at stays")
	_, metrics = r.get(t, r.admin+"/metrics")
	require.Contains(t, metrics, `track_users_events_total{outcome="repeat"} 2`, "the two that were sent twice, and none of before the stop")
	r.stop(t)
}

func TestUsersAreReadWithoutABroker(t *testing.T) {
	t.Parallel()
	r := start(t, settingsFor(t, testenv.Database(t), "127.0.0.1:1", "user_events"))
	status, body := r.get(t, r.api+"/api/v1/users/Ann")
	require.Equal(t, http.StatusNotFound, status, body)
	status, body = r.get(t, r.admin+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.JSONEq(t, `{"status":"not ready","checks":{"database":"ok","broker":"failing","consumer":"failing"}}`, body)
	status, _ = r.get(t, r.admin+"/livez")
	require.Equal(t, http.StatusOK, status)
	r.stop(t)
}

func TestADatabaseThatGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	server := testenv.Server(t)
	c := settingsFor(t, server.URL("postgres"), testenv.Broker(t), testenv.Topic(t))
	r := start(t, c)
	r.awaitStatus(t, r.admin+"/readyz", http.StatusOK)
	produce(t, c.KafkaBrokers[0], c.KafkaTopic, "Ann", 1, 2)
	r.awaitCounter(t, "Ann", 2)

	require.NoError(t, server.Kill())
	produce(t, c.KafkaBrokers[0], c.KafkaTopic, "Ann", 3, 4)
	r.awaitStatus(t, r.admin+"/readyz", http.StatusServiceUnavailable)
	r.awaitStatus(t, r.api+"/api/v1/users/Ann", http.StatusServiceUnavailable)
	require.NoError(t, server.Restart(t.Context()))
	r.awaitStatus(t, r.admin+"/readyz", http.StatusOK)
	r.awaitCounter(t, "Ann", 4)
	r.stop(t)
}

func TestAWrongDatabaseEndsTheStart(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(testenv.Database(t))
	require.NoError(t, err)
	address.Path = "/not_there"
	for title, wrong := range map[string]string{"no such database": address.String(), "no address": "localhost:5432/track_users"} {
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

// Two replicas share a group; whichever of them counts an order, both let a client wait for it.
func TestAnyReplicaAnswersWhenTheOrderIsCounted(t *testing.T) {
	t.Parallel()
	c := settingsFor(t, testenv.Database(t), testenv.Broker(t), testenv.Topic(t))
	replicas := []running{start(t, c), start(t, c)}
	replicas[0].awaitStatus(t, replicas[0].admin+"/readyz", http.StatusOK)
	who := name.Restore("Ann")
	token, err := ordertoken.Encode(ordertoken.Place{LogID: logID, Lane: event.LaneOf(who), Sequence: 3})
	require.NoError(t, err)
	status, body := replicas[0].get(t, replicas[0].api+"/api/v1/users/Ann?wait=50ms&after="+token)
	require.Equal(t, http.StatusGatewayTimeout, status, body)

	answers := make(chan string, len(replicas))
	for _, r := range replicas {
		r.inBackground(r.api+"/api/v1/users/Ann?wait=30s&after="+token, answers)
	}
	produce(t, c.KafkaBrokers[0], c.KafkaTopic, "Ann", 1, 3)
	for range replicas {
		require.Contains(t, <-answers, `"counter":3,`)
	}
	later, err := ordertoken.Encode(ordertoken.Place{LogID: logID, Lane: event.LaneOf(who), Sequence: 4})
	require.NoError(t, err)
	replicas[0].inBackground(replicas[0].api+"/api/v1/users/Ann?wait=30s&after="+later, answers)
	require.EventuallyWithT(t, func(c *assert.CollectT) { // positions are noted once a second
		status, body := replicas[0].get(c, replicas[0].api+"/api/v1/stats")
		require.Equal(c, http.StatusOK, status)
		require.Contains(c, body, `"users":1,"events_counted":3,`)
		require.Contains(c, body, `"lag":{"events":0,`)
		require.Contains(c, body, fmt.Sprintf(`"lane":%d,"applied":3,"head":3,"events":0}`, event.LaneOf(who)))
	}, patience, often)
	for _, r := range replicas {
		r.stop(t)
	}
	require.Contains(t, <-answers, "stopping", "a stop does not wait for who waits")
}
