// Package openapi is generated from api/order_service.yaml: the server's interface, and the types of its bodies.
package openapi

//go:generate go tool oapi-codegen -config config.yaml ../../../../../api/order_service.yaml
