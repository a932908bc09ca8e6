package trial

import (
	"context"
	"errors"
	"time"

	"ordertrack/scripts/bench/rig"
)

// costs is what programs have used so far.
type costs struct {
	service, database, broker time.Duration
	metrics                   map[string]float64
}

// costsOf reads the costs of a service and of what it stands on; without CPU times where the system does not tell them.
func (b *Bench) costsOf(ctx context.Context, service *rig.Service, watched bool) (c costs, err error) {
	if watched {
		if c.metrics, err = service.Metrics(ctx); err != nil {
			return c, err
		}
	}
	for _, one := range []struct {
		pid  int
		into *time.Duration
	}{{service.PID(), &c.service}, {b.rig.Postgres.PID(), &c.database}, {b.rig.Broker.PID(), &c.broker}} {
		*one.into, err = rig.Times(one.pid)
		if _, missing := errors.AsType[*rig.MissingError](err); err != nil && !missing {
			return c, err
		}
	}
	return c, nil
}

// since gives the costs of each unit of work since an earlier reading.
func (c costs) since(earlier costs, units float64) Figures {
	if units == 0 {
		return Figures{}
	}
	f := Figures{
		ServiceCPU:  perUnit(c.service-earlier.service, units),
		DatabaseCPU: perUnit(c.database-earlier.database, units),
		BrokerCPU:   perUnit(c.broker-earlier.broker, units),
	}
	if c.metrics != nil {
		const mallocs, bytes = "go_memstats_mallocs_total", "go_memstats_alloc_bytes_total"
		f[Allocations] = (c.metrics[mallocs] - earlier.metrics[mallocs]) / units
		f[AllocBytes] = (c.metrics[bytes] - earlier.metrics[bytes]) / units
	}
	return f
}

func perUnit(cpu time.Duration, units float64) float64 { return float64(cpu.Microseconds()) / units }

// addPeak adds the service's peak of memory, where the system tells it.
func addPeak(f Figures, service *rig.Service) error {
	peak, err := rig.PeakMemory(service.PID())
	if _, missing := errors.AsType[*rig.MissingError](err); missing {
		return nil
	}
	f[Peak] = float64(peak) / mega
	return err
}
