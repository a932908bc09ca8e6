// Package ordersapi is generated from api/order_service.yaml: the requests and the types of the bodies, with no retries
// and no errors of its own. Package client is what to use.
package ordersapi

//go:generate go tool oapi-codegen -config config.yaml ../../api/order_service.yaml
