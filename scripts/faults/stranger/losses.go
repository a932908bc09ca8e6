package stranger

import (
	"fmt"

	"github.com/IBM/sarama"
)

// DeleteTopic deletes the topic, with all that is on it.
func (s *Stranger) DeleteTopic() error {
	if err := s.admin.DeleteTopic(s.topic); err != nil {
		return fmt.Errorf("delete the topic: %w", err)
	}
	return nil
}

// DeleteRecords deletes all records that are on the topic now, as retention does.
func (s *Stranger) DeleteRecords() error {
	partitions, err := s.client.Partitions(s.topic)
	if err != nil {
		return fmt.Errorf("delete records: %w", err)
	}
	ends := make(map[int32]int64, len(partitions))
	for _, partition := range partitions {
		if ends[partition], err = s.client.GetOffset(s.topic, partition, sarama.OffsetNewest); err != nil {
			return fmt.Errorf("delete records: %w", err)
		}
	}
	if err := s.admin.DeleteRecords(s.topic, ends); err != nil {
		return fmt.Errorf("delete records: %w", err)
	}
	return nil
}
