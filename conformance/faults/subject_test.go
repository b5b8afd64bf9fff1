// subject_test.go: the server that is broken: started plainly or under strace,
// killed, checked and read.

package faults

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	parent    = "utname=farm,o=v1," + harness.Suffix
	answersIn = 30 * time.Second // a start, also under strace
	endsIn    = 30 * time.Second
	clients   = 8
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// subject is a configured server with the ledgers of its clients.
type subject struct {
	*group.Member
	books   books
	program string // utdsd, or one that was spoilt on purpose
	changes int    // last number of the changelog when all ledgers were settled
	acked   int    // acknowledged changes at that time
	cmd     *exec.Cmd
	done    chan struct{}
	log     output
}

// output is written by a process and read by the test.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// newSubject configures a server and gives its clients empty ledgers. When the
// test fails, store, ledgers and log stay where FAULTS_KEEP says.
func newSubject(t testing.TB) *subject {
	t.Helper()
	return newSubjectOf(t, harness.Binary(t, "utdsd"))
}

// newSubjectOf is newSubject with another utdsd.
func newSubjectOf(t testing.TB, program string) *subject {
	t.Helper()
	dir := t.TempDir()
	s := &subject{Member: group.New(t, nil).Add(t, "subject", harness.Options{}), books: newBooks(t, dir, 1), program: program}
	t.Cleanup(func() { s.keep(t, dir) })
	t.Cleanup(func() { s.end(t, syscall.SIGKILL) })
	return s
}

// keep copies what is needed to understand a failure.
func (s *subject) keep(t testing.TB, ledgers string) {
	if !t.Failed() {
		return
	}
	t.Logf("log of the server:\n%s", s.log.String())
	dir := os.Getenv("FAULTS_KEEP")
	if dir == "" {
		return
	}
	dir = filepath.Join(dir, t.Name())
	for name, from := range map[string]string{"ledgers": ledgers, "root": s.Root} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(from)); err != nil {
			t.Errorf("keep %s: %v", name, err)
		}
	}
	t.Logf("kept in %s", dir)
}

// start starts the server, with words such as strace and its arguments before
// its command, and waits until it answers. False means that it ended first.
func (s *subject) start(t testing.TB, before ...string) bool {
	t.Helper()
	args := append(before, s.program, "-R", s.Root, "-H", s.Endpoint().URL, "-metrics", s.Metrics)
	s.cmd = exec.Command(args[0], args[1:]...)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if len(before) > 0 {
		s.cmd.Env = append(os.Environ(), "GOMAXPROCS=1") // strace counts calls by thread
	}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	s.done = done
	go func(cmd *exec.Cmd) {
		_ = cmd.Wait() // killed: the code tells nothing
		close(done)
	}(s.cmd)
	deadline := time.After(answersIn)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if answers(s.Member) {
			return true
		}
		select {
		case <-done:
			return false
		case <-deadline:
			t.Fatalf("no answer within %s\n%s", answersIn, s.log.String())
		case <-tick.C:
		}
	}
}

// answers tells whether a server binds anonymously: one that is being killed
// may still take connections.
func answers(m *group.Member) bool {
	c, err := m.Dial()
	if err != nil {
		return false
	}
	defer c.Close()
	c.SetTimeout(answerIn)
	return c.UnauthenticatedBind("") == nil
}

// end sends a signal to the server, and to strace if it runs under it, and
// waits until it is gone.
func (s *subject) end(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if s.cmd == nil {
		return
	}
	if err := syscall.Kill(-s.cmd.Process.Pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Errorf("signal %s: %v", signal, err)
	}
	s.gone(t)
}

// killTraced kills the server and leaves it to strace to write down what it knows
// of the calls in which it was, and to end.
func (s *subject) killTraced(t testing.TB) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Root, harness.PIDFile))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.gone(t)
}

// gone waits until the server has ended.
func (s *subject) gone(t testing.TB) {
	t.Helper()
	select {
	case <-s.done:
		s.cmd = nil
	case <-time.After(endsIn):
		t.Fatalf("the server does not end\n%s", s.log.String())
	}
}

// check runs the server's own check of the store, which must not be served.
func (s *subject) check(t testing.TB) {
	t.Helper()
	if p := s.Check(t); p != "" {
		t.Errorf("check: %s", p)
	}
}

// entries reads all entries of the workload.
func entries(t testing.TB, m *group.Member) []held {
	t.Helper()
	c, err := m.Bind()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.Search(ldap.NewSearchRequest(parent, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=utToken)", []string{"description", "utotherinfo", "utport"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	var list []held
	for _, e := range r.Entries {
		list = append(list, held{dn: e.DN, description: e.GetAttributeValues("description"),
			other: e.GetAttributeValues("utotherinfo"), port: e.GetAttributeValues("utport")})
	}
	return list
}

// lastChange is the number of the newest change in the changelog.
func (s *subject) lastChange(t testing.TB) int {
	t.Helper()
	n, err := s.Metric("utds_store_changelog_last_number")
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

// startLoad lets all clients write until finish, or until the server is gone.
func (s *subject) startLoad(t testing.TB, random *rand.Rand, allowed ...int) *load {
	t.Helper()
	return s.books.startLoad(t, s.Member, s.done, random, allowed...)
}

// verify compares the running server with the ledgers, settles them and counts
// the records of the changelog: one for each change that is there.
func (s *subject) verify(t testing.TB) {
	t.Helper()
	acked, pending := s.books.verify(t, entries(t, s.Member))
	done := acked - s.acked + pending
	last := s.lastChange(t)
	if last-s.changes != done {
		t.Errorf("%d changes are there and the changelog has %d records for them", done, last-s.changes)
	}
	s.changes, s.acked = last, acked
}
