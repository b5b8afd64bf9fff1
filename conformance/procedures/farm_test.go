// farm_test.go: three machines that are a failover group, and what is true of all
// of them when a procedure has succeeded.

package procedures

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	awaitIn    = time.Minute
	awaitEvery = 100 * time.Millisecond
)

// storeFile is the store of a machine.
const storeFile = "/var/opt/SUNWut/srds/dbm.ut/id2entry.dbb"

// farm is the group. Its clients are of one story.
type farm struct {
	prim, sec1, sec2 *machine
	dir              string // of the disks
	template         string // of the disks at the beginning of each story
	hosts            string // content of /etc/hosts
	users            []user
}

// status is what utreplica -l -j tells, as far as it is looked at here.
type status struct {
	Role        string
	Position    string
	LastChange  uint64 `json:"last_change"`
	Fenced      string
	Upstream    upstream
	Secondaries []group.Secondary
}

type upstream struct {
	group.Upstream
	Received uint64 `json:"refresh_received"`
}

func (f *farm) machines() []*machine { return []*machine{f.prim, f.sec1, f.sec2} }

// machine is the one of a name.
func (f *farm) machine(t *testing.T, name string) *machine {
	t.Helper()
	for _, m := range f.machines() {
		if m.name == name {
			return m
		}
	}
	t.Fatalf("no machine %s", name)
	return nil
}

// newFarm installs the programs, sets three machines up as a group whose store has
// users, and keeps their disks for the stories.
func newFarm(t *testing.T, users int) *farm {
	t.Helper()
	dir, err := os.MkdirTemp("", "procedures") // short: the path of a socket is below it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	programs := filepath.Join(dir, "installed")
	run(t, "make", "-C", "../..", "--no-print-directory", "install", "PROGRAMS="+filepath.Dir(harness.Binary(t, "utdsd")), "DESTDIR="+programs)
	f := &farm{dir: filepath.Join(dir, "disks"), template: filepath.Join(dir, "template"), hosts: "127.0.0.1 localhost\n", users: newUsers(users)}
	network := group.NewNetwork(t)
	join := func(name string) *machine {
		m := &machine{Host: network.Join(t), name: name, programs: filepath.Join(programs, "opt"), disk: filepath.Join(f.dir, name)}
		f.hosts += m.IP() + " " + name + "\n"
		m.Unplug(t, func() {}) // it is off
		t.Cleanup(func() { m.powerOff(t) })
		return m
	}
	f.prim, f.sec1, f.sec2 = join("prim"), join("sec1"), join("sec2")
	for _, m := range f.machines() {
		m.newDisk(t, f.hosts)
		m.powerOn(t)
		m.setUp(t, "utconfig", false)
	}
	if err := os.WriteFile(f.prim.path("/tmp/users"), []byte(lines(f.users)), 0o600); err != nil {
		t.Fatal(err)
	}
	f.prim.must(t, "utuser -f /tmp/users")
	f.prim.must(t, "utreplica -p sec1 sec2")
	f.sec1.must(t, "utreplica -s prim")
	f.sec2.must(t, "utreplica -s prim")
	for _, m := range f.machines() {
		m.must(t, "utstop; rm -f /tmp/users")
		m.powerOff(t)
	}
	run(t, "cp", "-a", f.dir, f.template)
	return f
}

// begin puts the farm back to where every story begins: the group is level.
func (f *farm) begin(t *testing.T) {
	t.Helper()
	for _, m := range f.machines() {
		m.powerOff(t)
	}
	if err := os.RemoveAll(f.dir); err != nil {
		t.Fatal(err)
	}
	run(t, "cp", "-a", f.template, f.dir)
	for _, m := range f.machines() {
		m.powerOn(t)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(f.state())
		}
	})
	f.awaitLevel(t, f.prim, f.sec1, f.sec2)
}

// status asks a machine.
func (m *machine) status() (s status, err error) {
	out, err := m.try("utreplica -l -j")
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal([]byte(out), &s)
}

// known is status that has to be told.
func (m *machine) known(t *testing.T) status {
	t.Helper()
	s, err := m.status()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// await looks at a machine again and again until its status is as wanted.
func (f *farm) await(t *testing.T, what string, m *machine, reached func(status) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), awaitIn)
	defer cancel()
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	for {
		s, err := m.status()
		if err == nil && reached(s) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %s: not within %s: %v", m.name, what, awaitIn, errors.Join(err, ctx.Err()))
		case <-tick.C:
		}
	}
}

// awaitLevel waits until some machines have everything of a primary that nobody
// writes to.
func (f *farm) awaitLevel(t *testing.T, primary *machine, others ...*machine) {
	t.Helper()
	want := primary.known(t).Position
	for _, m := range others {
		f.await(t, "level with "+primary.name, m, func(s status) bool { return s.Upstream.Connected && s.Position == want })
	}
}

// state is the state of all machines, for people who look for a fault.
func (f *farm) state() string {
	var b strings.Builder
	for _, m := range f.machines() {
		if m.first == nil {
			fmt.Fprintf(&b, "== %s has no power\n", m.name)
			continue
		}
		out, err := m.try("utreplica -l; tail -n 15 /var/opt/SUNWut/srds/log/utdsd.log; ls -l " + filepath.Dir(storeFile))
		fmt.Fprintf(&b, "== %s: %v\n%s", m.name, err, out)
	}
	return b.String()
}

// contents are the entries in a dump, and the position that it tells.
func contents(dump string) group.Copy {
	var c group.Copy
	var entries strings.Builder
	for line := range strings.Lines(dump) {
		if position, ok := strings.CutPrefix(line, "# position "); ok {
			c.Position = strings.TrimSpace(position)
		}
		if !strings.HasPrefix(line, "#") {
			entries.WriteString(line)
		}
	}
	c.Entries = entries.String()
	return c
}

// same holds all machines to one content: utuser lists the same, the dumps and the
// positions are equal, and after a stop the stores are good. It gives the list.
func (f *farm) same(t *testing.T) string {
	t.Helper()
	var lists [3]string
	var dumps [3]group.Copy
	var wait sync.WaitGroup
	for i, m := range f.machines() {
		wait.Go(func() {
			list, err := m.try("/opt/SUNWut/sbin/utuser -l")
			lists[i] = list
			text, fault := m.try("/opt/SUNWut/srds/lib/utldbmcat -n " + storeFile)
			dumps[i] = contents(text)
			_, bad := m.try("utstop && utdsd -check")
			if err := errors.Join(err, fault, bad); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for i, m := range f.machines()[1:] {
		if lists[i+1] != lists[0] {
			t.Errorf("utuser -l on %s differs from that on prim", m.name)
		}
		if d := group.Difference(dumps[0], dumps[i+1]); d != "" || dumps[0].Position == "" {
			t.Errorf("%s and prim: %s", m.name, d)
		}
	}
	return lists[0]
}

// run runs a program on this machine.
func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}
