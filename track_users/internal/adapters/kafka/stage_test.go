package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/backoff"
	"ordertrack/shared/event"
	"ordertrack/shared/kafkaclient"
	"ordertrack/shared/name"
	"ordertrack/track_users/internal/adapters/kafka"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
	"ordertrack/track_users/internal/domain/window"
)

func TestMain(m *testing.M) { testenv.Main(m) }

const (
	logID  = "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11"
	limit  = 60 * time.Second // of each wait
	often  = 20 * time.Millisecond
	lanes  = 6 // of the events that the tests produce
	groups = "group_of_"
)

// ledger is a database that can be away. It keeps what all consumers of a test share.
type ledger struct {
	mu      sync.Mutex
	away    bool
	counts  map[string]domain.Count
	lanes   map[domain.Lane]int64
	foreign map[domain.Stream]int64
	parked  []domain.Event
	tries   int // since it is away
}

func newLedger() *ledger {
	return &ledger{
		counts: map[string]domain.Count{}, lanes: map[domain.Lane]int64{}, foreign: map[domain.Stream]int64{},
	}
}

func (l *ledger) Apply(
	_ context.Context, scope domain.Scope, decide func(domain.Marks) domain.Effects,
) (domain.Marks, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away {
		l.tries++
		return domain.Marks{}, fmt.Errorf("%w: it is away", tallying.ErrUnavailable)
	}
	before := domain.Marks{Lanes: map[domain.Lane]int64{}, Foreign: domain.NoOffset}
	for _, lane := range scope.Lanes {
		before.Lanes[lane] = l.lanes[lane]
	}
	if mark, ok := l.foreign[scope.Stream]; ok && scope.Foreign {
		before.Foreign = mark
	}
	effects := decide(before)
	for who, count := range effects.Counts {
		sum := l.counts[who.String()]
		l.counts[who.String()] = domain.Count{Events: sum.Events + count.Events, Foreign: sum.Foreign + count.Foreign}
	}
	for _, e := range effects.Parked {
		l.parked = append(l.parked, *e)
	}
	maps.Copy(l.lanes, effects.Lanes)
	if effects.Foreign != domain.NoOffset {
		l.foreign[scope.Stream] = effects.Foreign
	}
	return effects.Apply(before), nil
}

func (l *ledger) goAway(away bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away, l.tries = away, 0
}

// read gives something of the ledger.
func read[T any](l *ledger, what func(*ledger) T) T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return what(l)
}

func (l *ledger) total() int64 {
	return read(l, func(l *ledger) (sum int64) {
		for _, count := range l.counts {
			sum += count.Events
		}
		return sum
	})
}

// meter counts what tallies report.
type meter struct {
	mu    sync.Mutex
	total tallying.Applied
}

func (m *meter) Applied(a tallying.Applied) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.total.Counted += a.Counted
	m.total.Repeats += a.Repeats
}

func (m *meter) Waiting(domain.Stream, int, int, int) {}
func (m *meter) Failed(error)                         {}

func (m *meter) sum() tallying.Applied {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.total
}

// stage is a topic of a broker, and what consumers of it share.
type stage struct {
	addr, topic string
	config      *sarama.Config
	limits      tallying.Limits
	ledger      *ledger
	meter       *meter
	log         *testenv.Log
	tally       func(domain.Stream) kafka.Tally // nil for the real one

	produced  map[string]int64 // events of each name
	sequences map[int]int64
	orders    int
}

func newStage(t *testing.T, addr string) *stage {
	t.Helper()
	config := kafka.Config()
	config.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond // rebalances are noticed by heartbeats
	config.Consumer.Group.Session.Timeout = 6 * time.Second           // the brokers' least
	return &stage{
		addr: addr, topic: testenv.Topic(t), config: config, ledger: newLedger(), meter: &meter{}, log: &testenv.Log{},
		limits: tallying.Limits{
			Batch: 50, Window: window.Limits{Events: 10_000, Bytes: 1 << 24},
			Look:  backoff.Policy{Base: 20 * time.Millisecond, Max: 200 * time.Millisecond},
			Retry: backoff.Policy{Base: 20 * time.Millisecond, Max: 200 * time.Millisecond},
		},
		produced: map[string]int64{}, sequences: map[int]int64{},
	}
}

// member is a consumer that runs.
type member struct {
	*kafka.Consumer

	stop func() // ends Run and waits for it; twice is fine
}

func (s *stage) start(t *testing.T) member {
	t.Helper()
	log, tally := s.log.Logger(), s.tally
	if tally == nil {
		all := tallying.NewNeighbours()
		tally = func(stream domain.Stream) kafka.Tally {
			return tallying.New(stream, s.ledger, s.meter, log, s.limits, all)
		}
	}
	consumer := kafka.New(
		kafka.Settings{Brokers: []string{s.addr}, Topic: s.topic, Group: groups + s.topic}, s.config, tally, log)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- consumer.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(limit):
			require.FailNow(t, "the consumer does not stop")
		}
	})
	t.Cleanup(stop)
	return member{consumer, stop}
}

func (s *stage) startReady(t *testing.T) member {
	t.Helper()
	m := s.start(t)
	require.Eventually(t, func() bool { return m.Ready(t.Context()) == nil }, limit, often)
	return m
}

func (s *stage) client(t *testing.T) sarama.Client {
	t.Helper()
	client, err := sarama.NewClient([]string{s.addr}, kafkaclient.Config("test"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

func (s *stage) admin(t *testing.T) sarama.ClusterAdmin {
	t.Helper()
	admin, err := sarama.NewClusterAdminFromClient(s.client(t))
	require.NoError(t, err)
	return admin
}

// createTopic creates the topic, again if it was there before: Apache Kafka takes a while to delete one.
func (s *stage) createTopic(t *testing.T, partitions int32) {
	t.Helper()
	admin := s.admin(t)
	require.Eventually(t, func() bool {
		err := admin.CreateTopic(s.topic, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}, false)
		require.True(t, err == nil || errors.Is(err, sarama.ErrTopicAlreadyExists), "%v", err)
		return err == nil
	}, limit, often)
}

// next makes the next n orders' events, in order. A name is always in the same lane.
func (s *stage) next(n int) []event.Record {
	records := make([]event.Record, 0, n)
	for range n {
		lane := s.orders % lanes
		s.orders++
		s.sequences[lane]++
		who := fmt.Sprintf("user of lane %d", lane)
		s.produced[who]++
		records = append(records, event.Encode(event.Placed{
			OrderID: s.sequences[lane], Name: name.Restore(who), LogID: logID, Lane: lane, Sequence: s.sequences[lane],
			PlacedAt: time.Unix(1_700_000_000, 0),
		}))
	}
	return records
}

// foreign makes an event as any tool may write it.
func (s *stage) foreign(who string) event.Record {
	s.produced[who]++
	return event.Record{Value: fmt.Appendf(nil, `{"name":%q}`, who)}
}

// produce writes records, each to the partition of its lane; those without a lane go to partition 0.
func (s *stage) produce(t *testing.T, records ...event.Record) {
	t.Helper()
	config := kafkaclient.Config("test")
	config.Producer.Partitioner = sarama.NewManualPartitioner
	client, err := sarama.NewClient([]string{s.addr}, config)
	require.NoError(t, err)
	defer func() { require.NoError(t, client.Close()) }()
	partitions, err := client.Partitions(s.topic)
	require.NoError(t, err)
	producer, err := sarama.NewSyncProducerFromClient(client)
	require.NoError(t, err)
	defer func() { require.NoError(t, producer.Close()) }()
	messages := make([]*sarama.ProducerMessage, 0, len(records))
	for _, record := range records {
		messages = append(messages, s.message(record, int32(len(partitions))))
	}
	require.NoError(t, producer.SendMessages(messages))
}

func (s *stage) message(record event.Record, partitions int32) *sarama.ProducerMessage {
	m := &sarama.ProducerMessage{Topic: s.topic}
	if record.Key != nil {
		m.Key = sarama.ByteEncoder(record.Key)
	}
	if record.Value != nil {
		m.Value = sarama.ByteEncoder(record.Value)
	}
	for _, h := range record.Headers {
		m.Headers = append(m.Headers, sarama.RecordHeader{Key: []byte(h.Key), Value: h.Value})
	}
	if decoded, err := event.Decode(record); err == nil {
		m.Partition = int32(decoded.Place.Lane) % partitions
	}
	return m
}

// requireExact waits until all that was produced is counted, and holds each counter against it.
func (s *stage) requireExact(t *testing.T) {
	t.Helper()
	var want int64
	for _, n := range s.produced {
		want += n
	}
	require.Eventually(t, func() bool { return s.ledger.total() >= want }, limit, often, "not all events are counted")
	require.Equal(t, s.produced, read(s.ledger, func(l *ledger) map[string]int64 {
		counted := map[string]int64{}
		for who, count := range l.counts {
			counted[who] = count.Events
		}
		return counted
	}))
}

// requireCommitted holds the group's committed offsets against the ends of the partitions.
func (s *stage) requireCommitted(t *testing.T) {
	t.Helper()
	client := s.client(t)
	partitions, err := client.Partitions(s.topic)
	require.NoError(t, err)
	committed, err := s.admin(t).ListConsumerGroupOffsets(groups+s.topic, map[string][]int32{s.topic: partitions})
	require.NoError(t, err)
	for _, p := range partitions {
		end, err := client.GetOffset(s.topic, p, sarama.OffsetNewest)
		require.NoError(t, err)
		if end > 0 {
			require.Equal(t, end, committed.GetBlock(s.topic, p).Offset, "partition %d", p)
		}
	}
}

// commitAs sets the group's offset of partition 0, as a tool for that does.
func (s *stage) commitAs(t *testing.T, offset int64) {
	t.Helper()
	manager, err := sarama.NewOffsetManagerFromClient(groups+s.topic, s.client(t))
	require.NoError(t, err)
	partition, err := manager.ManagePartition(s.topic, 0)
	require.NoError(t, err)
	partition.MarkOffset(offset, "")
	partition.AsyncClose()
	manager.Commit()
	require.NoError(t, manager.Close())
}
