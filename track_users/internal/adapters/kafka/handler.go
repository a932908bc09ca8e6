package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/IBM/sarama"

	"ordertrack/shared/kafkaclient"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

// handler is Sarama's view of the consumer. It implements sarama.ConsumerGroupHandler.
type handler struct {
	*Consumer
}

// Setup begins a session: it learns the id of the topic that the session reads.
func (h *handler) Setup(session sarama.ConsumerGroupSession) error {
	id, err := kafkaclient.TopicID(h.Client(), h.settings.Topic)
	if err != nil {
		return err
	}
	topicID := domain.TopicID(id)
	h.topicID.Store(&topicID)
	h.running.Store(true)
	h.log.Info("joined the consumer group", "group", h.settings.Group, "generation", session.GenerationID(),
		"partitions", len(session.Claims()[h.settings.Topic]))
	return nil
}

// Cleanup ends a session: all its claims have returned.
func (h *handler) Cleanup(sarama.ConsumerGroupSession) error {
	h.left.Store(time.Now().UnixNano())
	h.running.Store(false)
	return nil
}

// ConsumeClaim counts one partition for as long as it is ours. Its return ends the session for all partitions, which
// then begins anew from the committed offsets: that is how a tally rewinds.
func (h *handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	stream := domain.Stream{Topic: claim.Topic(), TopicID: *h.topicID.Load(), Partition: claim.Partition()}
	f := &feed{session: session, claim: claim, stream: stream, verify: h.verify}
	defer f.flush() // marks that are not committed are lost with the session
	return h.tally(stream).Run(session.Context(), f)
}

// verify asks the broker whether the topic is still the one that the stream belongs to.
func (h *handler) verify(ctx context.Context, stream domain.Stream) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	id, err := kafkaclient.TopicID(h.Client(), stream.Topic)
	if err != nil {
		return fmt.Errorf("%w: %w", tallying.ErrUnavailable, err)
	}
	if domain.TopicID(id) != stream.TopicID {
		return tallying.ErrStreamChanged
	}
	return nil
}
