package kafkawire_test

import (
	"encoding/binary"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"ordertrack/scripts/faults/kafkawire"
	"ordertrack/scripts/faults/loss"
	"ordertrack/scripts/faults/proxy"
	"ordertrack/scripts/localstack/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }

func setup(t *testing.T) (straight, way string, answers *loss.Answers) {
	t.Helper()
	straight = testenv.Broker(t)
	_, text, err := net.SplitHostPort(straight)
	require.NoError(t, err)
	port, err := strconv.Atoi(text)
	require.NoError(t, err)
	answers = loss.NewAnswers()
	p, err := proxy.Listen(t.Context(), straight, func(like int) proxy.Tap { return kafkawire.NewTap(answers, kafkawire.NewRefusals(), port, like) })
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return straight, net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Port())), answers
}

func connect(t *testing.T, address string) sarama.Client {
	t.Helper()
	config := sarama.NewConfig()
	config.Version = sarama.V2_8_0_0
	config.Producer.Return.Successes = true
	config.Producer.Retry.Max = 0
	client, err := sarama.NewClient([]string{address}, config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

func makeTopic(t *testing.T, client sarama.Client) string {
	t.Helper()
	topic := testenv.Topic(t)
	admin, err := sarama.NewClusterAdminFromClient(client)
	require.NoError(t, err)
	require.NoError(t, admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, false))
	return topic
}

func TestTheProxyStandsInTheBrokersPlace(t *testing.T) {
	t.Parallel()
	_, way, _ := setup(t)
	client := connect(t, way)
	require.Len(t, client.Brokers(), 1)
	require.Equal(t, way, client.Brokers()[0].Addr())
	coordinator, err := client.Coordinator(testenv.Topic(t))
	require.NoError(t, err)
	require.Equal(t, way, coordinator.Addr())
	controller, err := client.RefreshController()
	require.NoError(t, err)
	require.Equal(t, way, controller.Addr())
}

func TestAnAnswerIsLostAndTheWorkIsDone(t *testing.T) {
	t.Parallel()
	straight, way, answers := setup(t)
	client := connect(t, way)
	topic := makeTopic(t, client)
	producer, err := sarama.NewSyncProducerFromClient(client)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, producer.Close()) })
	send := func() error {
		_, _, err := producer.SendMessage(&sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder("v")})
		return err
	}
	require.NoError(t, send())
	answers.Lose(1, func(request string) bool { return request == "Produce" })
	require.Error(t, send())
	require.NoError(t, answers.Await(t.Context(), 1))
	end, err := connect(t, straight).GetOffset(topic, 0, sarama.OffsetNewest)
	require.NoError(t, err)
	require.EqualValues(t, 2, end)
	require.Eventually(t, func() bool { return send() == nil }, 10*time.Second, 10*time.Millisecond)
}

func TestARefusalDoesNotCount(t *testing.T) {
	t.Parallel()
	const produce, version, refused = 0, 7, 3 // the version of Sarama; UNKNOWN_TOPIC_OR_PARTITION
	answers := loss.NewAnswers()
	answers.Lose(1, func(request string) bool { return request == "Produce" })
	answer := func(code int16) (passing []byte, cut bool) {
		tap := kafkawire.NewTap(answers, kafkawire.NewRefusals(), 1, 2)
		tap.ToServer(framed(append([]byte{0, produce, 0, version}, 0, 0, 0, 9)))
		response := kmsg.NewPtrProduceResponse()
		response.SetVersion(version)
		response.Topics = []kmsg.ProduceResponseTopic{{Partitions: []kmsg.ProduceResponseTopicPartition{{ErrorCode: code}}}}
		return tap.ToClient(framed(response.AppendTo([]byte{0, 0, 0, 9})))
	}
	passing, cut := answer(refused)
	require.Empty(t, passing)
	require.True(t, cut)
	passing, cut = answer(0) // in its place
	require.Empty(t, passing)
	require.True(t, cut)
	require.NoError(t, answers.Await(t.Context(), 1))
	passing, cut = answer(0)
	require.NotEmpty(t, passing)
	require.False(t, cut)
}

func TestHoweverChopped(t *testing.T) {
	t.Parallel()
	const metadata, version = 3, 9 // flexible: its header has tagged fields
	metadataOn := func(port int32) []byte {
		response := kmsg.NewPtrMetadataResponse()
		response.SetVersion(version)
		response.Brokers = []kmsg.MetadataResponseBroker{{NodeID: 1, Host: "h", Port: port}, {NodeID: 2, Host: "other", Port: 7}}
		return framed(response.AppendTo([]byte{0, 0, 0, 9, 0}))
	}
	request := framed(append([]byte{0, metadata, 0, version}, 0, 0, 0, 9))
	other := framed([]byte{0, 0, 0, 5, 1, 2, 3})
	stream := append(append([]byte{}, other...), metadataOn(1000)...)
	for _, size := range []int{1, 3, len(stream)} {
		tap := kafkawire.NewTap(loss.NewAnswers(), kafkawire.NewRefusals(), 1000, 2000)
		for rest := request; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			tap.ToServer(rest[:min(size, len(rest))])
		}
		var passed []byte
		for rest := stream; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			some, cut := tap.ToClient(rest[:min(size, len(rest))])
			require.False(t, cut)
			passed = append(passed, some...)
		}
		require.Equal(t, append(append([]byte{}, other...), metadataOn(2000)...), passed, "in pieces of %d", size)
	}
}

func framed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
}
