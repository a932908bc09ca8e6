// Package deployments_test holds the container files against the services themselves, without a container engine: the
// compose file is read by Compose's own library, and what it says must agree with what the programs take.
package deployments_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"

	"ordertrack/scripts/localstack/testenv"
)

const (
	root       = ".." // of the module, from this folder
	recipePath = "deployments/images/service.Dockerfile"
	initPath   = "deployments/postgres/init.sql"
)

// programs are the services that are built here; their settings are read from their own source.
var programs = []string{"order_service", "track_users"}

func TestMain(m *testing.M) { testenv.Main(m) }

// deployment is all that the rules look at.
type deployment struct {
	project  *types.Project
	recipe   recipe
	initSQL  string
	settings map[string]settingSet // of each program
}

func load(t *testing.T) *deployment {
	t.Helper()
	file := filepath.Join(root, "docker-compose.yml")
	options, err := cli.NewProjectOptions([]string{file}, cli.WithWorkingDirectory(root))
	require.NoError(t, err)
	project, err := options.LoadProject(t.Context())
	require.NoError(t, err)
	d := &deployment{
		project: project, recipe: parseRecipe(read(t, recipePath)), initSQL: read(t, initPath), settings: map[string]settingSet{},
	}
	for _, program := range programs {
		d.settings[program] = settingsOf(t, program)
	}
	return d
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(content)
}

// edit changes one service of the compose file.
func (d *deployment) edit(service string, change func(*types.ServiceConfig)) {
	s := d.project.Services[service]
	change(&s)
	d.project.Services[service] = s
}

// env is what a service's container finds in its environment, or the program's own default.
func (d *deployment) env(service, key string) string {
	if value := d.project.Services[service].Environment[key]; value != nil {
		return *value
	}
	return d.settings[service][key].fallback
}

// problems is what the rules have to say, each line beginning with the rule's name.
func (d *deployment) problems() []string {
	var all []string
	for _, r := range rules {
		for _, problem := range r.check(d) {
			all = append(all, r.name+": "+problem)
		}
	}
	return all
}

func TestComposeFileFitsTheServices(t *testing.T) {
	t.Parallel()
	require.Empty(t, load(t).problems())
}

// TestRulesCanFail breaks one thing at a time: the rule that looks after it must say so, and no other.
func TestRulesCanFail(t *testing.T) {
	t.Parallel()
	set := func(service, key, value string) func(*deployment) {
		return func(d *deployment) {
			d.edit(service, func(s *types.ServiceConfig) { s.Environment[key] = &value })
		}
	}
	edit := func(service string, change func(*types.ServiceConfig)) func(*deployment) {
		return func(d *deployment) { d.edit(service, change) }
	}
	recipe := func(from, to string) func(*deployment) {
		return func(d *deployment) { d.recipe = parseRecipe(strings.ReplaceAll(d.recipe.text, from, to)) }
	}
	sql := func(from, to string) func(*deployment) {
		return func(d *deployment) { d.initSQL = strings.ReplaceAll(d.initSQL, from, to) }
	}
	for title, tc := range map[string]struct {
		change func(*deployment)
		want   string // the rule, and the beginning of what it says
	}{
		"image without a version":      {edit("kafka", func(s *types.ServiceConfig) { s.Image = "apache/kafka" }), "pinned: kafka"},
		"image that moves":             {edit("postgres", func(s *types.ServiceConfig) { s.Image = "postgres:latest" }), "pinned: postgres"},
		"base image that moves":        {recipe("golang:1.26", "golang:latest"), "pinned: golang:latest"},
		"older Go than go.mod's":       {recipe("golang:1.26", "golang:1.25"), "pinned: golang:1.25"},
		"root":                         {edit("track_users", func(s *types.ServiceConfig) { s.User = "0:0" }), "hardened: track_users"},
		"root in the image":            {recipe("USER 65532:65532", ""), "hardened: the image"},
		"writable root":                {edit("order_service", func(s *types.ServiceConfig) { s.ReadOnly = false }), "hardened: order_service"},
		"capabilities":                 {edit("order_service", func(s *types.ServiceConfig) { s.CapDrop = nil }), "hardened: order_service"},
		"new privileges":               {edit("postgres", func(s *types.ServiceConfig) { s.SecurityOpt = nil }), "hardened: postgres"},
		"no health check":              {edit("kafka", func(s *types.ServiceConfig) { s.HealthCheck = nil }), "healthy: kafka"},
		"health check not in image":    {recipe("/out/healthcheck /healthcheck", "/out/healthcheck /bin/healthcheck"), "healthy: "},
		"health check in no hurry":     {edit("kafka", func(s *types.ServiceConfig) { s.HealthCheck.Timeout = nil }), "healthy: kafka"},
		"start before the database":    {edit("track_users", func(s *types.ServiceConfig) { delete(s.DependsOn, "postgres") }), "ordered: track_users"},
		"start before Kafka is well":   {edit("order_service", started("kafka")), "ordered: order_service"},
		"not restarted":                {edit("order_service", func(s *types.ServiceConfig) { s.Restart = "" }), "restarted: order_service"},
		"killed while it stops":        {set("order_service", "SHUTDOWN_TIMEOUT", "30s"), "stopped: order_service"},
		"killed after 10 s":            {edit("track_users", func(s *types.ServiceConfig) { s.StopGracePeriod = nil }), "stopped: track_users"},
		"setting that nobody reads":    {set("order_service", "KAFKA_GROUP", "x"), "settings: order_service: KAFKA_GROUP"},
		"level that is none":           {set("track_users", "LOG_LEVEL", "loud"), "settings: track_users: LOG_LEVEL"},
		"duration without a unit":      {set("track_users", "SHUTDOWN_TIMEOUT", "20"), "settings: track_users: SHUTDOWN_TIMEOUT"},
		"address without a port":       {set("track_users", "HTTP_ADDR", "8081"), "settings: track_users: HTTP_ADDR"},
		"port that is not published":   {set("track_users", "HTTP_ADDR", ":8083"), "ports: track_users: HTTP_ADDR"},
		"port for the whole world":     {edit("order_service", func(s *types.ServiceConfig) { s.Ports[0].HostIP = "" }), "ports: order_service"},
		"another port outside":         {edit("order_service", func(s *types.ServiceConfig) { s.Ports[1].Published = "9099" }), "ports: order_service"},
		"database that is not made":    {sql("CREATE DATABASE orders", "CREATE DATABASE order"), "databases: order_service"},
		"role that is not made":        {sql("CREATE ROLE track_users", "CREATE ROLE tracker"), "databases: track_users"},
		"password that differs":        {set("postgres", "TRACK_USERS_PASSWORD", "other"), "databases: track_users"},
		"database server that is none": {set("order_service", "DATABASE_URL", "postgres://order_service:order_service@db:5432/orders"), "databases: order_service"},
		"broker that is not told of":   {set("track_users", "KAFKA_BROKERS", "kafka:9092"), "kafka: track_users"},
		"listener without a protocol":  {set("kafka", "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "CONTAINERS:PLAINTEXT,HOST:PLAINTEXT"), "kafka: listener CONTROLLER"},
		"nobody listens there":         {set("kafka", "KAFKA_LISTENERS", "CONTAINERS://:19092,HOST://:9093,CONTROLLER://:29093"), "kafka: HOST"},
		"voter that is another node":   {set("kafka", "KAFKA_NODE_ID", "2"), "kafka: the voters"},
		"two topics":                   {set("track_users", "KAFKA_TOPIC", "others"), "kafka: the services"},
		"data outside the volume":      {set("kafka", "KAFKA_LOG_DIRS", "/tmp/kafka"), "volumes: kafka"},
		"PostgreSQL's old folder":      {edit("postgres", func(s *types.ServiceConfig) { s.Volumes[0].Target += "/data" }), "volumes: postgres"},
		"volume without a name":        {edit("kafka", func(s *types.ServiceConfig) { s.Volumes[0].Source = "" }), "volumes: kafka"},
		"script that is not there":     {edit("postgres", func(s *types.ServiceConfig) { s.Volumes[1].Source += "x" }), "volumes: postgres"},
		"built of another folder":      {edit("track_users", builtOf("tracker")), "built: track_users"},
		"built the same twice":         {edit("track_users", builtOf("order_service")), "built: track_users"},
		"built without the service":    {recipe("./${SERVICE}", "./order_service"), "built: the recipe"},
		"built with cgo":               {recipe("CGO_ENABLED=0", "CGO_ENABLED=1"), "built: the recipe"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			d := load(t)
			tc.change(d)
			problems := d.problems()
			require.NotEmpty(t, problems)
			for _, problem := range problems {
				require.Contains(t, problem, tc.want)
			}
		})
	}
}

func started(other string) func(*types.ServiceConfig) {
	return func(s *types.ServiceConfig) {
		s.DependsOn[other] = types.ServiceDependency{Condition: types.ServiceConditionStarted}
	}
}

func builtOf(folder string) func(*types.ServiceConfig) {
	return func(s *types.ServiceConfig) { s.Build.Args["SERVICE"] = &folder }
}
