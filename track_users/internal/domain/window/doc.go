// Package window is the receive window of one stream: it holds what was read but is not applied yet, puts it in order,
// and says up to which offset the stream is done with. It is to Kafka what TCP's is to IP.
//
// An event that comes too early waits. When too much waits, what is furthest ahead is dropped and reading goes on:
// to stop reading would be a deadlock, since the event that all wait for is still to come. The offset to commit stays
// below everything that waits or was dropped, so a restart reads it again.
//
// A turn is: Add what was read, then Plan and Settle for as long as Scope has something, then Trim.
// A Window is not safe for concurrent use.
package window
