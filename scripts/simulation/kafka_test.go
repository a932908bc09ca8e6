package simulation

import (
	"encoding/binary"
	"slices"

	"github.com/google/uuid"

	sender "ordertrack/order_service/simulation"
	"ordertrack/shared/event"
	receiver "ordertrack/track_users/simulation"
)

// topic is what the brokers keep of the topic.
type topic struct {
	id         receiver.TopicID
	partitions []*partition
}

// partition holds records from an offset on.
type partition struct {
	oldest  int64
	records []event.Record
}

// committed is a consumer group's offset of a partition.
type committed struct {
	offset int64
	topic  receiver.TopicID // its metadata: what topic the offset is of
}

func newTopic(number uint64, partitions int) *topic {
	t := &topic{}
	binary.BigEndian.PutUint64(t.id[8:], number)
	t.grow(partitions)
	return t
}

func (t *topic) grow(partitions int) {
	for len(t.partitions) < partitions {
		t.partitions = append(t.partitions, &partition{})
	}
}

// write puts an event where its lane goes.
func (t *topic) write(e sender.Placed) {
	p := t.partitions[e.Place.Lane%len(t.partitions)]
	p.records = append(p.records, toRecord(e))
}

func (t *topic) ends() sender.Offsets {
	ends := sender.Offsets{}
	for number, p := range t.partitions {
		ends[toPartition(t.id, number)] = p.newest()
	}
	return ends
}

func (p *partition) newest() int64 { return p.oldest + int64(len(p.records)) }

// read gives the records from an offset on; false when the partition does not reach there.
func (p *partition) read(offset int64) ([]event.Record, bool) {
	if offset < p.oldest || offset > p.newest() {
		return nil, false
	}
	return p.records[offset-p.oldest:], true
}

// behead deletes the oldest records.
func (p *partition) behead(count int) {
	p.records = slices.Delete(p.records, 0, count)
	p.oldest += int64(count)
}

// curtail loses the newest ones, whose offsets are given again.
func (p *partition) curtail(count int) { p.records = p.records[:len(p.records)-count] }

func toPartition(id receiver.TopicID, number int) sender.Partition {
	return sender.Partition{TopicID: uuid.UUID(id).String(), Number: int32(number)}
}

func toRecord(e sender.Placed) event.Record {
	encoded := event.Encode(event.Placed{
		OrderID: e.OrderID, Name: e.Name, LogID: e.Place.LogID, Lane: e.Place.Lane, Sequence: e.Place.Sequence,
		PlacedAt: e.PlacedAt, TraceParent: e.TraceParent,
	})
	if e.Name == poisonous {
		encoded.Value = []byte(undecodable)
	}
	return encoded
}
