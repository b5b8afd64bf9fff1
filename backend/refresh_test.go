package backend_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// follower serves a store that follows another.
type follower struct {
	testing.TB
	*backend.Served
	path   string
	schema *schema.Schema
}

func newFollower(t testing.TB, o backend.Options) *follower {
	t.Helper()
	path := filepath.Join(t.TempDir(), "dbm.ut", "id2entry.dbb")
	o.Create, o.Indexes, o.Schema = true, indexes, storetest.Schema(t)
	return &follower{t, storetest.Serve(t, path, o), path, o.Schema}
}

// now is the current store with what tests do to it; it must be replaced no
// more.
func (f *follower) now() *member {
	return &member{&world{f, backend.Current(f.Served), f.schema}, f.path}
}

// contentOf says what the content of m is.
func contentOf(m *member) backend.RefreshOptions {
	return backend.RefreshOptions{Position: m.Position(), Epochs: m.Epochs(), ContextCSN: m.ContextCSN()}
}

// refreshes gives the follower the content of m, and waits until the old store
// is retired.
func (f *follower) refreshes(m *member) {
	f.Helper()
	switched := make(chan struct{})
	if err := f.Refresh(context.Background(), strings.NewReader(m.dump()), contentOf(m), func() { close(switched) }); err != nil {
		f.Fatal(err)
	}
	<-switched
}

// keeps wants that Refresh fails, and has replaced nothing.
func (f *follower) keeps(src io.Reader, o backend.RefreshOptions, want error) error {
	f.Helper()
	before, position, store := dumpHeld(f, f.path, f), f.Position(), backend.Current(f.Served)
	err := f.Refresh(context.Background(), src, o, func() { f.Error("switched") })
	if want != nil && !errors.Is(err, want) || err == nil {
		f.Errorf("refresh: %v, want %v", err, want)
	}
	if backend.Current(f.Served) != store || f.Position() != position || dumpHeld(f, f.path, f) != before {
		f.Errorf("a refresh that failed (%v) has replaced something", err)
	}
	if _, err := os.Lstat(f.path + ".load"); !errors.Is(err, os.ErrNotExist) {
		f.Errorf("what a failed refresh leaves: %v", err)
	}
	return err
}

// newProvider has some entries and a changelog.
func newProvider(t testing.TB, persons int) *member {
	t.Helper()
	m := newMember(t, backend.Options{})
	m.must(add(suffix, "objectClass: organization", "o: utdata"))
	m.must(add(people, "objectClass: organizationalUnit"))
	m.fill(persons)
	m.must(remove("cn=user000000," + people)) // the newest CSN is of no entry
	return m
}

func TestRefreshTakesTheWholeContentOver(t *testing.T) {
	primary := newProvider(t, 200)
	f := newFollower(t, backend.Options{})
	f.now().must(add(suffix, "objectClass: organization", "description: another"))
	id := f.ID()
	wake := make(chan struct{}, 1)
	defer f.Subscribe(wake)()
	before, err := os.Stat(f.path)
	if err != nil {
		t.Fatal(err)
	}
	f.refreshes(primary)
	<-wake
	f.now().equals(primary)
	if !f.Following() || f.Fresh() || f.SyncCookie() != "" || f.ID() != id || f.Suffix() != suffix || f.Stats().Entries != primary.Stats().Entries {
		t.Errorf("following %v, fresh %v, cookie %q, store %v (was %v), %d entries", f.Following(), f.Fresh(), f.SyncCookie(), f.ID(), id, f.Stats().Entries)
	}
	previous, err := os.Stat(f.path + ".previous")
	if err != nil || !os.SameFile(before, previous) {
		t.Errorf("the old store is not kept: %v", err)
	}
	h, err := f.Hold()
	if err != nil {
		t.Fatal(err)
	}
	seq, ok := h.SeqOfCSN(primary.ContextCSN())
	if at, known := h.HashAt(primary.Position().Seq); !ok || seq != primary.Position().Seq || !known || at != primary.Position().Hash {
		t.Errorf("an empty changelog knows %d, %v", seq, at)
	}
	h.Release()
	primary.must(person("later"))
	if err := f.ApplyBatch(context.Background(), primary.since(f.Position())); err != nil {
		t.Fatal(err)
	}
	f.now().equals(primary)
	storetest.CloseServed(t, f.Served)
	f.Served = storetest.Serve(t, f.path, backend.Options{Indexes: indexes})
	f.now().equals(primary)
}

// TestNamesOfAnImportKeepTheirSpelling renames in a store whose entries spell
// the names above them in different ways, and wants the copy to do the same.
func TestNamesOfAnImportKeepTheirSpelling(t *testing.T) {
	s := newLoadPlace(t)
	s.load("dn: o=utdata\nobjectClass: organization\n\n" +
		"dn: OU=A , O=UTData\nobjectClass: organizationalUnit\nou: a\n\n" +
		"dn: ou=B,oU=a,o=utdata\nobjectClass: organizationalUnit\nou: b\n\n" +
		"dn: cn=X, Ou=b, OU=\\41,o=UTDATA\nobjectClass: person\ncn: x\nsn: x\n\n" +
		"dn: cn=Y,ou=b,ou=a,o=utdata\nobjectClass: person\ncn: y\nsn: y\n\n" +
		"dn: ou=z,O=utdata\nobjectClass: organizationalUnit\n")
	primary := &member{&world{t, s.open(), storetest.Schema(t)}, s.path}
	f := newFollower(t, backend.Options{})
	f.refreshes(primary)
	f.now().equals(primary)
	for _, changes := range [][]*schema.Change{
		{rename("ou=a,o=utdata", "ou=Aa")},
		{replace("ou=b,ou=aa,o=utdata", "description", "listed too"), rename("ou=aa,o=utdata", "ou=A")},
		{move("ou=b,ou=a,o=utdata", "ou=b", "ou=z,o=utdata"), rename("ou=z,o=utdata", "ou=Zz"), rename("ou=zz,o=utdata", "ou=z")},
		{move("ou=b,ou=z,o=utdata", "ou=t", "o=utdata"), move("ou=z,o=utdata", "ou=b", "ou=t,o=utdata"), rename("ou=t,o=utdata", "ou=z")},
	} {
		for _, c := range changes {
			primary.must(c)
		}
		if err := f.ApplyBatch(context.Background(), primary.since(f.Position())); err != nil {
			t.Fatal(err)
		}
		f.now().equals(primary)
	}
}

func TestRefreshThatFailsReplacesNothing(t *testing.T) {
	primary := newProvider(t, 50)
	f := newFollower(t, backend.Options{})
	f.now().must(add(suffix, "objectClass: organization", "description: another"))
	text, o := primary.dump(), contentOf(primary)
	broken := errors.New("the connection is broken")
	with := func(change func(o *backend.RefreshOptions)) backend.RefreshOptions {
		changed := contentOf(primary)
		change(&changed)
		return changed
	}
	var problem *backend.LoadProblem
	for _, c := range []struct {
		what string
		src  io.Reader
		o    backend.RefreshOptions
		want error
	}{
		{"another hash", strings.NewReader(text), with(func(o *backend.RefreshOptions) { o.Position.Hash[0]++ }), backend.ErrHash},
		{"an entry missing", strings.NewReader(text[:strings.LastIndex(text, "dn: ")] + text[strings.LastIndex(text, "# end"):]), o, nil},
		{"an entry changed", strings.NewReader(strings.Replace(text, "sn: user", "sn: uses", 1)), o, backend.ErrHash},
		{"nothing", strings.NewReader(""), o, backend.ErrHash},
		{"a broken connection", io.MultiReader(strings.NewReader(text[:len(text)/2]), errReader{broken}), o, broken},
		{"no LDIF", strings.NewReader("hello\n\nworld\n"), o, nil},
		{"history of another epoch", strings.NewReader(text), with(func(o *backend.RefreshOptions) { o.Position.Epoch = strings.Repeat("0", 32) }), backend.ErrStructure},
		{"no history", strings.NewReader(text), with(func(o *backend.RefreshOptions) { o.Epochs = nil }), backend.ErrStructure},
		{"a CSN that is none", strings.NewReader(text), with(func(o *backend.RefreshOptions) { o.ContextCSN = "now" }), backend.ErrStructure},
		{"another place", strings.NewReader(text), with(func(o *backend.RefreshOptions) { o.From = primary.Position() }), backend.ErrPosition},
	} {
		t.Log(c.what)
		err := f.keeps(c.src, c.o, c.want)
		if c.want == nil && !errors.As(err, &problem) {
			t.Errorf("%v is no problem of the input", err)
		}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(broken)
	if err := f.Refresh(ctx, strings.NewReader(text), o, nil); !errors.Is(err, broken) {
		t.Errorf("cancelled: %v", err)
	}
	f.now().must(add(people, "objectClass: organizationalUnit")) // changes go on
	f.refreshes(primary)
	f.now().equals(primary)
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// atEnd is read to its end, where f is called.
func atEnd(text string, f func()) io.Reader {
	return io.MultiReader(strings.NewReader(text), readerFunc(func([]byte) (int, error) { f(); return 0, io.EOF }))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestChangesDuringARefreshAreNotLost(t *testing.T) {
	primary := newProvider(t, 20)
	f := newFollower(t, backend.Options{})
	f.refreshes(primary)
	for what, change := range map[string]func(){
		"an own change": func() { f.now().must(person("own")) },
		"a promotion": func() {
			if err := f.Promote(context.Background()); err != nil {
				t.Error(err)
			}
		},
		"a batch": func() {
			if err := f.ApplyBatch(context.Background(), primary.since(f.Position())); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Log(what)
		f.refreshes(primary)
		primary.must(person("later " + what))
		store := backend.Current(f.Served)
		err := f.Refresh(context.Background(), atEnd(primary.dump(), change), contentOf(primary), func() { t.Error("switched") })
		if !errors.Is(err, backend.ErrPosition) || backend.Current(f.Served) != store {
			t.Errorf("%s: %v", what, err)
		}
		f.now().must(person("after"))
	}
}

// TestChangesAreRefusedWhileTheStoreIsReplaced stops the writer in a commit, so
// that the replacement has to wait for it, and asks for more changes.
func TestChangesAreRefusedWhileTheStoreIsReplaced(t *testing.T) {
	primary := newProvider(t, 20)
	f := newFollower(t, backend.Options{})
	f.refreshes(primary)
	w := f.now()
	release := w.hold()
	refreshed := make(chan error)
	go func() {
		refreshed <- f.Refresh(context.Background(), strings.NewReader(primary.dump()), contentOf(primary), nil)
	}()
	before := make(chan schema.ChangeDone, 1)
	f.Apply(context.Background(), replace(people, "description", "before"), func(d schema.ChangeDone) { before <- d })
	for !backend.Frozen(w.Store) {
		runtime.Gosched()
	}
	if d := w.do(replace(people, "description", "while")); d.Result.Code != schema.Busy {
		t.Errorf("a change: %v", &d.Result)
	}
	if r := resultOf(f.ApplyBatch(context.Background(), primary.since(primary.Position()))); r == nil || r.Code != schema.Busy {
		t.Errorf("a batch: %v", r)
	}
	if r := resultOf(f.Promote(context.Background())); r == nil || r.Code != schema.Busy {
		t.Errorf("a promotion: %v", r)
	}
	if f.Position() != primary.Position() { // reads go on
		t.Errorf("position %v", f.Position())
	}
	release()
	if err := <-refreshed; !errors.Is(err, backend.ErrPosition) {
		t.Errorf("refresh: %v", err)
	}
	if d := <-before; d.Result.Code != schema.Success || value(f.now().get(people), "description") != "before" {
		t.Errorf("a change that was queued before: %v", &d.Result)
	}
	backend.SetCommit(w.Store, func(tx *bbolt.Tx) error { return backend.CommitBolt(tx) })
	w.must(person("after"))
	f.refreshes(primary)
	f.now().equals(primary)
}

func TestOneRefreshAtATime(t *testing.T) {
	primary := newProvider(t, 5)
	f := newFollower(t, backend.Options{})
	in, out := io.Pipe()
	first := make(chan error)
	go func() { first <- f.Refresh(context.Background(), in, contentOf(primary), nil) }()
	if _, err := out.Write([]byte("dn: ")); err != nil { // it reads
		t.Fatal(err)
	}
	var r *schema.Result
	if err := f.Refresh(context.Background(), strings.NewReader(primary.dump()), contentOf(primary), nil); !errors.As(err, &r) || r.Code != schema.Busy {
		t.Errorf("a second refresh: %v", err)
	}
	// Nor does a load begin beside it, or a refresh beside a load.
	if _, err := backend.Load(context.Background(), f.path, strings.NewReader(primary.dump()), newLoadPlace(t).options()); !errors.Is(err, backend.ErrLocked) {
		t.Errorf("a load: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err := <-first; err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("the refresh that Close has ended: %v", err)
	}
	_ = out.Close()
	if err := f.Refresh(context.Background(), strings.NewReader(primary.dump()), contentOf(primary), nil); resultOf(err) == nil {
		t.Errorf("after Close: %v", err)
	}
}

func TestRefreshBesideALoadIsRefused(t *testing.T) {
	primary := newProvider(t, 5)
	f := newFollower(t, backend.Options{})
	in, out := io.Pipe()
	loaded := make(chan error)
	go func() {
		_, err := backend.Load(context.Background(), filepath.Join(filepath.Dir(f.path), "other"), in, newLoadPlace(t).options())
		loaded <- err
	}()
	if _, err := out.Write([]byte("dn: ")); err != nil {
		t.Fatal(err)
	}
	_ = f.keeps(strings.NewReader(primary.dump()), contentOf(primary), backend.ErrLocked)
	_ = out.CloseWithError(io.ErrUnexpectedEOF)
	if err := <-loaded; err == nil {
		t.Error("a broken load has succeeded")
	}
	f.refreshes(primary)
	if err := os.Rename(f.path, f.path+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Refresh(context.Background(), strings.NewReader(primary.dump()), contentOf(primary), nil); !errors.Is(err, backend.ErrForeign) {
		t.Errorf("another file in the place of the store: %v", err)
	}
}

func TestRefreshFromAnotherMake(t *testing.T) {
	provider := newProvider(t, 20)
	f := newFollower(t, backend.Options{})
	f.refreshes(provider)
	before := f.Epochs()
	text := provider.dump(func(o *backend.DumpOptions) { o.NoComments = true })
	text = strings.ReplaceAll(text, "\nsn: ", "\nhasSubordinates: FALSE\nsn: ")
	if err := f.Refresh(context.Background(), strings.NewReader(text), backend.RefreshOptions{ForeignProvider: true, Cookie: "rid=1"}, nil); err != nil {
		t.Fatal(err)
	}
	epochs := f.Epochs()
	if len(epochs) != 1 || epochs[0].Kind != schema.EpochRestored || epochs[0].ID == before[0].ID || !f.Following() || f.SyncCookie() != "rid=1" ||
		f.Position().Seq != f.Stats().Entries || f.Position().Hash != provider.Position().Hash {
		t.Errorf("epochs %v, following %v, cookie %q, position %v", epochs, f.Following(), f.SyncCookie(), f.Position())
	}
	at := provider.Position()
	provider.must(person("later"))
	f.now().adapts(foreign(provider.since(at), "rid=2"))
	f.now().has(provider)
	if err := f.Refresh(context.Background(), strings.NewReader(strings.Replace(text, "dn: "+people, "dn: ou=x,"+people, 1)),
		backend.RefreshOptions{ForeignProvider: true}, nil); err == nil {
		t.Error("content with missing superiors was taken")
	}
}

func TestRefreshFromAProviderWithNothing(t *testing.T) {
	empty := newMember(t, backend.Options{})
	empty.must(add(suffix, "objectClass: organization"))
	empty.must(remove(suffix))
	f := newFollower(t, backend.Options{})
	f.now().must(add(suffix, "objectClass: organization"))
	f.refreshes(empty)
	f.now().equals(empty)
	empty.must(add(suffix, "objectClass: organization"))
	f.now().applies(empty.since(f.Position()))
	f.now().equals(empty)
}
