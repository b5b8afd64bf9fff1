package replica

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
)

// groupStore is the model with what a group needs besides.
type groupStore struct {
	*modelStore
	mu        sync.Mutex
	promoted  int
	confirmed uint64
}

func (s *groupStore) Epochs() []schema.Epoch           { return s.now().epochs }
func (s *groupStore) Following() bool                  { return false }
func (s *groupStore) Subscribe(chan<- struct{}) func() { return func() {} }
func (s *groupStore) Promote(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.promoted++
	return nil
}
func (s *groupStore) Confirmed(seq uint64) { s.mu.Lock(); defer s.mu.Unlock(); s.confirmed = seq }
func (s *groupStore) figures() (promoted int, seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.promoted, s.confirmed
}

// testGroup is a group whose members do not answer.
type testGroup struct {
	*Group
	store *groupStore
	saved []Role
	fail  error // of SaveRole
}

func newTestGroup(t *testing.T, role Role, e byte, changes uint64) *testGroup {
	t.Helper()
	g := &testGroup{store: &groupStore{modelStore: newModelStore(e, 0)}}
	for n := range changes {
		g.store.state = g.store.state.change(schema.ChangeModify, modelView(1, "o=utdata", "description: "+strconv.Itoa(int(n))))
	}
	definitions, err := schema.Default()
	if err != nil {
		t.Fatal(err)
	}
	g.Group, err = NewGroup(role, GroupOptions{
		Store: g.store, Schema: definitions, Suffix: "o=utdata", Host: "prim", Port: "7012", Folder: t.TempDir(),
		Signature: func() string { return "0123456789" },
		SaveRole:  func(r Role) error { g.saved = append(g.saved, r); return g.fail },
		Resolve:   func(context.Context, string) ([]string, error) { return nil, errors.New("no such host") },
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestWhoMayFollowDependsOnTheRole(t *testing.T) {
	hello := MemberHello{Host: "sec1", Port: "7012"}
	for _, c := range []struct {
		role Role
		want Outcome
	}{
		{Role{Kind: RoleNone}, NotProvider},
		{Role{Kind: RolePrimary, Members: []string{"sec1"}}, 0},
		{Role{Kind: RolePrimary, Members: []string{"sec2"}}, NotListed},
		{Role{Kind: RoleSecondary, Members: []string{"prim"}}, 0}, // feeds others
	} {
		if got := newTestGroup(t, c.role, 'a', 3).admit(hello, "192.0.2.1:4000"); got != c.want {
			t.Errorf("%+v: %v, want %v", c.role, got, c.want)
		}
	}
}

// quiet takes what a provider sends and wants to hear when it is there.
type quiet struct {
	schema.SyncReceiver
	met chan struct{}
}

func (q quiet) Intermediate(oid string, _ []byte) {
	if oid == OIDOutcome {
		close(q.met)
	}
}
func (q quiet) Flush() error { return nil }

func TestMembersAreSentAwayWhenTheRoleHasNoPlaceForThem(t *testing.T) {
	g := newTestGroup(t, Role{Kind: RolePrimary, Members: []string{"127.0.0.1:1", "127.0.0.1:2"}}, 'a', 3)
	ctx := t.Context()
	if err := g.Start(ctx); err != nil {
		t.Fatal(err)
	}
	defer g.Stop()
	follow := func(port string) <-chan error {
		hello := MemberHello{Host: "127.0.0.1", Port: port, Version: MemberVersion, Position: g.store.Position(), Epochs: g.store.Epochs()}
		everything := &schema.Search{Scope: schema.ScopeSub,
			Filter: &schema.Filter{Nodes: []schema.FilterNode{{Kind: schema.FilterPresent, End: 1, Attr: []byte("objectClass")}}}}
		out, ended := quiet{met: make(chan struct{})}, make(chan error, 1)
		go func() {
			_, err := g.Sync(ctx, &schema.SyncRequest{Mode: schema.SyncRefreshAndPersist, Peer: "127.0.0.1:4000", Member: hello.Encode(), Search: everything}, out)
			ended <- err
		}()
		select {
		case <-out.met:
		case err := <-ended:
			t.Fatalf("member on port %s: %v", port, err)
		}
		return ended
	}
	one, two := follow("1"), follow("2")
	if err := g.SetRole(ctx, Role{Kind: RolePrimary, Members: []string{"127.0.0.1:2"}}); err != nil {
		t.Fatal(err)
	}
	if err := <-one; !errors.Is(err, errMoved) {
		t.Errorf("a member that is not listed any more: %v", err)
	}
	select {
	case err := <-two:
		t.Fatalf("a member that is still listed was sent away: %v", err)
	default:
	}
	if err := g.SetRole(ctx, Role{Kind: RoleNone}); err != nil {
		t.Fatal(err)
	}
	if err := <-two; !errors.Is(err, errMoved) {
		t.Errorf("a member of a server that leads nobody: %v", err)
	}
}

func TestAConfirmationLetsTheLogBeTrimmed(t *testing.T) {
	g := newTestGroup(t, Role{Kind: RolePrimary, Members: []string{"sec1", "sec2"}}, 'a', 9)
	confirm := func(host string, seq uint64) {
		t.Helper()
		p := g.store.Position()
		p.Seq = seq
		c := Confirmation{Host: host, Port: "7012", Position: p}
		if err := g.Confirm(c.Encode(), "192.0.2.1:4000"); err != nil {
			t.Fatal(err)
		}
	}
	confirm("sec1", 7)
	if _, seq := g.store.figures(); seq != 0 {
		t.Errorf("sec2 has confirmed nothing, and the log may go up to %d", seq)
	}
	confirm("sec2", 4)
	if _, seq := g.store.figures(); seq != 4 {
		t.Errorf("the log may go up to %d, want 4", seq)
	}
	if err := g.Confirm([]byte("{"), "192.0.2.1:4000"); err == nil {
		t.Error("a broken confirmation was taken")
	}
}

func TestARoleIsWrittenDownBeforeItCounts(t *testing.T) {
	g := newTestGroup(t, Role{Kind: RoleNone}, 'a', 3)
	ctx := t.Context()
	if err := g.Start(ctx); err != nil {
		t.Fatal(err)
	}
	defer g.Stop()
	g.fail = errors.New("the disk is full")
	if err := g.SetRole(ctx, Role{Kind: RolePrimary, Members: []string{"127.0.0.1:1"}}); !errors.Is(err, g.fail) || g.Role().Kind != RoleNone {
		t.Errorf("%v, role %s", err, g.Role().Kind)
	}
	g.fail = nil
	if err := g.SetRole(ctx, Role{Kind: RolePrimary, Members: []string{"127.0.0.1:1"}}); err != nil || g.Role().Kind != RolePrimary {
		t.Fatalf("%v, role %s", err, g.Role().Kind)
	}
	if promoted, seq := g.store.figures(); promoted != 1 || seq != 0 {
		t.Errorf("promoted %d times, the log may go up to %d", promoted, seq)
	}
	if r := g.Fence(); r != nil { // waits for the members' silence
		t.Errorf("a primary whose members are away takes no writes: %v", r)
	}
	err := g.SetRole(ctx, Role{Kind: RoleSecondary, Members: []string{"127.0.0.1:1"}, Adopt: true})
	if err == nil || !strings.Contains(err.Error(), "utreplica -u") {
		t.Errorf("a primary became a secondary by a slip: %v", err)
	}
	if err := g.SetRole(ctx, Role{Kind: RoleNone}); err != nil {
		t.Fatal(err)
	}
	err = g.SetRole(ctx, Role{Kind: RoleSecondary, Members: []string{"127.0.0.1:1"}, Adopt: true})
	if err == nil || !strings.Contains(err.Error(), "nothing was changed") || g.Role().Kind != RoleNone {
		t.Errorf("a primary that is not there: %v, role %s", err, g.Role().Kind)
	}
	if _, seq := g.store.figures(); seq != math.MaxUint64 {
		t.Errorf("without secondaries the log may go up to %d", seq)
	}
}

func TestAnAdministratorsWordCountsOnce(t *testing.T) {
	role := Role{Kind: RoleSecondary, Members: []string{"prim2"}, Adopt: true}
	g := newTestGroup(t, role, 'a', 3)
	g.adopted(Role{Kind: RoleSecondary, Members: []string{"other"}, Adopt: true}) // of a role that is gone
	if len(g.saved) != 0 {
		t.Errorf("saved %+v", g.saved)
	}
	g.adopted(role)
	g.adopted(role)
	if len(g.saved) != 1 || g.saved[0].Adopt || g.Role().Adopt {
		t.Errorf("saved %+v, role %+v", g.saved, g.Role())
	}
}

// laterStatus is that of a member which has gone on in epoch b from change 2 of
// the group's store.
func laterStatus(g *testGroup, kind RoleKind) Status { return laterStatusFrom(g, kind, 2) }

// laterStatusFrom is laterStatus of a server that was promoted after change seq.
func laterStatusFrom(g *testGroup, kind RoleKind, seq uint64) Status {
	at := g.store.Position()
	at.Seq = seq
	if hash, ok := (held{g.store.now()}).HashAt(seq); ok {
		at.Hash = hash
	}
	next := position('b', 8, 8)
	return Status{Role: kind, Position: next.String(), Epochs: append(g.store.Epochs(),
		schema.Epoch{ID: next.Epoch, Kind: schema.EpochPromoted, From: at.String()})}
}

func TestAPrimaryThatWasReplacedIsFencedAndKeepsItsChanges(t *testing.T) {
	role := Role{Kind: RolePrimary, Members: []string{"sec1", "sec2"}}
	g := newTestGroup(t, role, 'a', 5)
	g.fence.pass()
	g.compare("sec1", Status{Role: RolePrimary, Position: g.store.Position().String(), Epochs: g.store.Epochs()})
	g.compare("sec1", laterStatus(g, RoleSecondary)) // somebody loaded a dump there: not level with anybody
	if r := g.Fence(); r != nil {
		t.Fatalf("fenced: %v", r)
	}
	g.compare("sec1", laterStatus(g, RolePrimary))
	r := g.Fence()
	if r == nil || r.Code != schema.UnwillingToPerform || !strings.Contains(r.Diagnostic, "utreplica -s sec1") {
		t.Fatalf("%+v", r)
	}
	if strings.Contains(r.Diagnostic, g.opts.Folder) {
		t.Errorf("clients are told a path: %s", r.Diagnostic)
	}
	if got := g.admit(MemberHello{Host: "sec2", Port: "7012"}, "192.0.2.1:4000"); got != NotProvider {
		t.Errorf("a fenced primary feeds: %v", got)
	}
	files, err := filepath.Glob(filepath.Join(g.opts.Folder, "lost-*.ldif"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil || strings.Count(string(text), "\ndn: ") != 3 { // changes 3 to 5
		t.Errorf("%v\n%s", err, text)
	}
	if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	s, err := g.Status()
	if err != nil || !strings.Contains(s.Fenced, files[0]) {
		t.Errorf("%v: %q", err, s.Fenced)
	}
}

func TestAPrimaryThatWasReplacedAndHasNothingOfItsOwnKeepsNothing(t *testing.T) {
	g := newTestGroup(t, Role{Kind: RolePrimary, Members: []string{"sec1"}}, 'a', 5)
	g.fence.pass()
	g.compare("sec1", laterStatusFrom(g, RolePrimary, 5))
	if r := g.Fence(); r == nil {
		t.Error("not fenced")
	}
	files, err := filepath.Glob(filepath.Join(g.opts.Folder, "*"))
	if err != nil || len(files) != 0 {
		t.Errorf("%v, %v", files, err)
	}
}

func TestALevelSecondaryOfAnotherPrimaryFencesToo(t *testing.T) {
	g := newTestGroup(t, Role{Kind: RolePrimary, Members: []string{"sec1"}}, 'a', 5)
	g.fence.pass()
	s := laterStatus(g, RoleSecondary)
	s.Upstream = &UpstreamStatus{Address: "prim2", Level: true}
	g.compare("sec1", s)
	if r := g.Fence(); r == nil || !strings.Contains(r.Diagnostic, "utreplica -s prim2") {
		t.Errorf("%+v", r)
	}
}

func TestRolesAreChangedByWayOfNone(t *testing.T) {
	none := Role{Kind: RoleNone}
	prim := Role{Kind: RolePrimary, Members: []string{"a"}}
	sec := Role{Kind: RoleSecondary, Members: []string{"p"}}
	for _, c := range []struct {
		old, next Role
		ok        bool
	}{
		{none, prim, true}, {none, sec, true}, {prim, none, true}, {sec, none, true}, {none, none, true},
		{prim, Role{Kind: RolePrimary, Members: []string{"a", "b"}}, true},
		{sec, Role{Kind: RoleSecondary, Members: []string{"p:7012"}, Adopt: true}, true},
		{sec, Role{Kind: RoleSecondary, Members: []string{"q"}}, false},
		{prim, sec, false}, {sec, prim, false},
		{none, Role{Kind: RoleSecondary}, false},
	} {
		if err := MayBecome(c.old, c.next); (err == nil) != c.ok {
			t.Errorf("%+v to %+v: %v", c.old, c.next, err)
		}
	}
}
