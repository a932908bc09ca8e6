package deployments_test

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// rule looks after one thing and says what is wrong with it.
type rule struct {
	name  string
	check func(*deployment) []string
}

var rules = []rule{
	{"pinned", checkPinned},
	{"hardened", checkHardened},
	{"healthy", checkHealthy},
	{"ordered", checkOrdered},
	{"restarted", checkRestarted},
	{"stopped", checkStopped},
	{"settings", checkSettings},
	{"ports", checkPorts},
	{"volumes", checkVolumes},
	{"built", checkBuilt},
	{"databases", checkDatabases},
	{"kafka", checkKafka},
}

func sortedKeys[K ~string](keys iter.Seq[K]) []K { return slices.Sorted(keys) }

// services gives each service in the order of their names.
func (d *deployment) services() iter.Seq2[string, types.ServiceConfig] {
	return func(yield func(string, types.ServiceConfig) bool) {
		for _, name := range d.project.ServiceNames() {
			if !yield(name, d.project.Services[name]) {
				return
			}
		}
	}
}

var version = regexp.MustCompile(`:v?\d+\.\d+`)

func checkPinned(d *deployment) (problems []string) {
	for name, s := range d.services() {
		if s.Build == nil && !version.MatchString(s.Image) {
			problems = append(problems, name+" has no version in "+s.Image)
		}
	}
	for _, words := range d.recipe.all("FROM") {
		image := words[slices.IndexFunc(words, func(w string) bool { return !strings.HasPrefix(w, "--") })]
		if image != "scratch" && !version.MatchString(image) || strings.HasPrefix(image, "golang:") && image != "golang:"+goVersion() {
			problems = append(problems, image+" is not what go.mod asks for: golang:"+goVersion())
		}
	}
	return problems
}

// goVersion is the minor version that go.mod names, such as 1.26.
func goVersion() string {
	content, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err.Error()
	}
	return string(regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(content)[1])
}

func checkHardened(d *deployment) (problems []string) {
	const nobody = "65532:65532"
	for name, s := range d.services() {
		if s.Privileged || s.NetworkMode != "" || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			problems = append(problems, name+" may gain privileges")
		}
	}
	for _, name := range programs {
		s := d.project.Services[name]
		if s.User != nobody || !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || len(s.CapAdd) > 0 || len(s.Volumes) > 0 {
			problems = append(problems, name+" is to run as "+nobody+", read-only, without capabilities and volumes")
		}
	}
	if user := d.recipe.last().all("USER"); len(user) != 1 || user[0][0] != nobody {
		problems = append(problems, "the image is to have USER "+nobody)
	}
	return problems
}

func checkHealthy(d *deployment) (problems []string) {
	const patience = 4 * time.Second // of /healthcheck itself
	for name, s := range d.services() {
		h := s.HealthCheck
		if h == nil || h.Disable || len(h.Test) < 2 || h.Test[0] != "CMD" || h.Interval == nil || h.StartPeriod == nil ||
			h.Timeout == nil || time.Duration(*h.Timeout) <= patience {
			problems = append(problems, name+" has no complete health check")
			continue
		}
		in := func(words []string) bool { return words[len(words)-1] == h.Test[1] }
		if s.Build != nil && !slices.ContainsFunc(d.recipe.last().all("COPY"), in) {
			problems = append(problems, name+" has no "+h.Test[1]+" in its image")
		}
	}
	return problems
}

func checkOrdered(d *deployment) (problems []string) {
	for _, name := range programs {
		for _, other := range []string{"postgres", "kafka"} {
			if d.project.Services[name].DependsOn[other].Condition != types.ServiceConditionHealthy {
				problems = append(problems, name+" does not wait until "+other+" is healthy")
			}
		}
	}
	return problems
}

func checkRestarted(d *deployment) (problems []string) {
	for name, s := range d.services() {
		if s.Restart != types.RestartPolicyUnlessStopped {
			problems = append(problems, name+" is not started again when it ends")
		}
	}
	return problems
}

// checkStopped: Docker kills what has not stopped after 10 s unless told otherwise.
func checkStopped(d *deployment) (problems []string) {
	for _, name := range programs {
		grace := 10 * time.Second
		if given := d.project.Services[name].StopGracePeriod; given != nil {
			grace = time.Duration(*given)
		}
		limit, err := time.ParseDuration(d.env(name, "SHUTDOWN_TIMEOUT"))
		if err == nil && limit >= grace {
			problems = append(problems, fmt.Sprintf("%s is killed after %s and may take %s to stop", name, grace, limit))
		}
	}
	return problems
}
