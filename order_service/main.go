// Command order_service takes orders over HTTP, stores them, and tells Kafka about each.
package main

import (
	"os"

	"ordertrack/order_service/internal/wiring"
	"ordertrack/shared/service"
)

func main() {
	os.Exit(service.Main("order_service", "takes orders over HTTP and tells Kafka about each", wiring.Module, wiring.NewLog()))
}
