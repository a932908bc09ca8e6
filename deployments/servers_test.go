package deployments_test

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var (
	roleLine     = regexp.MustCompile(`(?m)^CREATE ROLE (\w+) LOGIN PASSWORD :'(\w+)';$`)
	databaseLine = regexp.MustCompile(`(?m)^CREATE DATABASE (\w+) OWNER (\w+);$`)
	getenvLine   = regexp.MustCompile(`(?m)^\\getenv (\w+) (\w+)$`)
)

// checkDatabases: each service's address names a server that is there, and the role, password and database that the
// init script makes on it.
func checkDatabases(d *deployment) (problems []string) {
	owners, passwords, variables := map[string]string{}, map[string]string{}, map[string]string{}
	for _, m := range databaseLine.FindAllStringSubmatch(d.initSQL, -1) {
		owners[m[1]] = m[2]
	}
	for _, m := range getenvLine.FindAllStringSubmatch(d.initSQL, -1) {
		variables[m[1]] = m[2]
	}
	for _, m := range roleLine.FindAllStringSubmatch(d.initSQL, -1) {
		passwords[m[1]] = d.env("postgres", variables[m[2]])
	}
	for _, name := range programs {
		u, err := url.Parse(d.env(name, "DATABASE_URL"))
		if err != nil {
			problems = append(problems, name+": "+err.Error())
			continue
		}
		role, database := u.User.Username(), strings.TrimPrefix(u.Path, "/")
		if u.Host != "postgres:5432" || owners[database] != role {
			problems = append(problems, fmt.Sprintf("%s: %s has no database %s of %s", name, u.Host, database, role))
		}
		if given, _ := u.User.Password(); given == "" || given != passwords[role] {
			problems = append(problems, name+": the password is not that of "+role)
		}
	}
	return problems
}

// listeners reads a list such as HOST://localhost:9092,CONTAINERS://kafka:19092.
func listeners(text string) map[string]string {
	found := map[string]string{}
	for item := range strings.SplitSeq(text, ",") {
		name, address, _ := strings.Cut(item, "://")
		found[name] = address
	}
	return found
}

// checkKafka: the broker listens where it sends its clients to, the services are among those, and all agree on a topic.
func checkKafka(d *deployment) (problems []string) {
	get := func(key string) string { return d.env("kafka", key) }
	listening, told := listeners(get("KAFKA_LISTENERS")), listeners(get("KAFKA_ADVERTISED_LISTENERS"))
	for _, name := range sortedNames(listening) {
		if !strings.Contains(","+get("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"), ","+name+":") {
			problems = append(problems, "listener "+name+" has no protocol")
		}
	}
	for _, name := range sortedNames(told) {
		_, port, err := net.SplitHostPort(told[name])
		if err != nil || listening[name] != ":"+port {
			problems = append(problems, fmt.Sprintf("%s is told as %s and listens at %s", name, told[name], listening[name]))
		}
	}
	if told[get("KAFKA_INTER_BROKER_LISTENER_NAME")] != "kafka:19092" || told["HOST"] == "" {
		problems = append(problems, "containers and the machine around them are to have a listener each")
	}
	controller := listening[get("KAFKA_CONTROLLER_LISTENER_NAMES")]
	if get("KAFKA_CONTROLLER_QUORUM_VOTERS") != get("KAFKA_NODE_ID")+"@kafka"+controller || controller == "" {
		problems = append(problems, "the voters are not this one node")
	}
	for _, name := range programs {
		if told[get("KAFKA_INTER_BROKER_LISTENER_NAME")] != d.env(name, "KAFKA_BROKERS") {
			problems = append(problems, name+" asks "+d.env(name, "KAFKA_BROKERS")+", which the broker does not tell of")
		}
	}
	if d.env("order_service", "KAFKA_TOPIC") != d.env("track_users", "KAFKA_TOPIC") {
		problems = append(problems, "the services are to use the same topic")
	}
	return problems
}

func sortedNames(listeners map[string]string) []string {
	names := make([]string, 0, len(listeners))
	for name := range listeners {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
