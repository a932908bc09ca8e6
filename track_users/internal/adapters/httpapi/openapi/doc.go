// Package openapi is generated from api/track_users.yaml: the server's interface, and the types of its bodies.
package openapi

//go:generate go tool oapi-codegen -config config.yaml ../../../../../api/track_users.yaml
