package broker

import "ordertrack/scripts/localstack/repository"

// Describe names a kind and its version, for reports.
func Describe(kind Kind) string {
	if kind == Apache {
		return "Apache Kafka " + ApacheVersion()
	}
	return "Embedded broker (kfake " + repository.ModuleVersion("github.com/twmb/franz-go/pkg/kfake") + ")"
}
