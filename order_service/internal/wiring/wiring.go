// Package wiring puts order_service together.
package wiring

import (
	"go.uber.org/fx"

	"ordertrack/order_service/internal/config"
)

// Module is the whole service, but for what service.Main supplies: the settings, the log and the metrics registry.
func Module(config.Config) fx.Option {
	return fx.Options(databaseModule, placingModule, relayingModule, apiModule, adminModule, fx.Invoke(lifecycle))
}
