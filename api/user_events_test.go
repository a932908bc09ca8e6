package api_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"ordertrack/api"
	"ordertrack/scripts/localstack/testenv"
	"ordertrack/shared/event"
	"ordertrack/shared/kafkaclient"
	"ordertrack/shared/name"
)

func TestMain(m *testing.M) { testenv.Main(m) }

// topicDocument is what the tests read of an AsyncAPI document.
type topicDocument struct {
	raw                  any
	headers, value, name *jsonschema.Schema
}

func load(t *testing.T) topicDocument {
	t.Helper()
	var d topicDocument
	require.NoError(t, yaml.Unmarshal(api.UserEvents, &d.raw))
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource("topic.json", d.raw))
	for pointer, schema := range map[string]**jsonschema.Schema{"headers": &d.headers, "payload": &d.value, "bindings/kafka/key": &d.name} {
		var err error
		*schema, err = compiler.Compile("topic.json#/components/messages/orderPlaced/" + pointer)
		require.NoError(t, err)
	}
	return d
}

func (d topicDocument) check(t *testing.T, record event.Record) error {
	t.Helper()
	headers := map[string]any{}
	for _, h := range record.Headers {
		require.NotContains(t, headers, h.Key)
		headers[h.Key] = string(h.Value)
	}
	if err := d.headers.Validate(headers); err != nil {
		return err
	}
	if err := d.name.Validate(string(record.Key)); err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(record.Value))
	require.NoError(t, err)
	return d.value.Validate(value)
}

func placed(t *testing.T, raw, trace string) event.Placed {
	t.Helper()
	who, err := name.Parse(raw)
	require.NoError(t, err)
	return event.Placed{
		OrderID: 1 << 62, Name: who, LogID: "0197b2c4-7e1a-7c3b-9d52-3f1f0e6a8b11", Lane: event.LaneOf(who), Sequence: 7,
		PlacedAt: time.Date(2026, 11, 24, 12, 0, 0, 123456000, time.FixedZone("east", 3600)), TraceParent: trace,
	}
}

const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestTheRecordIsAsTheDocumentHasIt(t *testing.T) {
	t.Parallel()
	d := load(t)
	for _, who := range []string{"John Doe", "\"<\\>\u2028", strings.Repeat("\U0001F469", 200)} {
		for _, traced := range []string{trace, ""} {
			require.NoError(t, d.check(t, event.Encode(placed(t, who, traced))))
		}
	}
}

// What is not a record of ours must not pass, or the test above would hold nothing.
func TestTheDocumentRefusesWhatIsNoRecord(t *testing.T) {
	t.Parallel()
	d := load(t)
	whole := event.Encode(placed(t, "John Doe", trace))
	for i, h := range whole.Headers {
		record := whole
		record.Headers = append([]event.Header{}, whole.Headers...)
		record.Headers[i].Value = append([]byte("?"), h.Value...)
		require.Error(t, d.check(t, record), "another %s", h.Key)
		record.Headers[i] = event.Header{Key: "other", Value: h.Value}
		require.Error(t, d.check(t, record), "no %s", h.Key)
	}
	for _, value := range []string{`{}`, `{"name":""}`, `{"name":1}`, `{"name":"Ann","note":"x"}`, `[]`} {
		record := whole
		record.Value = []byte(value)
		require.Error(t, d.check(t, record), value)
	}
}

// The record that a reader of the topic gets is the document's, too.
func TestTheRecordThatTheBrokerGivesIsAsTheDocumentHasIt(t *testing.T) {
	t.Parallel()
	config, broker, topic := kafkaclient.Config("test"), testenv.Broker(t), testenv.Topic(t)
	client, err := sarama.NewClient([]string{broker}, config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	require.NoError(t, kafkaclient.EnsureTopic(t.Context(), client, topic, 1, slog.New(slog.DiscardHandler)))
	producer, err := sarama.NewSyncProducerFromClient(client)
	require.NoError(t, err)
	record := event.Encode(placed(t, "Zoë", trace))
	message := &sarama.ProducerMessage{Topic: topic, Key: sarama.ByteEncoder(record.Key), Value: sarama.ByteEncoder(record.Value)}
	for _, h := range record.Headers {
		message.Headers = append(message.Headers, sarama.RecordHeader{Key: []byte(h.Key), Value: h.Value})
	}
	partition, offset, err := producer.SendMessage(message)
	require.NoError(t, err)
	require.NoError(t, producer.Close())

	consumer, err := sarama.NewConsumerFromClient(client)
	require.NoError(t, err)
	claim, err := consumer.ConsumePartition(topic, partition, offset)
	require.NoError(t, err)
	read := <-claim.Messages()
	require.NoError(t, claim.Close())
	require.NoError(t, consumer.Close())
	got := event.Record{Key: read.Key, Value: read.Value}
	for _, h := range read.Headers {
		got.Headers = append(got.Headers, event.Header{Key: string(h.Key), Value: h.Value})
	}
	require.NoError(t, load(t).check(t, got))
}

// The examples are records that track_users can read.
func TestTheExamplesAreRecords(t *testing.T) {
	t.Parallel()
	var document struct {
		AsyncAPI   string
		Components struct {
			Messages struct {
				OrderPlaced struct {
					Examples []struct {
						Headers map[string]string
						Payload struct{ Name string }
					}
				} `yaml:"orderPlaced"`
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(api.UserEvents, &document))
	require.Equal(t, "3.0.0", document.AsyncAPI)
	require.NotEmpty(t, document.Components.Messages.OrderPlaced.Examples)
	for _, example := range document.Components.Messages.OrderPlaced.Examples {
		record := event.Encode(placed(t, example.Payload.Name, trace))
		for i, h := range record.Headers {
			record.Headers[i].Value = []byte(example.Headers[h.Key])
		}
		require.Len(t, record.Headers, len(example.Headers))
		require.NoError(t, load(t).check(t, record))
		decoded, err := event.Decode(record)
		require.NoError(t, err)
		require.Equal(t, example.Payload.Name, decoded.Name.String())
		require.Equal(t, event.LaneOf(decoded.Name), decoded.Place.Lane, "the lane of the example is its name's")
	}
}

// Every reference leads somewhere.
func TestReferencesLeadSomewhere(t *testing.T) {
	t.Parallel()
	document := load(t).raw
	var visit func(node any)
	visit = func(node any) {
		switch n := node.(type) {
		case []any:
			for _, one := range n {
				visit(one)
			}
		case map[string]any:
			if reference, ok := n["$ref"].(string); ok {
				at := document
				for step := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
					inner, isMap := at.(map[string]any)
					require.True(t, isMap, reference)
					require.Contains(t, inner, step, reference)
					at = inner[step]
				}
			}
			for _, one := range n {
				visit(one)
			}
		}
	}
	visit(document)
}
