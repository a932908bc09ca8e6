package kafkawire

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Keys of requests whose answers matter.
const (
	produceKey     = 0
	metadataKey    = 3
	coordinatorKey = 10
	apiVersionsKey = 18
)

// stand puts the proxy in the broker's place.
func (t *Tap) stand(response kmsg.Response) {
	switch r := response.(type) {
	case *kmsg.MetadataResponse:
		for i := range r.Brokers {
			t.move(&r.Brokers[i].Port)
		}
	case *kmsg.FindCoordinatorResponse:
		t.move(&r.Port)
		for i := range r.Coordinators {
			t.move(&r.Coordinators[i].Port)
		}
	}
}

func (t *Tap) move(port *int32) {
	if *port == t.port {
		*port = t.like
	}
}

// failure is the first error that an answer tells of.
func failure(response kmsg.Response) error {
	switch r := response.(type) {
	case *kmsg.ProduceResponse:
		for _, topic := range r.Topics {
			for _, partition := range topic.Partitions {
				if err := kerr.ErrorForCode(partition.ErrorCode); err != nil {
					return err
				}
			}
		}
	case *kmsg.OffsetCommitResponse:
		for _, topic := range r.Topics {
			for _, partition := range topic.Partitions {
				if err := kerr.ErrorForCode(partition.ErrorCode); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
