package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/IBM/sarama"

	"ordertrack/shared/backoff"
	"ordertrack/shared/kafkaclient"
)

// member is one membership of the group: session after session, until one ends with an error. The topic is looked at
// each time: whoever deleted it did not ask us.
func (c *Consumer) member(ctx context.Context, asking, consuming sarama.Client) (err error) {
	if err := kafkaclient.EnsureTopic(ctx, asking, c.settings.Topic, Partitions, c.log); err != nil {
		return err
	}
	group, err := sarama.NewConsumerGroupFromClient(c.settings.Group, consuming)
	if err != nil {
		return fmt.Errorf("open the consumer group: %w", err)
	}
	drained := make(chan struct{})
	go drain(group.Errors(), drained, c.log)
	defer func() {
		err = errors.Join(err, group.Close()) // leaves the group
		<-drained
	}()
	return c.takePart(ctx, group, asking)
}

// takePart is in the group until ctx ends or a session fails. A session also ends well, at a rebalance for one; the
// short pause is for those that keep ending.
func (c *Consumer) takePart(ctx context.Context, group sarama.ConsumerGroup, asking sarama.Client) error {
	ctx, leave := context.WithCancelCause(ctx)
	defer leave(nil)
	policy := backoff.Policy{Base: 20 * time.Millisecond, Max: 5 * time.Second}
	_ = repeatedly(ctx, policy, func() {
		h := &handler{Consumer: c, asking: asking}
		if err := group.Consume(ctx, []string{c.settings.Topic}, h); err != nil {
			leave(fmt.Errorf("take part in the consumer group: %w", err))
		}
	})
	return context.Cause(ctx)
}

// drain takes what the group's goroutines report, since they would block otherwise. Sarama itself tries all of it again,
// and reports it for each partition and try: what is the same is told once a minute.
func drain(errs <-chan error, drained chan<- struct{}, log *slog.Logger) {
	defer close(drained)
	var (
		last string
		told time.Time
	)
	for err := range errs {
		what := err.Error()
		if one, ok := errors.AsType[*sarama.ConsumerError](err); ok {
			what = one.Err.Error()
		}
		if what == last && time.Since(told) < time.Minute {
			continue
		}
		last, told = what, time.Now()
		log.Warn("consumer group", "error", err)
	}
}
