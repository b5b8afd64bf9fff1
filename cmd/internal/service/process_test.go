package service

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

func TestProcessIsKnownUntilItEnds(t *testing.T) {
	// A name that looks like the fields behind it.
	program := filepath.Join(t.TempDir(), "a) Z 1 (b")
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(sleep)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, data, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p, err := newProcess(cmd.Process.Pid)
	if err != nil || p == nil || p.name != "a) Z 1 (b" {
		t.Fatalf("%+v, %v", p, err)
	}
	if !p.alive() {
		t.Error("it has ended at once")
	}
	if later := (&process{p.pid, p.name, p.since + "0"}); later.alive() || later.kill() != nil || !p.alive() {
		t.Error("another process with its id is taken for it")
	}
	if err := p.terminate(); err != nil {
		t.Error(err)
	}
	if !p.awaitEnd(killWithin) { // nobody has waited for it: it is a zombie
		t.Error("it is not seen to end")
	}
	_ = cmd.Wait()
	if p, err := newProcess(cmd.Process.Pid); p != nil || err != nil {
		t.Errorf("%+v, %v after its end", p, err)
	}
}

func TestStoreTellsWhoseServerAProcessIs(t *testing.T) {
	paths, err := site.NewPaths(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := paths.MakeFolders(); err != nil {
		t.Fatal(err)
	}
	s := Service{Paths: paths, Out: os.Stderr}
	has := func() bool { return s.hasStore(os.Getpid()) }
	if has() {
		t.Error("there is no store")
	}
	f, err := os.Create(paths.Store)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !has() {
		t.Error("open, and not seen")
	}
	if err := os.Remove(paths.Store); err != nil {
		t.Fatal(err)
	}
	if !has() {
		t.Error("removed while it is open, and not seen")
	}
	if err := os.WriteFile(paths.Store, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if !has() {
		t.Error("replaced while it is open, and not seen")
	}
	f.Close()
	if has() {
		t.Error("closed, and still seen")
	}
}

func TestReasonIsTheSentenceOfTheServer(t *testing.T) {
	for text, want := range map[string]string{
		"": "does not say why",
		"time=x level=INFO msg=a\nutdsd: it is full; make room\ntime=x level=WARN msg=b\n": "it is full; make room",
		"panic: x\n\ngoroutine 1\n": "goroutine 1",
	} {
		log, err := os.Create(filepath.Join(t.TempDir(), "log"))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(log, "utdsd: of an earlier start\n")
		begin := int64(len("utdsd: of an earlier start\n"))
		fmt.Fprint(log, text)
		if got := reason(log, begin); got != want && !strings.HasSuffix(got, want) {
			t.Errorf("%q: %q", text, got)
		}
		log.Close()
	}
}
