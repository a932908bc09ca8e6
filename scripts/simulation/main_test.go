package simulation

import (
	"flag"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain sets how much is tried, for who does not say so on the command line.
func TestMain(m *testing.M) {
	for setting, value := range map[string]string{"rapid.checks": "5000", "rapid.steps": "60"} {
		if err := flag.Set(setting, value); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		_, _ = os.Stderr.WriteString(err.Error() + "\n")
		code = 1
	}
	os.Exit(code)
}
