package broker

import (
	"log/slog"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

func TestParseKind(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Embedded, Apache} {
		got, err := ParseKind(string(kind))
		require.NoError(t, err)
		require.Equal(t, kind, got)
	}
	_, err := ParseKind("rabbit")
	require.ErrorContains(t, err, `"embedded" or "apache"`)
}

func TestJavaMajor(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`openjdk version "17.0.15" 2025-04-15`:                     17,
		`java version "1.8.0_201"`:                                 8,
		`openjdk version "21" 2023-09-19`:                          21,
		"Picked up JAVA_TOOL_OPTIONS: -Xmx1g\njava version \"25\"": 25,
	} {
		got, err := javaMajor(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := javaMajor("no java here")
	require.Error(t, err)
}

func TestUnknownGroupsAreAnsweredAsByApacheKafka(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, "events"))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	answerUnknownGroups(cluster)

	for name, versions := range map[string]*kversion.Versions{"one group": kversion.V2_8_0(), "several groups": kversion.V3_0_0()} {
		t.Run(name, func(t *testing.T) {
			client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.MaxVersions(versions))
			require.NoError(t, err)
			t.Cleanup(client.Close)

			known := "known of " + name
			commitOffset(t, client, known, 7)
			require.EqualValues(t, 7, fetchOffset(t, client, known))
			require.EqualValues(t, noOffset, fetchOffset(t, client, "unknown"))
			require.EqualValues(t, noOffset, fetchOffset(t, client, "unknown"), "and every time")
		})
	}
}

func commitOffset(t *testing.T, client *kgo.Client, group string, offset int64) {
	t.Helper()
	partition := kmsg.NewOffsetCommitRequestTopicPartition()
	partition.Offset = offset
	topic := kmsg.NewOffsetCommitRequestTopic()
	topic.Topic = "events"
	topic.Partitions = append(topic.Partitions, partition)
	request := kmsg.NewPtrOffsetCommitRequest()
	request.Group = group
	request.Topics = append(request.Topics, topic)
	response, err := request.RequestWith(t.Context(), client)
	require.NoError(t, err)
	require.Zero(t, response.Topics[0].Partitions[0].ErrorCode)
}

func fetchOffset(t *testing.T, client *kgo.Client, group string) int64 {
	t.Helper()
	asked := kmsg.NewOffsetFetchRequestGroupTopic()
	asked.Topic, asked.Partitions = "events", []int32{0}
	one := kmsg.NewOffsetFetchRequestGroup()
	one.Group = group
	one.Topics = append(one.Topics, asked)
	request := kmsg.NewPtrOffsetFetchRequest()
	request.Groups = append(request.Groups, one)
	response, err := request.RequestWith(t.Context(), client)
	require.NoError(t, err)
	require.Len(t, response.Groups, 1)
	require.Zero(t, response.Groups[0].ErrorCode)
	answer := response.Groups[0].Topics[0].Partitions[0]
	require.Zero(t, answer.ErrorCode)
	return answer.Offset
}

func TestNothingAnswersOnAClosedPort(t *testing.T) {
	t.Parallel()
	require.False(t, answers(t.Context(), "127.0.0.1:1"))
}

func TestJarsAreFetchedOnce(t *testing.T) {
	t.Setenv("PATH", "")
	cache, log := t.TempDir(), slog.New(slog.DiscardHandler)
	_, err := fetchJars(t.Context(), cache, log)
	require.ErrorContains(t, err, "find Maven")

	require.NoError(t, os.Mkdir(jarsIn(cache), 0o755))
	got, err := fetchJars(t.Context(), cache, log)
	require.NoError(t, err)
	require.Equal(t, jarsIn(cache), got)
}

func TestApacheVersionIsThatOfThePOM(t *testing.T) {
	t.Parallel()
	require.Regexp(t, `^\d+\.\d+\.\d+$`, ApacheVersion())
	require.Contains(t, string(pom), "<version>"+ApacheVersion()+"</version>")
}
