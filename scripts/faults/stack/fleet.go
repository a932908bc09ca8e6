package stack

import (
	"fmt"
	"path/filepath"
)

const (
	maxReplicas = 3
	topic       = "user_events"
	group       = "track_users"
)

// Fleet is the replicas of one service: those that run, and room for more. The first one has the number 0.
type Fleet []*Service

// endpoints are what a service reaches.
type endpoints struct{ database, broker string }

// fleet makes the replicas of a service; none runs yet. Each takes two of the ports.
func (s *Stack) fleet(opts Options, name string, to endpoints, ports []int, settings ...string) Fleet {
	fleet := make(Fleet, maxReplicas)
	for i := range fleet {
		api, admin := address(ports[2*i]), address(ports[2*i+1])
		fleet[i] = &Service{
			Name: replicaName(name, i), API: "http://" + api, Admin: "http://" + admin,
			fleet: name, seen: s.Seen, path: opts.Programs.path(name), log: filepath.Join(opts.Dir, replicaName(name, i)+".log"),
			env: append([]string{
				"DATABASE_URL=" + to.database, "KAFKA_BROKERS=" + to.broker,
				"KAFKA_TOPIC=" + topic, "KAFKA_GROUP=" + group, "LOG_LEVEL=info", "LOG_FORMAT=text",
				"HTTP_ADDR=" + api, "ADMIN_ADDR=" + admin,
			}, settings...),
		}
	}
	return fleet
}

// replicaName leaves the first replica the service's own name: most systems have no other.
func replicaName(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, i+1)
}

// start starts the first n replicas, at least one.
func (f Fleet) start(n int) error {
	for _, service := range f[:max(n, 1)] {
		if err := service.Start(); err != nil {
			return err
		}
	}
	return nil
}

// Running are the replicas that are meant to run.
func (f Fleet) Running() []*Service {
	var running []*Service
	for _, service := range f {
		if service.isWanted() {
			running = append(running, service)
		}
	}
	return running
}

// APIs are the addresses of the replicas that are meant to run, as clients take them.
func (f Fleet) APIs() []string {
	running := f.Running()
	urls := make([]string, len(running))
	for i, service := range running {
		urls[i] = service.API
	}
	return urls
}
