// Package wiring puts track_users together.
package wiring

import (
	"go.uber.org/fx"

	"ordertrack/track_users/internal/config"
)

// Module is the whole service, but for what service.Main supplies: the settings, the log and the metrics registry.
func Module(config.Config) fx.Option {
	return fx.Options(databaseModule, countingModule, apiModule, adminModule, fx.Invoke(lifecycle))
}
