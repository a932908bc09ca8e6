package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/IBM/sarama"
	"github.com/google/uuid"

	"ordertrack/shared/kafkaclient"
	"ordertrack/track_users/internal/application/tallying"
	"ordertrack/track_users/internal/domain"
)

// handler is one session of the group. It implements sarama.ConsumerGroupHandler.
type handler struct {
	*Consumer

	asking  sarama.Client
	topicID uuid.UUID // of the topic as the session began
}

// Setup begins a session.
func (h *handler) Setup(session sarama.ConsumerGroupSession) error {
	var err error
	if h.topicID, err = kafkaclient.TopicID(h.asking, h.settings.Topic); err != nil {
		return err
	}
	partitions := session.Claims()[h.settings.Topic]
	if err := h.forgetOffsetsOfAnother(session, partitions); err != nil {
		return err
	}
	h.running.Store(true)
	h.log.Info("joined the consumer group", "group", h.settings.Group, "generation", session.GenerationID(),
		"partitions", len(partitions))
	return nil
}

// forgetOffsetsOfAnother makes partitions begin at the oldest record when their offset was committed for another topic
// of the same name: the broker may have kept it although the topic was deleted and created again. Each offset that we
// commit carries the topic's id. One without was set by somebody on purpose.
func (h *handler) forgetOffsetsOfAnother(session sarama.ConsumerGroupSession, partitions []int32) error {
	if len(partitions) == 0 {
		return nil
	}
	admin, err := sarama.NewClusterAdminFromClient(h.asking) // not to be closed: that would close the client
	if err != nil {
		return fmt.Errorf("look up the committed offsets: %w", err)
	}
	committed, err := admin.ListConsumerGroupOffsets(h.settings.Group, map[string][]int32{h.settings.Topic: partitions})
	if err != nil {
		return fmt.Errorf("look up the committed offsets: %w", err)
	}
	for _, partition := range partitions {
		block := committed.GetBlock(h.settings.Topic, partition)
		if block == nil || block.Metadata == "" || block.Metadata == h.topicID.String() {
			continue
		}
		h.log.Warn("the topic was created again: reading it from the beginning", "topic", h.settings.Topic,
			"partition", partition, "offset", block.Offset)
		session.ResetOffset(h.settings.Topic, partition, 0, h.topicID.String())
	}
	return nil
}

// Cleanup ends a session: all its claims have returned.
func (h *handler) Cleanup(sarama.ConsumerGroupSession) error {
	if h.running.Swap(false) {
		h.left.Store(time.Now().UnixNano())
	}
	return nil
}

// ConsumeClaim counts one partition for as long as it is ours. Its return ends the session for all partitions, which
// then begins anew from the committed offsets: that is how a tally rewinds.
func (h *handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	stream := domain.Stream{Topic: claim.Topic(), TopicID: domain.TopicID(h.topicID), Partition: claim.Partition()}
	start, err := h.startOf(claim)
	if err != nil {
		return err
	}
	h.set(stream, start)
	defer h.forget(stream)
	f := &feed{
		session: session, backlog: newBacklog(), stream: stream, topicID: h.topicID.String(), verify: h.verify,
		again: func(ctx context.Context, e *domain.Event) (*domain.Record, error) { return h.again(ctx, stream, e) },
		read:  func(next int64) { h.set(stream, next) }, next: start, offset: domain.NoOffset,
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		f.backlog.fill(claim.Messages(), stop)
	}()
	defer func() {
		close(stop)
		<-stopped
	}()
	defer session.Commit() // marks that are not committed are lost with the session
	return h.tally(stream).Run(session.Context(), f)
}

// startOf is the offset that a claim is read from: the one that was committed, or the oldest where the log does not reach
// that far, at either end.
func (h *handler) startOf(claim sarama.ConsumerGroupClaim) (int64, error) {
	oldest, err := h.asking.GetOffset(claim.Topic(), claim.Partition(), sarama.OffsetOldest)
	if err != nil {
		return 0, fmt.Errorf("begin of the partition: %w", err)
	}
	newest, err := h.asking.GetOffset(claim.Topic(), claim.Partition(), sarama.OffsetNewest)
	if err != nil {
		return 0, fmt.Errorf("end of the partition: %w", err)
	}
	if initial := claim.InitialOffset(); oldest <= initial && initial <= newest {
		return initial, nil
	}
	return oldest, nil
}

// verify asks the broker whether the topic is still the one that the session reads.
func (h *handler) verify(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	id, err := kafkaclient.TopicID(h.asking, h.settings.Topic)
	if err != nil {
		return fmt.Errorf("%w: %w", tallying.ErrUnavailable, err)
	}
	if id != h.topicID {
		return tallying.ErrStreamChanged
	}
	return nil
}

// again reads the record of an event once more. What lies at its offset may be another record, when the log has lost its
// newest ones meanwhile.
func (h *handler) again(ctx context.Context, stream domain.Stream, e *domain.Event) (*domain.Record, error) {
	message, err := messageAt(h.asking, stream, e.Offset)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", tallying.ErrUnavailable, err)
	}
	if err := h.verify(ctx); err != nil {
		return nil, err
	}
	if message == nil {
		return nil, tallying.ErrGone
	}
	var t translator
	if found := t.event(message); found.Offset != e.Offset || found.Name != e.Name || found.Place != e.Place {
		return nil, tallying.ErrGone
	}
	return tallying.Copy(t.record(message)), nil
}
