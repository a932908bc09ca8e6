package domain

// TopicID tells a topic from another one that had the same name before it (KIP-516).
type TopicID [16]byte

// Stream is one partition of one topic. Offsets mean something within a stream only: a topic that is deleted and
// created again is another stream, though its name is the same.
type Stream struct {
	Topic     string
	TopicID   TopicID
	Partition int32
}
