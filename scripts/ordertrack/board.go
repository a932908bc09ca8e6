package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ordertrack/client"
)

// maxName is how much of a name the board shows, in characters: a line must not wrap.
const maxName = 40

// board shows the highest counters, and draws them anew where they stand. Counters only grow, so whoever comes onto the
// board has changed: the changes are all it needs after its beginning.
type board struct {
	session *session
	size    int
	began   bool
	users   []client.User
	first   map[string]int64 // each user's counter when it was seen first
	drawn   int              // lines
}

func newBoard(s *session, size int) *board {
	return &board{session: s, size: max(1, size), first: map[string]int64{}}
}

// change draws a change. The list is read once the stream has begun, so that nothing falls between the two.
func (b *board) change(change client.Change) error {
	if !b.began || change.Missed {
		if err := b.read(); err != nil {
			return err
		}
	}
	for _, user := range change.Users {
		b.put(user)
	}
	b.sort()
	return b.draw()
}

func (b *board) read() error {
	ctx, cancel := b.session.bounded()
	defer cancel()
	taken := 0
	for user, err := range b.session.users.List(ctx, client.Sorting{PageSize: page(b.size)}) {
		if err != nil {
			return err
		}
		if _, ok := b.first[user.Name]; !ok {
			b.first[user.Name] = user.Counter
		}
		b.put(user)
		if taken++; taken == b.size {
			break
		}
	}
	b.began = true
	return nil
}

// put takes a user as it is now; what comes late is older, and lower.
func (b *board) put(user client.User) {
	if _, ok := b.first[user.Name]; !ok {
		b.first[user.Name] = user.Counter - 1
	}
	at := slices.IndexFunc(b.users, func(u client.User) bool { return u.ID == user.ID })
	switch {
	case at < 0:
		b.users = append(b.users, user)
	case b.users[at].Counter < user.Counter:
		b.users[at] = user
	}
}

func (b *board) sort() {
	slices.SortFunc(b.users, func(a, z client.User) int {
		return cmp.Or(cmp.Compare(z.Counter, a.Counter), cmp.Compare(a.ID, z.ID))
	})
	for _, user := range b.users[min(len(b.users), b.size):] {
		delete(b.first, user.Name) // or it would grow for ever
	}
	b.users = b.users[:min(len(b.users), b.size)]
}

// draw goes up to the first line, and clears what is below.
func (b *board) draw() error {
	var text strings.Builder
	if b.drawn > 0 {
		fmt.Fprintf(&text, "\x1b[%dA\x1b[J", b.drawn)
	}
	text.WriteString("  orders   since  user (Ctrl-C ends)\n")
	for _, user := range b.users {
		since := ""
		if n := user.Counter - b.first[user.Name]; n > 0 {
			since = fmt.Sprintf("+%d", n)
		}
		fmt.Fprintf(&text, "%8d %7s  %s\n", user.Counter, since, short(oneLine(user.Name)))
	}
	b.drawn = len(b.users) + 1
	_, err := fmt.Fprint(b.session.stdout, text.String())
	return err
}

func short(name string) string {
	if runes := []rune(name); len(runes) > maxName {
		return string(runes[:maxName-1]) + "…"
	}
	return name
}
