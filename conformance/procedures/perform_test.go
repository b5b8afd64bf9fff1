// perform_test.go: typing a script on its machines, with what happens around it.

package procedures

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
)

// play is what happens around the steps of a script. The names are those of the
// steps: HOST PROGRAM [OPTION].
type play struct {
	twice                  bool // every step is repeated
	before, instead, after map[string]func(step)
}

// perform runs every step of a script and gives what each printed at last.
func (f *farm) perform(t *testing.T, script string, p play) (printed map[string]string) {
	t.Helper()
	printed = map[string]string{}
	left := map[string]bool{}
	for _, hooks := range []map[string]func(step){p.before, p.instead, p.after} {
		for name := range hooks {
			left[name] = true
		}
	}
	for _, s := range readScript(t, script) {
		name := s.name()
		delete(left, name)
		if hook := p.before[name]; hook != nil {
			hook(s)
		}
		for again := range 2 {
			if again == 1 && !p.twice {
				break
			}
			if hook := p.instead[name]; hook != nil && again == 0 {
				hook(s)
				continue
			}
			printed[name] = f.enter(t, s, again == 1)
		}
		if hook := p.after[name]; hook != nil {
			hook(s)
		}
	}
	if len(left) > 0 {
		t.Errorf("%s has no steps %q", script, slices.Sorted(maps.Keys(left)))
	}
	return printed
}

// enter types a step. utconfig is for a terminal, because it asks.
func (f *farm) enter(t *testing.T, s step, again bool) string {
	t.Helper()
	m := f.machine(t, s.host)
	if s.command() == "utconfig" {
		m.setUp(t, s.text(), again)
		return ""
	}
	return m.must(t, s.text())
}

// meanwhile types a step and calls f while it runs; then the step has to succeed.
func (f *farm) meanwhile(t *testing.T, s step, do func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandIn)
	defer cancel()
	ended := make(chan error, 1)
	m := f.machine(t, s.host)
	go func() {
		out, err := m.command(ctx, s.text()).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%s: %s: %w\n%s", s.host, s.text(), err, out)
		}
		ended <- err
	}()
	do()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

// lose takes a machine away with its disk. Another one of the same host name, and
// with the same address, stands in its place, and nothing is on it but the programs.
func (f *farm) lose(t *testing.T, m *machine) {
	t.Helper()
	m.powerOff(t)
	m.newDisk(t, f.hosts)
	m.powerOn(t)
}

// carry copies a file to another machine, as an administrator does who takes care.
func carry(t *testing.T, from, to *machine, name string) {
	t.Helper()
	text, err := os.ReadFile(from.path(name))
	if err == nil {
		err = os.WriteFile(to.path(name), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
