package stranger

import (
	"context"
	"errors"
	"fmt"
	"slices"

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

// Partitions is how many the topic has now.
func (s *Stranger) Partitions() (int, error) {
	if err := s.client.RefreshMetadata(s.topic); err != nil {
		return 0, fmt.Errorf("count the partitions: %w", err)
	}
	partitions, err := s.client.Partitions(s.topic)
	if err != nil {
		return 0, fmt.Errorf("count the partitions: %w", err)
	}
	return len(partitions), nil
}

// Members is how many members the group has now.
func (s *Stranger) Members() (int, error) {
	groups, err := s.admin.DescribeConsumerGroups([]string{s.group})
	if err != nil {
		return 0, fmt.Errorf("count the members of the group: %w", err)
	}
	members := 0
	for _, g := range groups {
		members += len(g.Members)
	}
	return members, nil
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
func (s *Stranger) ResetGroup() error { return s.resetGroup(sarama.OffsetOldest) }

// SkipGroup sets the group's offsets to the end of each partition, as --to-latest does. No member of it may run.
func (s *Stranger) SkipGroup() error { return s.resetGroup(sarama.OffsetNewest) }

func (s *Stranger) resetGroup(to int64) error {
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
		offset, err := s.client.GetOffset(s.topic, partition, to)
		if err != nil {
			return fmt.Errorf("reset the group: %w", err)
		}
		request.AddBlock(s.topic, partition, offset, 0, "")
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

// Capture reads the records that are on the topic now, at most limit of each partition, from the first
// one that is still there.
func (s *Stranger) Capture(ctx context.Context, limit int64) ([]Record, error) {
	if err := s.client.RefreshMetadata(s.topic); err != nil { // there may be more partitions now
		return nil, fmt.Errorf("capture records: %w", err)
	}
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
		begin, err := s.client.GetOffset(s.topic, partition, sarama.OffsetOldest)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("capture records: %w", err), consumer.Close())
		}
		some, err := read(ctx, consumer, s.topic, partition, begin, min(end, begin+limit))
		if err != nil {
			return nil, errors.Join(err, consumer.Close())
		}
		records = append(records, some...)
	}
	return records, consumer.Close()
}

func read(ctx context.Context, consumer sarama.Consumer, topic string, partition int32, begin, end int64) ([]Record, error) {
	if begin == end {
		return nil, nil
	}
	claim, err := consumer.ConsumePartition(topic, partition, begin)
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
			if message.Offset+1 >= end {
				return records, nil
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("capture records: %w", context.Cause(ctx))
		}
	}
}

// mark is the header of the stranger's own records. Those it only repeats have none.
const mark = "stranger"

// Strange is the record with the mark of the stranger.
func (r Record) Strange() Record {
	r.Headers = append(slices.Clip(r.Headers), sarama.RecordHeader{Key: []byte(mark)})
	return r
}

// IsStrange tells whether the record has the mark.
func (r Record) IsStrange() bool {
	return slices.ContainsFunc(r.Headers, func(h sarama.RecordHeader) bool { return string(h.Key) == mark })
}
