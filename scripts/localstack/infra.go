package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"ordertrack/scripts/localstack/broker"
	"ordertrack/scripts/localstack/ports"
	"ordertrack/scripts/localstack/postgres"
	"ordertrack/shared/settings"
)

// The databases, one for each service.
const (
	ordersDatabase = "orders"
	trackDatabase  = "track_users"
)

// infra is what the services stand on. What is nil was not started.
type infra struct {
	database *postgres.Server
	broker   *broker.Broker
}

func (l *launcher) startInfra(ctx context.Context, up *infra) error {
	var err error
	up.database, err = postgres.Start(ctx, postgres.Options{
		BinDir: l.cfg.PGBinDir, DataDir: filepath.Join(l.cfg.LocalDir, "postgres"), CacheDir: l.cfg.CacheDir,
		Mirror: l.cfg.Mirror, Port: l.cfg.PostgresPort, Log: l.log,
	})
	if err != nil {
		return nameSetting("POSTGRES_PORT", err)
	}
	for _, name := range []string{ordersDatabase, trackDatabase} {
		if err := up.database.CreateDatabase(ctx, name); err != nil {
			return err
		}
	}
	kind, err := broker.ParseKind(l.cfg.Broker)
	if err != nil {
		return err
	}
	up.broker, err = broker.Start(ctx, kind, broker.Options{
		DataDir: filepath.Join(l.cfg.LocalDir, "broker-"+l.cfg.Broker), CacheDir: l.cfg.CacheDir, Port: l.cfg.KafkaPort, Log: l.log,
	})
	return nameSetting("KAFKA_PORT", err)
}

// close stops the broker, then the database, each within its limit; without patience it kills them.
func (up *infra) close(patience context.Context) error {
	var errs []error
	if up.broker != nil {
		ctx, cancel := context.WithTimeout(patience, infraStopLimit)
		defer cancel()
		errs = append(errs, up.broker.Close(ctx))
	}
	if up.database != nil {
		ctx, cancel := context.WithTimeout(patience, infraStopLimit)
		defer cancel()
		errs = append(errs, up.database.Close(ctx))
	}
	return errors.Join(errs...)
}

func (up *infra) parts() map[string]<-chan struct{} {
	return map[string]<-chan struct{}{"PostgreSQL": up.database.Done(), "the broker": up.broker.Done()}
}

// checkPorts finds out before anything starts whether the services' ports are free.
func (l *launcher) checkPorts(ctx context.Context, services []service) error {
	if len(services) == 0 {
		return nil
	}
	for _, address := range l.cfg.addresses() {
		_, port := split(address.value)
		if err := ports.Await(ctx, port); err != nil {
			return nameSetting(address.setting, err)
		}
	}
	return nil
}

// nameSetting makes an error about a port one about the setting that chose the port.
func nameSetting(setting string, err error) error {
	if taken, ok := errors.AsType[*ports.TakenError](err); ok {
		return &settings.Error{
			Setting: setting, Problem: fmt.Sprintf("%s: stop that, or choose another port by %s", taken.Error(), setting), Err: err,
		}
	}
	return err
}
