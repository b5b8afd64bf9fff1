// group.go: the members of a failover group and their programs.

package group

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// Bounds of what a program and what the group may take.
const (
	ProgramIn = time.Minute
	AwaitIn   = 30 * time.Second
)

// Group is a failover group. Its servers share the passwords and the group
// signature.
type Group struct {
	network   *Network // nil: loopback
	signature string   // file
	members   []*Member
}

// Member is a server of a group. It is configured and not started.
type Member struct {
	*harness.Utdsd
	Name string // as the test calls it
	Host *Host  // nil on loopback
}

// New is a group without members. With a network each member gets a host of
// its own there, else a port of the loopback address.
func New(tb testing.TB, network *Network) *Group {
	tb.Helper()
	return &Group{network: network, signature: Signature(tb)}
}

// Signature makes a file with a group signature.
func Signature(tb testing.TB) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "gmSignature")
	if err := os.WriteFile(file, []byte(rand.Text()+"\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

// Add configures a server. The group's signature is used unless o names one.
func (g *Group) Add(tb testing.TB, name string, o harness.Options) *Member {
	tb.Helper()
	m := &Member{Name: name}
	if g.network != nil {
		m.Host = g.network.Join(tb)
		o.Place = m.Host
	}
	if o.Signature == "" {
		o.Signature = g.signature
	}
	o.Plain = true
	m.Utdsd = harness.NewUtdsd(tb, o)
	g.members = append(g.members, m)
	return m
}

// Members are all servers, in the order of their addition.
func (g *Group) Members() []*Member { return g.members }

// Address is the member's host:port, by which the others know it.
func (m *Member) Address() string { return m.Endpoint().Address }

// StoreFolder is the folder of the member's store.
func (m *Member) StoreFolder() string { return filepath.Dir(m.StoreFile()) }

// StoreFile is the member's store.
func (m *Member) StoreFile() string { return filepath.Join(m.Root, harness.StoreFile) }

// Ran is a program that has ended.
type Ran struct {
	Code     int
	Out, Err string
}

// Command prepares one of the project's programs on the member's root.
func (m *Member) Command(ctx context.Context, tb testing.TB, program string, args ...string) *exec.Cmd {
	tb.Helper()
	cmd := exec.CommandContext(ctx, harness.Binary(tb, program), append([]string{"-R", m.Root}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// Run runs one of the project's programs on the member's root, beside its
// server, to its end.
func (m *Member) Run(tb testing.TB, input, program string, args ...string) Ran {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), ProgramIn)
	defer cancel()
	cmd := m.Command(ctx, tb, program, args...)
	cmd.Stdin = strings.NewReader(input)
	return m.Finish(ctx, tb, cmd)
}

// Finish runs cmd beside the member's server and tells how it ended.
func (m *Member) Finish(ctx context.Context, tb testing.TB, cmd *exec.Cmd) Ran {
	tb.Helper()
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	start := cmd.Start
	if m.Host != nil {
		start = func() error { return m.Host.Start(cmd) }
	}
	err := start()
	if err == nil {
		err = cmd.Wait()
	}
	var exit *exec.ExitError
	if ctx.Err() != nil {
		tb.Errorf("%s did not end within %s", strings.Join(cmd.Args, " "), ProgramIn)
	} else if err != nil && !errors.As(err, &exit) {
		tb.Fatalf("run %s: %v", cmd.Path, err)
	}
	return Ran{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// Must is Run for a program that has to succeed; it gives its output.
func (m *Member) Must(tb testing.TB, program string, args ...string) string {
	tb.Helper()
	r := m.Run(tb, "", program, args...)
	if r.Code != 0 {
		tb.Fatalf("%s: %s %q: exit status %d\n%s%s", m.Name, program, args, r.Code, r.Out, r.Err)
	}
	return r.Out
}

// Check runs the server's own check of the store, which must not be served,
// and gives what it finds.
func (m *Member) Check(tb testing.TB) (problems string) {
	tb.Helper()
	if r := m.Run(tb, "", "utdsd", "-check"); r.Code != 0 {
		return r.Out + r.Err
	}
	return ""
}

// Signal sends a signal to the running server.
func (m *Member) Signal(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if err := syscall.Kill(m.Pid(), signal); err != nil {
		tb.Fatalf("%s: signal %s: %v", m.Name, signal, err)
	}
}

// Copy is what a dump of a member has: its entries and its position.
type Copy struct {
	Entries  string // LDIF without comments
	Position string // EPOCH.SEQ.HASH
}

var (
	commentLine  = regexp.MustCompile(`(?m)^#.*\n`)
	positionLine = regexp.MustCompile(`(?m)^# position ([0-9a-f]{32}\.[0-9a-f]{16}\.[0-9a-f]{32})$`)
)

// PositionOf finds the position in a dump, "" if there is none.
func PositionOf(dump string) string {
	if m := positionLine.FindStringSubmatch(dump); m != nil {
		return m[1]
	}
	return ""
}

// Dump reads the member's store, which may be served.
func (m *Member) Dump(tb testing.TB) Copy {
	tb.Helper()
	text := m.Must(tb, "utldbmcat", "-n", m.StoreFile())
	position := PositionOf(text)
	if position == "" {
		tb.Fatalf("%s: no position in the dump\n%.300s", m.Name, text)
	}
	return Copy{commentLine.ReplaceAllString(text, ""), position}
}

// Difference tells in what two copies differ: "" if in nothing.
func Difference(a, b Copy) string {
	if a.Entries != b.Entries {
		x, y := strings.Split(a.Entries, "\n"), strings.Split(b.Entries, "\n")
		dn := ""
		for i := range min(len(x), len(y)) {
			if x[i] != y[i] {
				return fmt.Sprintf("line %d of the dumps, in %q: %q and %q", i+1, dn, x[i], y[i])
			}
			if strings.HasPrefix(x[i], "dn:") {
				dn = x[i]
			}
		}
		return fmt.Sprintf("one dump has %d lines and the other %d", len(x), len(y))
	}
	if a.Position != b.Position {
		return fmt.Sprintf("the dumps are equal, the positions are not: %s and %s", a.Position, b.Position)
	}
	return ""
}
