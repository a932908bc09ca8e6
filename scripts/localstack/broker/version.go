package broker

import (
	"regexp"
	"runtime/debug"
)

var pomVersion = regexp.MustCompile(`<artifactId>kafka_2\.13</artifactId>\s*<version>([^<]+)</version>`)

// Describe names a kind and its version, for reports.
func Describe(kind Kind) string {
	if kind == Apache {
		if match := pomVersion.FindSubmatch(pom); match != nil {
			return "Apache Kafka " + string(match[1])
		}
		return "Apache Kafka"
	}
	return "Embedded broker (kfake " + moduleVersion("github.com/twmb/franz-go/pkg/kfake") + ")"
}

func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "of an unknown version"
	}
	for _, dependency := range info.Deps {
		if dependency.Path == path {
			return dependency.Version
		}
	}
	return "of an unknown version"
}
