// Package usersapi is generated from api/track_users.yaml: the requests and the types of the bodies, with no retries and
// no errors of its own. Package client is what to use.
package usersapi

//go:generate go tool oapi-codegen -config config.yaml ../../api/track_users.yaml
