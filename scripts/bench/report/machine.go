package report

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"ordertrack/scripts/bench/rig"
	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/repository"
)

// Machine is what a run was made on, and with.
type Machine struct {
	CPU        string        `json:"cpu"`
	Cores      int           `json:"cores"`
	Memory     string        `json:"memory"`
	System     string        `json:"system"`
	Load       string        `json:"load_average_before"` // of one, five and fifteen minutes
	SyncTime   time.Duration `json:"fsync_ns"`            // median of one write of 8 KiB
	Go         string        `json:"go"`
	PostgreSQL string        `json:"postgresql"`
	Broker     string        `json:"broker"`
	Libraries  []string      `json:"libraries"`
	Revision   string        `json:"revision"`
}

// libraries are those whose versions matter to the figures.
var libraries = []string{
	"github.com/IBM/sarama", "github.com/gin-gonic/gin", "github.com/jackc/pgx/v5", "github.com/go-json-experiment/json",
}

// LoadAverage says how busy the machine is, before a run makes it so: figures of a busy one are not worth much.
func LoadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return unknown
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

// Describe looks at the machine and at what runs on the rig.
func Describe(ctx context.Context, r *rig.Rig) (Machine, error) {
	m := Machine{
		CPU: firstOf("/proc/cpuinfo", "model name"), Cores: runtime.GOMAXPROCS(0), Memory: firstOf("/proc/meminfo", "MemTotal"),
		System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(),
	}
	if kernel, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.System += ", kernel " + strings.TrimSpace(string(kernel))
	}
	var err error
	if m.SyncTime, err = r.SyncTime(); err != nil {
		return m, err
	}
	if err := r.Query(ctx, r.Postgres.URL("postgres"), func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT current_setting('server_version')`).Scan(&m.PostgreSQL)
	}); err != nil {
		return m, fmt.Errorf("version of PostgreSQL: %w", err)
	}
	m.Broker = "the embedded broker, synced (kfake " + repository.ModuleVersion("github.com/twmb/franz-go/pkg/kfake") + ")"
	if r.Broker.Kind() == broker.Apache {
		m.Broker = "Apache Kafka " + broker.ApacheVersion()
	}
	for _, path := range libraries {
		version, err := r.Library(rig.OrderService, path)
		if err != nil {
			return m, err
		}
		m.Libraries = append(m.Libraries, path+" "+version)
	}
	m.Revision = revision()
	return m, nil
}

// unknown stands for what the system does not tell.
const unknown = "unknown"

// firstOf gives the value of the first line of that name in a file of /proc; unknown where there is none.
func firstOf(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return unknown
	}
	for line := range strings.Lines(string(text)) {
		key, value, found := strings.Cut(line, ":")
		if found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return unknown
}

func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return fmt.Sprintf("%.12s", setting.Value)
		}
	}
	return ""
}
