package deployments_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

func checkSettings(d *deployment) (problems []string) {
	for _, name := range programs {
		for key := range d.project.Services[name].Environment {
			if err := d.settings[name].wrong(key, d.env(name, key)); err != nil {
				problems = append(problems, name+": "+err.Error())
			}
		}
	}
	return problems
}

// checkPorts: what listens is published under the same number, on this machine only, and nothing else is. Nobody is
// asked for a password at these ports.
func checkPorts(d *deployment) (problems []string) {
	published := map[string][]string{}
	for name, s := range d.services() {
		for _, p := range s.Ports {
			target := strconv.FormatUint(uint64(p.Target), 10)
			if p.HostIP != "127.0.0.1" || p.Published != target {
				problems = append(problems, fmt.Sprintf("%s: %s is published as %s:%s", name, target, p.HostIP, p.Published))
			}
			published[name] = append(published[name], target)
		}
	}
	for _, name := range programs {
		for _, key := range []string{"HTTP_ADDR", "ADMIN_ADDR"} {
			_, port, err := net.SplitHostPort(d.env(name, key))
			if err == nil && !slices.Contains(published[name], port) {
				problems = append(problems, fmt.Sprintf("%s: %s is %s, which is not published", name, key, port))
			}
		}
	}
	return problems
}

// checkVolumes: the data of both servers is in volumes with a name, where their images look for it, and every file that
// is mounted is there.
func checkVolumes(d *deployment) (problems []string) {
	for name, folder := range map[string]string{"postgres": "/var/lib/postgresql", "kafka": d.env("kafka", "KAFKA_LOG_DIRS")} {
		kept := slices.ContainsFunc(d.project.Services[name].Volumes, func(v types.ServiceVolumeConfig) bool {
			_, declared := d.project.Volumes[v.Source]
			return v.Type == types.VolumeTypeVolume && declared && v.Target == folder
		})
		if !kept {
			problems = append(problems, name+" does not keep "+folder)
		}
	}
	for name, s := range d.services() {
		for _, v := range s.Volumes {
			if _, err := os.Stat(v.Source); v.Type == types.VolumeTypeBind && (err != nil || !v.ReadOnly) {
				problems = append(problems, fmt.Sprintf("%s: %s is not there, or may be written to", name, v.Source))
			}
		}
	}
	return problems
}

func checkBuilt(d *deployment) (problems []string) {
	for _, name := range programs {
		b := d.project.Services[name].Build
		arg := b.Args["SERVICE"]
		if b.Dockerfile != recipePath || arg == nil || *arg != name {
			problems = append(problems, name+" is to be built by "+recipePath+" with its own name")
			continue
		}
		if _, err := os.Stat(filepath.Join(b.Context, *arg, "main.go")); err != nil {
			problems = append(problems, name+": "+err.Error())
		}
	}
	for _, part := range []string{"CGO_ENABLED=0", "-trimpath", "-o /out/service ./${SERVICE} ", "/out/service /service\n", "ENTRYPOINT [\"/service\"]"} {
		if !strings.Contains(d.recipe.text, part) {
			problems = append(problems, "the recipe lacks "+part)
		}
	}
	return problems
}
