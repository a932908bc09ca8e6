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

var errNoSession = errors.New("the consumer is not a member of its group")

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
	positions

	settings Settings
	config   *sarama.Config
	tally    func(domain.Stream) Tally
	log      *slog.Logger

	client  atomic.Pointer[sarama.Client] // for questions
	running atomic.Bool                   // whether there is a session
	left    atomic.Int64                  // when the last session ended, in Unix nanoseconds; 0 before the first
}

// New makes a consumer; tally makes the one that counts a stream.
func New(s Settings, config *sarama.Config, tally func(domain.Stream) Tally, log *slog.Logger) *Consumer {
	return &Consumer{settings: s, config: config, tally: tally, log: log}
}

// Config is the configuration of a group member.
//
// Sarama sends heartbeats from a goroutine of its own: a claim that is busy for minutes, because the database is away,
// stays a member. Its partition is taken out of the broker's fetches after twice MaxProcessingTime, so that the other
// partitions go on, and comes back when it reads again.
//
// A rebalance waits for a claim to return, which takes as long as one transaction at most; that is less than
// Rebalance.Timeout. In turn JoinGroup is answered within Rebalance.Timeout, which is less than Net.ReadTimeout.
//
// The session timeout is how long a killed member's partitions rest; it is the shortest that brokers take by default.
//
// A fetch brings 1,920 KiB at most, and 640 KiB of a partition (KIP-74), unless one batch of records is larger. Sarama holds
// one fetch, so the limit of all together bounds the memory, and that of a partition can be large: a topic of which only one
// is busy is read a third faster so than by 256 KiB. Much of it fits into the partition's channel, so that the next
// fetch need not wait until all of it is decoded.
//
// Offsets that the broker does not have, because the log was cut at either end, are reset to the oldest record: what is
// read twice is counted once, so repeats do no harm.
func Config() *sarama.Config {
	c := kafkaclient.Config("track_users")
	c.ChannelBufferSize = 1024
	c.Consumer.Fetch.Default = 640 << 10
	c.Consumer.Fetch.MaxBytes = 1920 << 10
	c.Consumer.MaxWaitTime = 250 * time.Millisecond
	c.Consumer.MaxProcessingTime = 250 * time.Millisecond
	c.Consumer.Group.ResetInvalidOffsets = true
	c.Consumer.Group.Session.Timeout = 6 * time.Second
	c.Consumer.Group.Heartbeat.Interval = 2 * time.Second
	c.Consumer.Group.Rebalance.Timeout = 12 * time.Second
	c.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategySticky()}
	return c
}

// Run consumes until ctx ends; the batches in hand are finished then, their offsets committed, and the group left. What
// fails is tried again. It returns an error only when trying again is in vain.
func (c *Consumer) Run(ctx context.Context) error {
	asking, err := c.connect(ctx)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	defer c.close(ctx, asking)
	c.client.Store(&asking)
	defer c.client.Store(nil)

	// A broker answers the requests of a connection one after the other, and some of a member's take long. So the member
	// has a connection of its own, and questions do not wait for it.
	consuming, err := c.connect(ctx)
	if err != nil {
		return unlessEnded(ctx, err)
	}
	defer c.close(ctx, consuming)

	policy := backoff.Policy{Base: 100 * time.Millisecond, Max: 5 * time.Second}
	return unlessEnded(ctx, repeatedly(ctx, policy, func() {
		if err := c.member(ctx, asking, consuming); err != nil && ctx.Err() == nil {
			c.log.WarnContext(ctx, "the consumer starts over", "error", err)
		}
	}))
}

func (c *Consumer) connect(ctx context.Context) (sarama.Client, error) {
	client, err := kafkaclient.Connect(ctx, c.settings.Brokers, c.config, c.log)
	if err != nil {
		return nil, fmt.Errorf("connect to Kafka: %w", err)
	}
	return client, nil
}

func (c *Consumer) close(ctx context.Context, client sarama.Client) {
	if err := client.Close(); err != nil {
		c.log.WarnContext(ctx, "close a Kafka client", "error", err)
	}
}

// unlessEnded drops the error of something that ended because it had to.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// repeatedly does something again and again, with pauses that grow for as long as it ends soon.
func repeatedly(ctx context.Context, policy backoff.Policy, do func()) error {
	const soon = 30 * time.Second
	for attempt := 0; ; attempt++ {
		begin := time.Now()
		do()
		if time.Since(begin) > soon {
			attempt = 0
		}
		if err := backoff.Sleep(ctx, policy.Delay(attempt)); err != nil {
			return err
		}
	}
}

// Client answers questions about the topic and the group; nil while there is no connection.
func (c *Consumer) Client() sarama.Client {
	if client := c.client.Load(); client != nil {
		return *client
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
