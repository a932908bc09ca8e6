package httpserver

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
)

// Unreadable has answer answer what never becomes a request: a header that is too large (431), or one that is not HTTP
// (400, 501, 505). net/http writes plain text to the connection then, and asks no handler.
func Unreadable(answer func(w http.ResponseWriter, status int)) Option {
	return func(s *Server) { s.unreadable = answer }
}

// What net/http writes in one piece: a status line, this, and the status again.
const (
	refusalStart  = "HTTP/1.1 "
	refusalHeader = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
)

// refusalStatus is the status of a refusal that net/http made by itself; 0 for whatever else is written.
func refusalStatus(written []byte) int {
	if len(written) <= len(refusalStart) || written[len(refusalStart)] < '4' { // nearly every answer ends here
		return 0
	}
	line, rest, found := bytes.Cut(written, []byte("\r"))
	if !found || !bytes.HasPrefix(rest, []byte(refusalHeader[1:])) || !bytes.HasPrefix(line, []byte(refusalStart)) {
		return 0
	}
	code, _, _ := bytes.Cut(line[len(refusalStart):], []byte(" "))
	status, err := strconv.Atoi(string(code))
	if err != nil {
		return 0
	}
	return status
}

// translating is a listener whose connections have refusals answered by answer.
type translating struct {
	net.Listener

	answer func(w http.ResponseWriter, status int)
}

// Accept takes the next connection.
func (l translating) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err //nolint:wrapcheck // net/http looks at it
	}
	return translated{conn, l.answer}, nil
}

type translated struct {
	net.Conn

	answer func(w http.ResponseWriter, status int)
}

// Write writes what net/http wants to be written, or the answer instead of a refusal.
func (c translated) Write(p []byte) (int, error) {
	status := refusalStatus(p)
	if status == 0 {
		return c.Conn.Write(p) //nolint:wrapcheck // net/http looks at it
	}
	made := &reply{status: status, header: http.Header{}}
	c.answer(made, status)
	if err := made.send(c.Conn); err != nil {
		return 0, err
	}
	return len(p), nil
}

// reply is an answer that is made before there is a request.
type reply struct {
	status int
	header http.Header
	body   bytes.Buffer
}

func (r *reply) Header() http.Header         { return r.header }
func (r *reply) WriteHeader(status int)      { r.status = status }
func (r *reply) Write(p []byte) (int, error) { return r.body.Write(p) }

// send writes the answer, and that it is the connection's last one.
func (r *reply) send(to io.Writer) error {
	response := http.Response{
		StatusCode: r.status, ProtoMajor: 1, ProtoMinor: 1, Header: r.header, Close: true,
		ContentLength: int64(r.body.Len()), Body: io.NopCloser(&r.body),
	}
	var whole bytes.Buffer // in one packet, if it fits
	if err := response.Write(&whole); err != nil {
		return err //nolint:wrapcheck // net/http passes it over
	}
	_, err := whole.WriteTo(to)
	return err //nolint:wrapcheck // likewise
}
