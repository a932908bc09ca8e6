// Package api holds the documents of the HTTP APIs, as the services serve them, and of the topic between the two. The
// code of the HTTP servers is generated from theirs.
package api

import _ "embed"

// OrderService is order_service's API, OpenAPI 3.1 in YAML.
//
//go:embed order_service.yaml
var OrderService []byte

// TrackUsers is track_users' API, OpenAPI 3.1 in YAML.
//
//go:embed track_users.yaml
var TrackUsers []byte

// UserEvents is what travels on the topic, AsyncAPI 3.0 in YAML.
//
//go:embed user_events.asyncapi.yaml
var UserEvents []byte
