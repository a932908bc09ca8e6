package kafka

import (
	"context"
	"fmt"

	"github.com/IBM/sarama"

	"ordertrack/order_service/internal/domain"
	"ordertrack/shared/kafkaclient"
)

// Ends asks the brokers where each partition ends. It implements retransmitting.Wire.
func (w *Wire) Ends(ctx context.Context) (domain.Offsets, error) {
	client := w.Client()
	if client == nil {
		return nil, errNotConnected
	}
	id, err := kafkaclient.TopicID(client, w.topic)
	if err != nil {
		return nil, err
	}
	partitions, err := client.Partitions(w.topic)
	if err != nil {
		return nil, fmt.Errorf("partitions of %s: %w", w.topic, err)
	}
	ends := make(domain.Offsets, len(partitions))
	for _, partition := range partitions {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		end, err := client.GetOffset(w.topic, partition, sarama.OffsetNewest)
		if err != nil {
			return nil, fmt.Errorf("end of %s/%d: %w", w.topic, partition, err)
		}
		ends[domain.Partition{TopicID: id.String(), Number: partition}] = end
	}
	return ends, nil
}
