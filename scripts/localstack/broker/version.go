package broker

import "runtime/debug"

const unknownVersion = "of an unknown version"

// Describe names a kind and its version, for reports.
func Describe(kind Kind) string {
	if kind == Apache {
		return "Apache Kafka " + ApacheVersion()
	}
	return "Embedded broker (kfake " + moduleVersion("github.com/twmb/franz-go/pkg/kfake") + ")"
}

func moduleVersion(path string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unknownVersion
	}
	for _, dependency := range info.Deps {
		if dependency.Path == path {
			return dependency.Version
		}
	}
	return unknownVersion
}
