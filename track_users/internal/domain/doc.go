// Package domain says what is counted and how a repeated, delayed or reordered record is told from a new one.
// It knows the standard library and the rules of names, and nothing of Kafka, PostgreSQL or HTTP.
package domain
