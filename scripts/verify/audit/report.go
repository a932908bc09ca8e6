package audit

import (
	"fmt"
	"strconv"
	"strings"
)

// maxListed bounds how many differences a report lists; it counts all of them.
const maxListed = 50

// Verdict is what an audit comes to. Its values are exit codes.
type Verdict int

// The verdicts.
const (
	Exact     Verdict = 0 // every order is counted, once
	Different Verdict = 1 // something is lost, doubled, or missing from the log
	Unknown   Verdict = 2 // what can be told is exact, but not everything can be told
)

// Report is what an audit found. All counts are of events unless they say otherwise.
type Report struct {
	Orders      int64 `json:"orders"`
	Users       int64 `json:"users"`       // names with an order
	Counters    int64 `json:"counters"`    // names with a counter
	Exact       int64 `json:"exact"`       // counters that are as they should be
	DenseLanes  int   `json:"dense_lanes"` // of Lanes
	Parked      int64 `json:"parked"`      // orders whose events are parked instead of counted
	Foreign     int64 `json:"foreign"`     // counted events that no order stands behind, by track_users' own account
	Forgotten   int64 `json:"forgotten"`   // counted orders that the orders database does not know any more, since it was put back
	Elsewhere   int64 `json:"elsewhere"`   // counted events of logs that the orders database does not know
	Lag         int64 `json:"lag"`         // ordered, but neither counted nor parked yet
	Unpublished int64 `json:"unpublished"` // beyond the relay's cursor
	Missing     int64 `json:"missing"`     // what counters lack
	Surplus     int64 `json:"surplus"`     // what counters have too much

	Differences      []Difference `json:"differences"` // the first ones
	DifferencesCount int64        `json:"differences_count"`
}

// Difference is one thing that is not as it should be.
type Difference struct {
	Where string `json:"where"` // a quoted name, a lane, or a part of the system
	What  string `json:"what"`
}

func (d Difference) String() string { return d.Where + ": " + d.What }

// Verdict says what the findings come to. Events on their way never explain a difference: counters are held against
// what the marks say is applied.
func (r *Report) Verdict() Verdict {
	switch {
	case r.DifferencesCount > 0:
		return Different
	case r.Lag > 0:
		return Unknown
	default:
		return Exact
	}
}

// String is the report for people: one line when all is exact, else one for each finding before it.
func (r *Report) String() string {
	var b strings.Builder
	for _, difference := range r.Differences {
		fmt.Fprintln(&b, difference)
	}
	if more := r.DifferencesCount - int64(len(r.Differences)); more > 0 {
		fmt.Fprintf(&b, "and %d more\n", more)
	}
	if r.Lag > 0 {
		fmt.Fprintf(&b, "not at rest: %s on the way, %d of them not known to be published\n",
			plural(r.Lag, "%d event"), min(r.Lag, r.Unpublished))
	}
	b.WriteString(r.heading())
	fmt.Fprintf(&b, "%s by %s, %s exact, %d lanes dense, lag %d", plural(r.Orders, "%d order"), plural(r.Users, "%d user"),
		plural(r.Exact, "%d counter"), r.DenseLanes, r.Lag)
	if r.Parked > 0 {
		fmt.Fprintf(&b, ", %d parked", r.Parked)
	}
	if r.Foreign > 0 {
		fmt.Fprintf(&b, ", %d foreign", r.Foreign)
	}
	if r.Forgotten > 0 {
		fmt.Fprintf(&b, ", %d counted and then forgotten by an orders database that was put back", r.Forgotten)
	}
	if r.Elsewhere > 0 {
		fmt.Fprintf(&b, ", %d counted of logs that are not of this orders database", r.Elsewhere)
	}
	return b.String()
}

func (r *Report) heading() string {
	switch r.Verdict() {
	case Exact:
		return "verified: "
	case Different:
		return plural(r.DifferencesCount, "%d difference") + ": "
	case Unknown:
		return "no difference so far: "
	}
	return ""
}

func (r *Report) differf(where, format string, args ...any) {
	r.DifferencesCount++
	if len(r.Differences) < maxListed {
		r.Differences = append(r.Differences, Difference{Where: where, What: fmt.Sprintf(format, args...)})
	}
}

func quote(name string) string { return strconv.Quote(name) }

// plural puts a number into a text that ends with the noun.
func plural(n int64, text string) string {
	if n != 1 {
		text += "s"
	}
	return fmt.Sprintf(text, n)
}
