// Package kafkaclient is how both services reach Kafka with Sarama: safe settings, a connection that waits for a
// broker, the topic, and whether the broker answers.
package kafkaclient

import (
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/rcrowley/go-metrics"
)

// maxRetryBytes bounds what the producer keeps for retries; Sarama's own default is no bound.
const maxRetryBytes = 64 << 20

var noMetrics = sync.OnceFunc(func() { metrics.UseNilMetrics = true })

// Config is Sarama's configuration with its dangerous defaults replaced: the producer is idempotent (KIP-98), waits for
// all replicas and reports each outcome; consumers begin at the oldest record and commit only when told; topics are
// never created by accident; the retry buffer and all waits are bounded.
func Config(clientID string) *sarama.Config {
	noMetrics() // go-metrics would start a goroutine that never ends, and we export our own
	c := sarama.NewConfig()
	c.ClientID = clientID
	c.Version = sarama.V2_8_0_0 // the oldest with topic ids (KIP-516), and all that Sarama covers fully
	c.Net.DialTimeout = 5 * time.Second
	c.Net.ReadTimeout = 15 * time.Second
	c.Net.WriteTimeout = 15 * time.Second
	c.Net.KeepAlive = 30 * time.Second
	c.Net.MaxOpenRequests = 1 // keeps the order; the idempotent producer demands it
	c.Metadata.AllowAutoTopicCreation = false
	c.Metadata.RefreshFrequency = 30 * time.Second
	c.Metadata.Timeout = 10 * time.Second

	c.Producer.Idempotent = true
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Return.Successes = true
	c.Producer.Return.Errors = true
	c.Producer.Retry.Max = 10
	c.Producer.Retry.MaxBufferBytes = maxRetryBytes

	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Consumer.Offsets.AutoCommit.Enable = false
	c.Consumer.Return.Errors = true
	return c
}
