package slapd

import (
	"os"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
