package kafkawire_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"ordertrack/scripts/faults/kafkawire"
	"ordertrack/scripts/faults/loss"
)

func TestOnePartitionIsRefused(t *testing.T) {
	t.Parallel()
	const produce, version, unknownTopic, afterAppend = 0, 9, 3, 20 // a flexible version
	refusals := kafkawire.NewRefusals()
	answer := func(codes ...int16) []int16 {
		tap := kafkawire.NewTap(loss.NewAnswers(), refusals, 1, 2)
		tap.ToServer(framed(append([]byte{0, produce, 0, version}, 0, 0, 0, 9)))
		response := kmsg.NewPtrProduceResponse()
		response.SetVersion(version)
		response.Topics = []kmsg.ProduceResponseTopic{{Topic: "t"}}
		for _, code := range codes {
			partition := kmsg.NewProduceResponseTopicPartition()
			partition.ErrorCode, partition.BaseOffset = code, 7
			response.Topics[0].Partitions = append(response.Topics[0].Partitions, partition)
		}
		sent := framed(response.AppendTo([]byte{0, 0, 0, 9, 0}))
		passed, cut := tap.ToClient(sent)
		require.False(t, cut)
		require.Equal(t, sent[:9], passed[:9], "the size and the head")
		got := kmsg.NewPtrProduceResponse()
		got.SetVersion(version)
		require.NoError(t, got.ReadFrom(passed[9:]))
		after := make([]int16, 0, len(codes))
		for _, partition := range got.Topics[0].Partitions {
			after = append(after, partition.ErrorCode)
			require.Equal(t, partition.ErrorCode == afterAppend, partition.BaseOffset == -1)
		}
		return after
	}
	require.Equal(t, []int16{0, 0, 0}, answer(0, 0, 0), "nothing was chosen")
	refusals.Refuse(2, func(partitions int) int { return partitions - 1 })
	require.Equal(t, []int16{0}, answer(0), "there is no other part")
	require.Equal(t, []int16{unknownTopic, 0}, answer(unknownTopic, 0), "it refuses by itself")
	require.Equal(t, []int16{0, 0, afterAppend}, answer(0, 0, 0))
	require.Equal(t, []int16{0, afterAppend}, answer(0, 0))
	require.NoError(t, refusals.Await(t.Context(), 2))
	require.Equal(t, []int16{0, 0}, answer(0, 0), "those were all")
}
