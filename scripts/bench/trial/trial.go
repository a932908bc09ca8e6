// Package trial is what the benchmark measures: experiments, each with the variants that it compares.
package trial

import (
	"context"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ordertrack/scripts/bench/rig"
)

// Figures are what one measurement gives, by name. The names say the unit.
type Figures map[string]float64

// The names of figures.
const (
	PerSecond   = "per_second"        // orders or events
	P50         = "p50_ms"            // milliseconds
	P99         = "p99_ms"            // likewise
	Allocations = "allocations"       // an order or an event
	AllocBytes  = "allocated_bytes"   // likewise
	Peak        = "peak_mb"           // resident memory, in 2^20 bytes
	ServiceCPU  = "service_cpu_us"    // microseconds an order or an event
	DatabaseCPU = "postgresql_cpu_us" // likewise
	BrokerCPU   = "broker_cpu_us"     // likewise
	LoadCPU     = "load_cpu_us"       // likewise, of the benchmark itself
	ReadyAfter  = "ready_ms"          // milliseconds
	Binary      = "binary_mb"         // 2^20 bytes
)

const mega = 1 << 20

// Plan says how large everything is.
type Plan struct {
	Lasts      time.Duration // of one measurement of a load
	WarmUp     time.Duration // before it
	WarmBroker time.Duration // before everything; 0 for not at all
	Clients    int           // connections of a load
	Rate       int           // orders a second of an open load
	Backlog    int           // events that are to be counted
	Table      int           // orders in the table that is full
}

// Variant is one of those that are compared.
type Variant struct {
	Name    string
	Prepare func(context.Context) error // once, before the first measurement; may be nil. *rig.MissingError: cannot be had here
	Measure func(context.Context) (Figures, error)
}

// Experiment is a comparison of variants, which are measured in turn.
type Experiment struct {
	Name     string
	Variants []Variant
	Close    func(context.Context) error // may be nil
}

// Bench has all experiments, on one rig.
type Bench struct {
	rig       *rig.Rig
	plan      Plan
	Latencies map[string]*hdrhistogram.Histogram // of all rounds, by experiment and variant, in microseconds
}

// New makes the experiments' bench.
func New(r *rig.Rig, plan Plan) *Bench {
	return &Bench{rig: r, plan: plan, Latencies: map[string]*hdrhistogram.Histogram{}}
}

// The experiments.
const (
	Posting   = "posting"   // orders a second, closed loop
	Single    = "single"    // the same with one connection
	Latency   = "latency"   // of orders at a fixed rate
	Full      = "full"      // orders a second with a full table
	Counting  = "counting"  // events a second of a backlog
	Following = "following" // from an order to its counter
	Starting  = "starting"  // of the services
)

// Experiments are all of them, in the order in which they are run.
func (b *Bench) Experiments() []Experiment {
	return []Experiment{b.starting(), b.posting(), b.single(), b.latency(), b.following(), b.counting(), b.full()}
}

// latencies keeps a histogram for the plots and makes figures of it.
func (b *Bench) latencies(experiment, variant string, h *hdrhistogram.Histogram) Figures {
	key := experiment + "/" + variant
	if b.Latencies[key] == nil {
		b.Latencies[key] = hdrhistogram.New(h.LowestTrackableValue(), h.HighestTrackableValue(), int(h.SignificantFigures()))
	}
	b.Latencies[key].Merge(h)
	return Figures{
		P50: float64(h.ValueAtQuantile(50)) / float64(time.Millisecond/time.Microsecond),
		P99: float64(h.ValueAtQuantile(99)) / float64(time.Millisecond/time.Microsecond),
	}
}
