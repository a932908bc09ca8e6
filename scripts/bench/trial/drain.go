package trial

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
	"golang.org/x/sync/errgroup"

	"ordertrack/scripts/bench/rig"
	"ordertrack/shared/kafkaclient"
)

// drain is Sarama alone: it reads the whole backlog from all partitions at once, with the service's settings, and counts
// the records without looking at them.
func (b *Bench) drain(t *topics) Variant {
	return Variant{
		Name: CountsNot, Prepare: prepareTopic(t, users),
		Measure: func(ctx context.Context) (figures Figures, err error) {
			topic, err := t.of(ctx, users)
			if err != nil {
				return nil, err
			}
			config := kafkaclient.Config("bench")
			config.ChannelBufferSize = 1024
			consumer, err := sarama.NewConsumer([]string{b.rig.Broker.Addr()}, config)
			if err != nil {
				return nil, fmt.Errorf("drain: %w", err)
			}
			defer func() { err = errors.Join(err, consumer.Close()) }()
			rate, err := drainAll(ctx, consumer, topic)
			return Figures{PerSecond: rate}, err
		},
	}
}

// drainAll returns the records a second, from the first one on.
func drainAll(ctx context.Context, consumer sarama.Consumer, topic string) (float64, error) {
	var (
		records atomic.Int64
		first   atomic.Pointer[time.Time]
	)
	all, ctx := errgroup.WithContext(ctx)
	for partition := range int32(rig.Partitions) {
		claim, err := consumer.ConsumePartition(topic, partition, sarama.OffsetOldest)
		if err != nil {
			return 0, errors.Join(fmt.Errorf("drain: %w", err), all.Wait())
		}
		all.Go(func() error {
			count, err := drainOne(ctx, claim, func() { now := time.Now(); first.CompareAndSwap(nil, &now) })
			records.Add(count)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return 0, fmt.Errorf("drain: %w", err)
	}
	begin := first.Load()
	if begin == nil {
		return 0, errors.New("drain: the topic is empty")
	}
	return float64(records.Load()) / time.Since(*begin).Seconds(), nil
}

// drainOne reads a partition to the end that it has when its first record comes; an empty one has none.
func drainOne(ctx context.Context, claim sarama.PartitionConsumer, begun func()) (count int64, err error) {
	defer func() { err = errors.Join(err, claim.Close()) }()
	if claim.HighWaterMarkOffset() == 0 {
		return 0, nil
	}
	for {
		select {
		case message := <-claim.Messages():
			if count == 0 {
				begun()
			}
			count++
			if message.Offset == claim.HighWaterMarkOffset()-1 {
				return count, nil
			}
		case failed := <-claim.Errors():
			return count, failed
		case <-ctx.Done():
			return count, context.Cause(ctx)
		}
	}
}
