package audit_test

import (
	"testing"

	"ordertrack/scripts/localstack/testenv"
)

func TestMain(m *testing.M) { testenv.Main(m) }
