package broker

import (
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/google/uuid"

	"ordertrack/scripts/localstack/ports"
	"ordertrack/scripts/localstack/process"
)

//go:embed log4j2.properties
var log4jProperties []byte

// properties configure one node that is broker and controller (KRaft). The quorum is static, so that its port may be
// another one at each start. The short session lets a killed broker come back at once: until the session of the one
// before has ended, the controller refuses it. Internal topics are kept small: the first consumer group waits for them.
const properties = `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:%[2]d
listeners=PLAINTEXT://127.0.0.1:%[1]d,CONTROLLER://127.0.0.1:%[2]d
advertised.listeners=PLAINTEXT://127.0.0.1:%[1]d
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=%[3]s
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
default.replication.factor=1
min.insync.replicas=1
`

// prepareApache gets the jars and formats the storage of a new node.
func (b *Broker) prepareApache(ctx context.Context) error {
	if err := ApacheAvailable(ctx); err != nil {
		return err
	}
	cache := b.opts.CacheDir
	if cache == "" {
		cache = b.dir
	}
	jars, err := fetchJars(ctx, cache, b.log)
	if err != nil {
		return err
	}
	b.jars = jars
	if err := os.WriteFile(b.file("log4j2.properties"), log4jProperties, 0o600); err != nil {
		return fmt.Errorf("write logging configuration: %w", err)
	}
	if _, err := os.Stat(filepath.Join(b.file("data"), "meta.properties")); err == nil {
		return nil
	}
	return b.format(ctx)
}

func (b *Broker) format(ctx context.Context) error {
	if err := b.writeProperties(ctx); err != nil {
		return err
	}
	id, err := b.clusterID()
	if err != nil {
		return err
	}
	args := b.java("kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", id, "-c", b.file("server.properties"))
	return process.Run(ctx, process.Spec{Name: "format storage", Path: javaPath(), Args: args, OnParentDeath: syscall.SIGKILL})
}

// clusterID is made once and kept beside the data: it has to be the same when formatting is tried again.
func (b *Broker) clusterID() (string, error) {
	kept, err := os.ReadFile(b.file("cluster-id"))
	if err == nil {
		return strings.TrimSpace(string(kept)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read cluster id: %w", err)
	}
	id := "-"
	for strings.HasPrefix(id, "-") { // the tool would take it for an option
		random := uuid.New()
		id = base64.RawURLEncoding.EncodeToString(random[:])
	}
	if err := os.WriteFile(b.file("cluster-id"), []byte(id+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep cluster id: %w", err)
	}
	return id, nil
}

func (b *Broker) writeProperties(ctx context.Context) error {
	controller, err := ports.Free(ctx)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(properties, b.port, controller, b.file("data"))
	if err := os.WriteFile(b.file("server.properties"), []byte(text), 0o600); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}

func (b *Broker) startApache(ctx context.Context, output io.Writer) (*process.Process, error) {
	if err := b.writeProperties(ctx); err != nil {
		return nil, err
	}
	// Killed rather than asked when the parent dies: it would hold the port and the data for seconds, and what it
	// acknowledged is with the operating system.
	return process.Start(process.Spec{
		Name: "Apache Kafka", Path: javaPath(), Args: b.java("kafka.Kafka", b.file("server.properties")), Dir: b.dir,
		Output: output, OnParentDeath: syscall.SIGKILL,
	})
}

// java are the arguments to run a class of Kafka. The serial collector and, unless told otherwise, the first compiler
// alone suit a small machine: with them it starts a third sooner.
func (b *Broker) java(class string, args ...string) []string {
	options := []string{
		"-Xmx512m", "-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError",
		"-Djava.awt.headless=true",
		"-Dlog4j2.configurationFile=" + b.file("log4j2.properties"),
	}
	if !b.opts.FullJIT {
		options = append(options, "-XX:TieredStopAtLevel=1")
	}
	return slices.Concat(options, []string{"-cp", filepath.Join(b.jars, "*"), class}, args)
}

func (b *Broker) file(name string) string { return filepath.Join(b.dir, name) }
