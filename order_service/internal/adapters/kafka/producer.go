package kafka

import (
	"fmt"
	"time"

	"github.com/IBM/sarama"
)

// flushAfter is how long a producer waits for the rest of a delivery, when that is not to come: with several brokers each
// gets its share only, and a record that is tried again comes alone. A large delivery is begun to be sent meanwhile.
const flushAfter = 2 * time.Millisecond

// producer sends a delivery in one request. Left to itself, Sarama sends the first record at once, alone, and the others in
// several more requests, one after the other: each is as much work for the broker as one with all of them, and is one more
// fetch for who reads them.
type producer struct {
	sarama.AsyncProducer

	config *sarama.Config // the producer's own
}

func newProducer(client sarama.Client) (*producer, error) {
	config := *client.Config()
	config.Producer.Flush.Frequency = flushAfter
	async, err := sarama.NewAsyncProducerFromClient(configured{client, &config})
	if err != nil {
		return nil, fmt.Errorf("make a producer: %w", err)
	}
	return &producer{async, &config}, nil
}

// expect says how many records are to come. There must be none whose outcome is still to be told: Sarama looks at the
// number only while it holds records.
func (p *producer) expect(records int) { p.config.Producer.Flush.Messages = records }

// configured is a client for a producer with settings of its own.
type configured struct {
	sarama.Client

	config *sarama.Config
}

// Config is what the producer goes by.
func (c configured) Config() *sarama.Config { return c.config }
