// Command track_users counts, per user, exactly how many orders were placed, and tells the counts over HTTP.
package main

import (
	"os"

	"ordertrack/shared/service"
	"ordertrack/track_users/internal/wiring"
)

func main() {
	os.Exit(service.Main("track_users", "counts how many orders each user has placed", wiring.Module))
}
