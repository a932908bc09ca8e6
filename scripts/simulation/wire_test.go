package simulation

import (
	"context"
	"slices"

	"pgregory.net/rapid"

	sender "ordertrack/order_service/simulation"
)

// fate is what becomes of an event that is sent.
type fate int

const (
	delivered    fate = iota
	unanswered        // it arrives, and the acknowledgement does not
	dropped           // it never arrives
	late              // it is given up, and arrives some time
	arrivesTwice      // it is acknowledged once
)

// Connect implements the wire.
func (s *service) Connect(context.Context) error {
	if s.relay.pause(); s.fails(network) {
		return errKafka
	}
	return nil
}

// Publish implements the wire. The acknowledgements take their time, so that the sender may crash before them.
func (s *service) Publish(_ context.Context, events []sender.Placed) (int, error) {
	s.relay.pause()
	acknowledged := make([]bool, len(events))
	for i, e := range events {
		acknowledged[i] = s.send(e)
	}
	s.relay.pause()
	for i := range events {
		if !acknowledged[i] {
			return i, errKafka
		}
	}
	return len(events), nil
}

func (s *service) send(e sender.Placed) (acknowledged bool) {
	what := delivered
	if s.fails(network) {
		what = rapid.SampledFrom([]fate{delivered, unanswered, dropped, late, arrivesTwice}).Draw(s.T, "fate")
	}
	s.sent = append(s.sent, e)
	switch what {
	case delivered:
		s.topic.write(e)
	case unanswered:
		s.topic.write(e)
		return false
	case dropped:
		return false
	case late:
		s.late = append(s.late, e)
		return false
	case arrivesTwice:
		s.topic.write(e)
		s.topic.write(e)
	}
	s.acknowledged[e.Place] = true
	return true
}

// arrive delivers an event that is late.
func (w *world) arrive(which int) {
	w.topic.write(w.late[which])
	w.late = slices.Delete(w.late, which, which+1)
}

// Ends implements the wire.
func (s *service) Ends(context.Context) (sender.Offsets, error) {
	if s.relay.pause(); s.fails(network) {
		return nil, errKafka
	}
	return s.topic.ends(), nil
}

// Leading implements the meter.
func (s *service) Leading(bool) {}

// Published implements the meter.
func (s *service) Published([]sender.Placed) {}

// Failed implements the meter.
func (s *service) Failed(error) {}

// Retransmitted implements the meter.
func (s *service) Retransmitted(events int) { s.resent += events }
