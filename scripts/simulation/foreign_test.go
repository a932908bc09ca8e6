package simulation

import (
	"fmt"
	"strconv"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ordertrack/shared/event"
	"ordertrack/shared/name"
)

// numberHeader tells the records of others apart. The services take no notice of it.
const numberHeader = "number"

// undecodable is no JSON.
const undecodable = "{"

// strange is a record that somebody else wrote: for whom it counts, if it does.
type strange struct{ name string }

// done is what became of one.
type done struct {
	name            string
	counted, parked int
}

// somebodyElseWrites puts bare events on the topic, to any partition: some cannot be counted.
func (w *world) somebodyElseWrites(t *rapid.T) {
	if !w.enabled[strangers] {
		t.Skip()
	}
	number, who := w.someNumber(t), ""
	value := undecodable
	if !rapid.SampledFrom([]bool{false, false, true}).Draw(t, "undecodable") {
		who = rapid.SampledFrom(names).Draw(t, "name").String()
		value = fmt.Sprintf(`{"name":%q}`, who)
	}
	p := w.topic.partitions[number]
	p.records = append(p.records, event.Record{
		Value: []byte(value), Headers: []event.Header{{Key: numberHeader, Value: []byte(strconv.Itoa(len(w.strange)))}},
	})
	w.strange = append(w.strange, strange{name: who})
}

// numberOf is which of the records of others this one is; false for one of ours.
func numberOf(r event.Record) (int, bool) {
	for _, h := range r.Headers {
		if h.Key == numberHeader {
			number, err := strconv.Atoi(string(h.Value))
			return number, err == nil
		}
	}
	return 0, false
}

// checkStrange: no record of another counts twice, nor for a wrong name, nor does one that can never be counted.
func (w *world) checkStrange() {
	for number, s := range w.strange {
		done := w.users.strange[number]
		if done.counted+done.parked > 1 || done.counted > 0 && done.name != s.name || done.parked > 0 && s.name != "" {
			require.Failf(w.T, "a foreign event is not counted, or parked, once", "number %d for %q: %+v", number, s.name, done)
		}
	}
}

// checkCommitted: no offset is committed past a record of others that nothing came of yet: nobody would read it again.
// Offsets that were set by hand, or given again, say nothing of that, nor do counters that were put back.
func (w *world) checkCommitted() {
	if !w.enabled[strangers] || w.passedOver {
		return
	}
	for number, offset := range w.group {
		if offset.topic != w.topic.id || number >= len(w.topic.partitions) {
			continue
		}
		p := w.topic.partitions[number]
		for _, record := range p.records[:min(max(offset.offset-p.oldest, 0), int64(len(p.records)))] {
			which, ok := numberOf(record)
			if done := w.users.strange[which]; ok && done.counted+done.parked == 0 {
				require.Failf(w.T, "committed past a foreign event that waits", "number %d, of partition %d: %+v", which, number, offset)
			}
		}
	}
}

// checkStrangeAtRest: each that is still there has come to something. Nobody can promise that for records whose offsets
// were given again, or which the group was told to pass over, nor after a restore of the counters alone.
func (w *world) checkStrangeAtRest() {
	if w.passedOver {
		return
	}
	for where, p := range w.topic.partitions {
		for _, record := range p.records {
			number, ok := numberOf(record)
			if done := w.users.strange[number]; ok && done.counted+done.parked != 1 {
				require.Failf(w.T, "a foreign event is lost", "number %d, of partition %d: %+v", number, where, done)
			}
		}
	}
}

// poisonous is a name whose orders are published as events that nobody can decode.
var poisonous = name.Restore("poison")
