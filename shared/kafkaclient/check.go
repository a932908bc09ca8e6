package kafkaclient

import (
	"context"
	"errors"
	"fmt"

	"github.com/IBM/sarama"
	"golang.org/x/sync/singleflight"
)

var errNotConnected = errors.New("not connected to Kafka yet")

// Check is a readiness check: a broker answers, and each partition of the topic has a leader. The client function may
// return nil while there is none yet. Sarama takes no context: a probe that outlasts ctx goes on by itself within the
// client's own limits, and the next check joins it rather than start another.
func Check(client func() sarama.Client, topic string) func(context.Context) error {
	var flight singleflight.Group
	return func(ctx context.Context) error {
		current := client()
		if current == nil {
			return errNotConnected
		}
		outcome := flight.DoChan("probe", func() (any, error) { return nil, current.RefreshMetadata(topic) })
		select {
		case <-ctx.Done():
			return fmt.Errorf("ask Kafka for topic %s: %w", topic, context.Cause(ctx))
		case result := <-outcome:
			if result.Err != nil {
				return fmt.Errorf("ask Kafka for topic %s: %w", topic, result.Err)
			}
			return nil
		}
	}
}
