// Package stranger is a program that is neither of the services but knows the topic: it produces records of its own,
// repeats those of others, and meddles with the topic and the group. It remembers what must come of its records.
package stranger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"sync"

	"github.com/IBM/sarama"
)

// Stranger is connected from Connect to Close.
type Stranger struct {
	topic, group string
	client       sarama.Client
	admin        sarama.ClusterAdmin
	producer     sarama.SyncProducer

	mu       sync.Mutex
	expected Expected
}

// Expected is what must have come of all that a stranger sent.
type Expected struct {
	Counted map[string]int64 // by name
	Parked  int64
}

// Record is one that a stranger sends.
type Record struct {
	Key, Value []byte // nil is none
	Headers    []sarama.RecordHeader
}

// Connect connects to a broker that is there.
func Connect(_ context.Context, broker, topic, group string) (*Stranger, error) {
	config := sarama.NewConfig()
	config.ClientID = "stranger"
	config.Version = sarama.V2_8_0_0
	config.Metadata.AllowAutoTopicCreation = false
	config.Net.MaxOpenRequests = 1
	config.Producer.Idempotent = true // what it counts on must be there once
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Return.Successes = true
	config.Producer.MaxMessageBytes = 1_048_588 // as much as a broker takes
	config.Producer.Partitioner = sarama.NewManualPartitioner
	s := &Stranger{topic: topic, group: group, expected: Expected{Counted: map[string]int64{}}}
	var err error
	if s.client, err = sarama.NewClient([]string{broker}, config); err != nil {
		return nil, fmt.Errorf("connect the stranger: %w", err)
	}
	if s.admin, err = sarama.NewClusterAdminFromClient(s.client); err != nil {
		return nil, errors.Join(fmt.Errorf("connect the stranger: %w", err), s.client.Close())
	}
	if s.producer, err = sarama.NewSyncProducerFromClient(s.client); err != nil {
		return nil, errors.Join(fmt.Errorf("connect the stranger: %w", err), s.client.Close())
	}
	return s, nil
}

// Close ends the connection.
func (s *Stranger) Close() error {
	if err := errors.Join(s.producer.Close(), s.client.Close()); err != nil {
		return fmt.Errorf("close the stranger's connection: %w", err)
	}
	return nil
}

// Count sends a record that must be counted for the name.
func (s *Stranger) Count(name string, record Record, random *rand.Rand) error {
	if err := s.send([]Record{record}, random); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expected.Counted[name]++
	return nil
}

// Park sends a record that must be parked.
func (s *Stranger) Park(record Record, random *rand.Rand) error {
	if err := s.send([]Record{record}, random); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expected.Parked++
	return nil
}

// Waste sends records of which nothing must come.
func (s *Stranger) Waste(records []Record, random *rand.Rand) error { return s.send(records, random) }

// Return sends events of ours again, each to the partition of its lane.
func (s *Stranger) Return(records []Record) error {
	return s.sendTo(records, func(r Record, partitions int) (int, error) {
		for _, h := range r.Headers {
			if string(h.Key) == "ce_lane" {
				lane, err := strconv.Atoi(string(h.Value))
				return lane % partitions, err
			}
		}
		return 0, errors.New("it has no lane")
	})
}

// Expected is what must have come of all this.
func (s *Stranger) Expected() Expected {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Expected{Counted: maps.Clone(s.expected.Counted), Parked: s.expected.Parked}
}

// send sends each record to any partition, and waits for the broker's word.
func (s *Stranger) send(records []Record, random *rand.Rand) error {
	return s.sendTo(records, func(_ Record, partitions int) (int, error) { return random.IntN(partitions), nil })
}

func (s *Stranger) sendTo(records []Record, choose func(r Record, partitions int) (int, error)) error {
	partitions, err := s.client.Partitions(s.topic)
	if err != nil {
		return fmt.Errorf("look up the topic: %w", err)
	}
	messages := make([]*sarama.ProducerMessage, len(records))
	for i, r := range records {
		at, err := choose(r, len(partitions))
		if err != nil {
			return fmt.Errorf("choose a partition for a record: %w", err)
		}
		messages[i] = &sarama.ProducerMessage{
			Topic: s.topic, Partition: partitions[at],
			Key: encoder(r.Key), Value: encoder(r.Value), Headers: r.Headers,
		}
	}
	if err := s.producer.SendMessages(messages); err != nil {
		return fmt.Errorf("send %d records: %w", len(messages), err)
	}
	return nil
}

func encoder(bytes []byte) sarama.Encoder {
	if bytes == nil {
		return nil
	}
	return sarama.ByteEncoder(bytes)
}
