// Package api holds the documents of the HTTP APIs, as the services serve them. The code of their servers is generated
// from them.
package api

import _ "embed"

// OrderService is order_service's API, OpenAPI 3.1 in YAML.
//
//go:embed order_service.yaml
var OrderService []byte
