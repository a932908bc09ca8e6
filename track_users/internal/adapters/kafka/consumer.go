// Package kafka is the way in: it reads the topic as a member of a consumer group, and hands each partition to a tally.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"

	"ordertrack/shared/backoff"
	"ordertrack/shared/kafkaclient"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

// Partitions is how many a topic gets that has to be created.
const Partitions = 12

// grace is how long the consumer may be between two sessions and still count as working: a rebalance is no fault.
const grace = 15 * time.Second

var (
	errNoSession = errors.New("the consumer is not a member of its group")
	retryPolicy  = backoff.Policy{Base: 100 * time.Millisecond, Max: 5 * time.Second}
)

// Tally counts one stream until its feed ends.
type Tally interface {
	Run(ctx context.Context, feed tallying.Feed) error
}

// Settings say what is read, and as whom.
type Settings struct {
	Brokers []string
	Topic   string
	Group   string
}

// Consumer is a member of the consumer group, from Run's begin to its end.
type Consumer struct {
	settings Settings
	config   *sarama.Config
	tally    func(domain.Stream) Tally
	log      *slog.Logger

	client  atomic.Pointer[sarama.Client]
	topicID atomic.Pointer[domain.TopicID] // of the running session
	left    atomic.Int64                   // when the last session ended, in Unix nanoseconds; 0 before the first
	running atomic.Bool
}

// New makes a consumer; tally makes the one that counts a stream.
func New(s Settings, config *sarama.Config, tally func(domain.Stream) Tally, log *slog.Logger) *Consumer {
	return &Consumer{settings: s, config: config, tally: tally, log: log}
}

// Config is the configuration of a group member. Offsets that the broker does not have (any more, or yet: the topic was
// created again) are reset to the oldest record: what is read twice is counted once, so repeats do no harm.
func Config() *sarama.Config {
	c := kafkaclient.Config("track_users")
	c.ChannelBufferSize = 1024
	c.Consumer.Group.Session.Timeout = 10 * time.Second
	c.Consumer.Group.Heartbeat.Interval = 3 * time.Second
	c.Consumer.Group.Rebalance.Timeout = time.Minute
	c.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategySticky()}
	c.Consumer.Group.ResetInvalidOffsets = true
	c.Consumer.MaxWaitTime = 250 * time.Millisecond
	c.Consumer.MaxProcessingTime = time.Second
	return c
}

// Run consumes until ctx ends; the batches in hand are finished then, their offsets committed, and the group left. What
// fails is tried again. It returns an error only when trying again is in vain.
func (c *Consumer) Run(ctx context.Context) error {
	client, err := kafkaclient.Connect(ctx, c.settings.Brokers, c.config, c.log)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	defer func() {
		c.client.Store(nil)
		if err := client.Close(); err != nil {
			c.log.WarnContext(ctx, "close the Kafka client", "error", err)
		}
	}()
	c.client.Store(&client)
	for attempt := 0; ctx.Err() == nil; attempt++ {
		begin := time.Now()
		if err := c.member(ctx, client); err != nil && ctx.Err() == nil {
			c.log.WarnContext(ctx, "the consumer starts over", "error", err)
		}
		if time.Since(begin) > time.Minute {
			attempt = 0
		}
		if backoff.Sleep(ctx, retryPolicy.Delay(attempt)) != nil {
			return nil
		}
	}
	return nil
}

// member is one membership of the group: it takes part in session after session, until something other than a rebalance
// ends one.
func (c *Consumer) member(ctx context.Context, client sarama.Client) (err error) {
	if err := kafkaclient.EnsureTopic(ctx, client, c.settings.Topic, Partitions, c.log); err != nil {
		return err
	}
	group, err := sarama.NewConsumerGroupFromClient(c.settings.Group, client)
	if err != nil {
		return fmt.Errorf("open the consumer group: %w", err)
	}
	drained := make(chan struct{})
	go c.drain(group.Errors(), drained)
	defer func() {
		err = errors.Join(err, group.Close())
		<-drained
	}()
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{c.settings.Topic}, &handler{c}); err != nil {
			return fmt.Errorf("take part in the consumer group: %w", err)
		}
	}
	return nil
}

// drain takes what the group's goroutines report; they would block otherwise. All of it is tried again by the group.
func (c *Consumer) drain(errs <-chan error, drained chan<- struct{}) {
	defer close(drained)
	for err := range errs {
		c.log.Warn("consumer group", "error", err)
	}
}

// Client is the Kafka client, or nil before there is one.
func (c *Consumer) Client() sarama.Client {
	if p := c.client.Load(); p != nil {
		return *p
	}
	return nil
}

// Ready is a readiness check: the consumer takes part in a session of its group, or did a moment ago.
func (c *Consumer) Ready(context.Context) error {
	if c.running.Load() {
		return nil
	}
	if left := c.left.Load(); left != 0 && time.Since(time.Unix(0, left)) < grace {
		return nil
	}
	return errNoSession
}
