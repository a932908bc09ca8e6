package evidence

import "time"

// Killed is a process that ran and was ended by SIGKILL; name is the part's, for replicas the service's.
func Killed(name string) Fact { return Fact("ends of " + name + " by SIGKILL") }

// Stopped is one that ran and ended when it was asked to.
func Stopped(name string) Fact { return Fact("stops of " + name) }

// StoppedAtOnce is a PostgreSQL that ran and ended by an immediate stop.
func StoppedAtOnce(name string) Fact { return Fact("immediate stops of " + name) }

// StoppedSmartly is one that ran and ended by a smart stop.
func StoppedSmartly(name string) Fact { return Fact("smart stops of " + name) }

// Paused is for how long a process stood still, in milliseconds.
func Paused(name string) Fact { return Fact("milliseconds that " + name + " stood still") }

// AtLeast is a Want of a duration, of a fact that is counted in milliseconds.
func AtLeast(fact Fact, d time.Duration) Want { return Want{Fact: fact, Least: d.Milliseconds()} }

// Reset are connections of a link that were open to both sides, and were reset.
func Reset(link string) Fact { return Fact("connections reset on the way to " + link) }

// Halved are pieces of data of which only half passed, before the connection was reset.
func Halved(link string) Fact { return Fact("messages cut in half on the way to " + link) }

// Slowed is for how long data was held back by bad weather, all pieces together, in milliseconds.
func Slowed(link string) Fact { return Fact("milliseconds of delay on the way to " + link) }

// Held are pieces of data that had to wait for a shut gate, whichever way they went: who waits for an answer that is held
// has nothing more to send.
func Held(link string) Fact { return Fact("messages held between a service and " + link) }

// HeldToServer are pieces of data that had to wait for a shut gate on their way to the server.
func HeldToServer(link string) Fact { return Fact("messages held on their way to " + link) }

// HeldToClient are those on the way back.
func HeldToClient(link string) Fact { return Fact("messages held on their way from " + link) }

// Lost are answers that tell of success and never arrived.
func Lost(link string) Fact { return Fact("answers lost on their way from " + link) }

// CutOff are answers that tell of success and ended in the middle.
func CutOff(link string) Fact { return Fact("answers cut off on their way from " + link) }

// Terminated are sessions of a service that were ended by pg_terminate_backend.
func Terminated(service string) Fact {
	return Fact("sessions of " + service + " ended by the database")
}

// TimedOut are statements that PostgreSQL itself has ended for their length, by its log.
func TimedOut(name string) Fact { return Fact("statements timed out in " + name) }

// LockTimedOut are statements that it has ended since they waited too long for a lock.
func LockTimedOut(name string) Fact { return Fact("waits for a lock timed out in " + name) }

// Crowded is how often a service had no session left while all connections were taken.
func Crowded(service string) Fact { return Fact("times that " + service + " had no connection left") }

// Waited is how often a session of a service was seen to wait for a lock of a stranger's.
func Waited(service string) Fact { return Fact("waits of " + service + " for the stranger's lock") }

// DiskFull is how often PostgreSQL has said so.
func DiskFull(name string) Fact { return Fact("full disks of " + name) }

// Facts of the topic, the group, and the databases as a whole.
const (
	Unready        Fact = "services that said they were not ready"
	Expelled       Fact = "members that the group expelled while they stood still"
	Joined         Fact = "members that joined the group"
	Succeeded      Fact = "times that another took the paused one's place"
	LocksTaken     Fact = "advisory locks taken from a relay that stood still"
	Counted        Fact = "bare events sent by a stranger"
	Poisoned       Fact = "records sent by a stranger that cannot be counted"
	Big            Fact = "records of nearly 1 MiB sent by a stranger"
	Repeated       Fact = "events sent again by a stranger"
	Shuffled       Fact = "events taken off the topic and put back in another order"
	GroupMeddled   Fact = "changes of the group's offsets"
	MorePartitions Fact = "partitions added"
	TopicMeddled   Fact = "times that records were taken off the topic"
	Wiped          Fact = "times that the broker's data was wiped"
	Resent         Fact = "events that order_service had to send again"
	Gap            Fact = "events that waited for lost ones"
	GoneOn         Fact = "orders that were answered while the fault lasted"
	PutBack        Fact = "databases put back to an earlier state"
	Pending        Fact = "events that waited while nobody counted"
	Misdated       Fact = "orders with a wrong date"
	Recovered      Fact = "kills after which a client was told of an order that existed before it asked again"
	SameAgain      Fact = "answers that were given a second time for a key, and were the same"
	Refused        Fact = "answers to Produce changed into a refusal"
)
