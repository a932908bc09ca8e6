// Package simulation is a test of the whole protocol: the services' own logic for sending and receiving runs against
// models of the databases and of Kafka, and a seeded scheduler decides what happens next: who goes on, what fails, what
// is lost. What always holds is held against the models after each step.
//
// Each process is a coroutine that stops at every port. So a history is the same each time it is drawn again, and a
// failing one is shrunk to a small one (pgregory.net/rapid). Run more of them with
//
//	go test ./scripts/simulation -rapid.checks=100000
package simulation
