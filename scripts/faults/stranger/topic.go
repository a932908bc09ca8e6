package stranger

import (
	"context"
	"errors"
	"fmt"

	"github.com/IBM/sarama"
)

// MakeTopic makes the topic before the services do.
func (s *Stranger) MakeTopic(partitions int32) error {
	detail := &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}
	if err := s.admin.CreateTopic(s.topic, detail, false); err != nil {
		return fmt.Errorf("make the topic: %w", err)
	}
	return nil
}

// RaisePartitions gives the topic more partitions.
func (s *Stranger) RaisePartitions(partitions int32) error {
	if err := s.admin.CreatePartitions(s.topic, partitions, nil, false); err != nil {
		return fmt.Errorf("raise the partitions: %w", err)
	}
	return nil
}

// DeleteGroup makes the broker forget the consumer group. No member of it may run.
func (s *Stranger) DeleteGroup() error {
	if err := s.admin.DeleteConsumerGroup(s.group); err != nil {
		return fmt.Errorf("delete the group: %w", err)
	}
	return nil
}

// ResetGroup sets the group's offsets back to the beginning of each partition, as kafka-consumer-groups.sh
// --reset-offsets --to-earliest does. No member of it may run.
func (s *Stranger) ResetGroup() error {
	partitions, err := s.client.Partitions(s.topic)
	if err != nil {
		return fmt.Errorf("reset the group: %w", err)
	}
	coordinator, err := s.client.Coordinator(s.group)
	if err != nil {
		return fmt.Errorf("reset the group: %w", err)
	}
	const byTopicAndPartition, brokerDefault = 2, -1
	request := &sarama.OffsetCommitRequest{
		Version: byTopicAndPartition, ConsumerGroup: s.group, RetentionTime: brokerDefault,
		ConsumerGroupGeneration: sarama.GroupGenerationUndefined,
	}
	for _, partition := range partitions {
		request.AddBlock(s.topic, partition, 0, 0, "")
	}
	response, err := coordinator.CommitOffset(request)
	if err != nil {
		return fmt.Errorf("reset the group: %w", err)
	}
	for partition, code := range response.Errors[s.topic] {
		if code != sarama.ErrNoError {
			return fmt.Errorf("reset the group's offset of partition %d: %w", partition, code)
		}
	}
	return nil
}

// Capture reads the records that are on the topic now, at most limit of each partition, from its beginning.
func (s *Stranger) Capture(ctx context.Context, limit int64) ([]Record, error) {
	partitions, err := s.client.Partitions(s.topic)
	if err != nil {
		return nil, fmt.Errorf("capture records: %w", err)
	}
	consumer, err := sarama.NewConsumerFromClient(s.client)
	if err != nil {
		return nil, fmt.Errorf("capture records: %w", err)
	}
	var records []Record
	for _, partition := range partitions {
		end, err := s.client.GetOffset(s.topic, partition, sarama.OffsetNewest)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("capture records: %w", err), consumer.Close())
		}
		some, err := read(ctx, consumer, s.topic, partition, min(end, limit))
		if err != nil {
			return nil, errors.Join(err, consumer.Close())
		}
		records = append(records, some...)
	}
	return records, consumer.Close()
}

func read(ctx context.Context, consumer sarama.Consumer, topic string, partition int32, count int64) ([]Record, error) {
	if count == 0 {
		return nil, nil
	}
	claim, err := consumer.ConsumePartition(topic, partition, sarama.OffsetOldest)
	if err != nil {
		return nil, fmt.Errorf("capture records: %w", err)
	}
	defer func() { _ = claim.Close() }()
	var records []Record
	for {
		select {
		case message := <-claim.Messages():
			record := Record{Key: message.Key, Value: message.Value}
			for _, header := range message.Headers {
				record.Headers = append(record.Headers, *header)
			}
			records = append(records, record)
			if message.Offset+1 >= count {
				return records, nil
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("capture records: %w", context.Cause(ctx))
		}
	}
}
