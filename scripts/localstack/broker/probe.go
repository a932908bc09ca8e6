package broker

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	probeLimit = 2 * time.Second
	// metadataVersion is one that every broker since Kafka 0.10 answers, Apache Kafka 4 and kfake among them.
	metadataVersion = 4
	maxAnswer       = 16 << 20
)

// answers asks the broker for its metadata, with a plain connection so that nothing is left behind, and tells whether
// it is a working member of its cluster.
func answers(ctx context.Context, addr string) bool {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return false
		}
	}
	request := kmsg.NewPtrMetadataRequest()
	request.SetVersion(metadataVersion)
	request.Topics = []kmsg.MetadataRequestTopic{}
	formatter := kmsg.NewRequestFormatter(kmsg.FormatterClientID("localstack"))
	if _, err := conn.Write(formatter.AppendRequest(nil, request, 1)); err != nil {
		return false
	}
	body, err := readAnswer(conn)
	if err != nil {
		return false
	}
	response := kmsg.NewPtrMetadataResponse()
	response.SetVersion(metadataVersion)
	return response.ReadFrom(body) == nil && len(response.Brokers) > 0
}

// readAnswer reads one response: four bytes of length, four of correlation id, the body.
func readAnswer(conn io.Reader) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head[:4])
	if length < 4 || length > maxAnswer {
		return nil, io.ErrUnexpectedEOF
	}
	body := make([]byte, length-4)
	_, err := io.ReadFull(conn, body)
	return body, err
}
