package load

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
)

// Target is where orders go, and whose they are.
type Target struct {
	Addr  string // host:port of the API
	Users int    // how many different names
}

// note is as long as notes usually are.
const note = "a note of usual length"

// order is a client's next request, in a buffer that is used again.
type order struct {
	users  int
	random *rand.Rand
	buffer []byte
}

// newOrder makes the requests of a client; two clients order in different turns, and always in the same ones.
func newOrder(users, client int) *order {
	return &order{users: users, random: rand.New(rand.NewPCG(uint64(client), 1))}
}

func (o *order) next() []byte { return o.of(UserName(o.random.IntN(o.users))) }

func (o *order) of(name string) []byte {
	const head = "POST /api/v1/orders HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: "
	const begin, middle, end = `{"name":"`, `","note":"`, `"}`
	o.buffer = append(o.buffer[:0], head...)
	o.buffer = strconv.AppendInt(o.buffer, int64(len(begin)+len(name)+len(middle)+len(note)+len(end)), 10)
	o.buffer = append(o.buffer, "\r\n\r\n"+begin...)
	o.buffer = append(o.buffer, name...)
	o.buffer = append(o.buffer, middle+note+end...)
	return o.buffer
}

// UserName is the name of the user with that number.
func UserName(number int) string { return fmt.Sprintf("user %07d", number) }

// place sends an order. Anything but 201 is an error: a figure with refused orders in it says nothing.
func place(c *conn, request []byte) error {
	status, body, err := c.do(request)
	if err != nil {
		return err
	}
	if status != http.StatusCreated {
		return fmt.Errorf("an order was answered %d: %.200s", status, body)
	}
	return nil
}
