package sysmon

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// What becomes of the threads is shown with a server, in conformance/install: here the
// race detector begins threads of its own.

const tellEnv = "SYSMON_TEST_TELL"

// told is what this program tells of itself with tellEnv.
type told struct{ Args, Env []string }

func TestMain(m *testing.M) {
	if os.Getenv(tellEnv) == "" {
		os.Exit(m.Run())
	}
	if err := json.NewEncoder(os.Stdout).Encode(told{os.Args, os.Environ()}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestProgramIsTheSameWhenItIsExecutedAnew(t *testing.T) {
	args := []string{"-a", "", "two words", "a\nline", strings.Repeat("long ", 3000), ""}
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), tellEnv+"=1", "GOMAXPROCS=2", "MORE=x=y")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var is told
	if err := json.Unmarshal(out, &is); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if want := append([]string{os.Args[0]}, args...); !slices.Equal(is.Args, want) {
		t.Errorf("arguments: %q", is.Args)
	}
	want := cmd.Environ()
	slices.Sort(want)
	slices.Sort(is.Env)
	if !slices.Equal(is.Env, want) {
		t.Errorf("environment: %q\nwanted:      %q", is.Env, want)
	}
}
