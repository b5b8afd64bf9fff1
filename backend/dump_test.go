package backend_test

// Dumps of a store that is served, damaged, or whose reader goes away.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand"
	"os"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// served is a store with n persons that is open for changes.
func served(t *testing.T, n int) (*loadPlace, *world) {
	t.Helper()
	s := newLoadPlace(t)
	w := &world{t, storetest.Open(t, s.path, backend.Options{Create: true, Indexes: indexes}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization", "o: utdata"))
	w.must(add(people, "objectClass: organizationalUnit"))
	for i := range n {
		w.must(person(fmt.Sprint("p", i), "description: "+strings.Repeat("x", 300)))
	}
	return s, w
}

func TestHeldStateStaysAsItIsWhileTheStoreChanges(t *testing.T) {
	s, w := served(t, 300)
	h := backend.NewHolder(w.Store)
	position := w.Position()
	description, release, err := h.HoldState()
	if err != nil {
		t.Fatal(err)
	}
	read := func() string {
		t.Helper()
		state, err := backend.OpenHeld(s.path, description)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		confirmed := false
		_, err = state.WriteLDIF(context.Background(), &b, backend.DumpOptions{Confirm: func() error { confirmed = true; return nil }})
		if err = errors.Join(err, state.Close()); err != nil || !confirmed {
			t.Fatalf("dump: %v, confirmed %v", err, confirmed)
		}
		return b.String()
	}
	before := read()
	if !strings.Contains(before, "# position "+position.String()+"\n") || !strings.Contains(before, "# end: 302 entries, position "+position.String()+"\n") {
		t.Errorf("not the dump of %v:\n%.300s", position, before)
	}
	for i := range 300 { // every page is written anew several times over
		w.must(replace("cn="+fmt.Sprint("p", i)+","+people, "description", strings.Repeat("y", 300)))
		if i%3 == 0 {
			w.must(remove("cn=" + fmt.Sprint("p", i) + "," + people))
		}
	}
	if read() != before {
		t.Error("the state that is held has changed")
	}
	release()
	storetest.Close(t, w.Store)
	if s.dump() == before {
		t.Error("nothing has changed")
	}
}

func TestDumpWithoutConfirmationHasNoEnd(t *testing.T) {
	s, w := served(t, 3)
	description, release, err := backend.NewHolder(w.Store).HoldState()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	state, err := backend.OpenHeld(s.path, description)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	gone := errors.New("the server is gone")
	_, err = state.WriteLDIF(context.Background(), &b, backend.DumpOptions{Confirm: func() error { return gone }})
	if err = errors.Join(err, state.Close()); !errors.Is(err, gone) || strings.Contains(b.String(), "# end:") {
		t.Errorf("error %v, dump\n%s", err, b.String())
	}
}

func TestHoldingIsBounded(t *testing.T) {
	_, w := served(t, 1)
	h := backend.NewHolder(w.Store)
	var releases []func()
	for range 100 {
		_, release, err := h.HoldState()
		var r *schema.Result
		if errors.As(err, &r) && r.Code == schema.Busy {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		releases = append(releases, release)
	}
	if len(releases) == 0 || len(releases) > 10 {
		t.Errorf("%d states could be held at once", len(releases))
	}
	for _, release := range releases {
		release()
	}
	_, release, err := h.HoldState()
	if err != nil {
		t.Fatal(err)
	}
	release()
	storetest.Close(t, w.Store)
	var r *schema.Result
	if _, _, err := h.HoldState(); !errors.As(err, &r) || r.Code != schema.Unavailable {
		t.Errorf("of a closed store: %v", err)
	}
}

func TestDescriptionThatIsNoneIsRefused(t *testing.T) {
	s, w := served(t, 1)
	description, release, err := backend.NewHolder(w.Store).HoldState()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for i := range description {
		for _, c := range []byte{description[i] ^ 1, description[i] ^ 0x80, 0} {
			bad := bytes.Clone(description)
			bad[i] = c
			state, err := backend.OpenHeld(s.path, bad)
			if err == nil {
				_, err = state.WriteLDIF(context.Background(), io.Discard, backend.DumpOptions{})
				err = errors.Join(err, state.Close())
			}
			if err == nil && !bytes.Equal(bad, description) && i > 2 {
				// More pages than there are in the state are harmless.
				if _, again := backend.OpenHeld(s.path, bad[:i]); again == nil {
					t.Errorf("byte %d as %#x is taken", i, c)
				}
			}
		}
		if _, err := backend.OpenHeld(s.path, description[:i]); err == nil {
			t.Errorf("%d bytes of %d are taken", i, len(description))
		}
	}
}

func TestDamagedStoreGivesNoDumpThatLooksWhole(t *testing.T) {
	s, w := served(t, 200)
	storetest.Close(t, w.Store)
	whole := s.dump()
	file, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	used := len(bytes.TrimRight(file, "\x00")) // the rest was never written
	rnd := rand.New(rand.NewSource(5))
	caught := 0
	for range 150 {
		bad := bytes.Clone(file)
		bad[rnd.Intn(used)] ^= 1 << rnd.Intn(8)
		if err := os.WriteFile(s.path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		state, err := backend.OpenState(s.path)
		if err == nil {
			_, err = state.WriteLDIF(context.Background(), &b, backend.DumpOptions{Jobs: 2})
			err = errors.Join(err, state.Close())
		}
		switch {
		case err != nil:
			caught++
			if strings.Contains(b.String(), "# end:") {
				t.Errorf("%v, and the dump has an end", err)
			}
		case b.String() != whole && !older(b.String(), whole):
			t.Errorf("another dump without an error")
		}
	}
	if caught == 0 {
		t.Error("no damage was seen")
	}
}

// older tells whether a dump is of an earlier position: a damaged meta page
// leads to the commit before the last.
func older(got, want string) bool {
	a, _, _ := strings.Cut(got, "\n# state")
	b, _, _ := strings.Cut(want, "\n# state")
	return a < b && strings.Contains(got, "# end: ")
}

// shortWriter takes n bytes.
type shortWriter struct {
	n   int
	err error
}

func (w *shortWriter) Write(p []byte) (int, error) {
	if len(p) > w.n {
		return w.n, w.err
	}
	w.n -= len(p)
	return len(p), nil
}

func TestWriteErrorEndsTheDump(t *testing.T) {
	s, w := served(t, 1000)
	storetest.Close(t, w.Store)
	fail := errors.New("nobody reads this")
	state, err := backend.OpenState(s.path)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 100, 100_000, 300_000} {
		if _, err := state.WriteLDIF(context.Background(), &shortWriter{n, fail}, backend.DumpOptions{Jobs: 3}); !errors.Is(err, fail) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := state.WriteLDIF(ctx, io.Discard, backend.DumpOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := state.Close(); err != nil {
		t.Error(err)
	}
}

func TestDumpLeavesOutWhatOthersDoNotKnow(t *testing.T) {
	s, w := served(t, 2)
	storetest.Close(t, w.Store)
	text := s.dump(func(o *backend.DumpOptions) { o.NoComments, o.NoIDs = true, true })
	if strings.Contains(text, "#  ") || !strings.HasPrefix(text, "dn: o=utdata\n") || strings.Contains(text, "\n\n1") {
		t.Errorf("dump\n%s", text)
	}
	res := s.load(text)
	if res.Problems != 0 || res.NextID != 5 {
		t.Errorf("%+v %q", res, s.problems)
	}
}

func TestOpenStateSaysWhyItCannot(t *testing.T) {
	s, w := served(t, 1)
	if _, err := backend.OpenState(s.path); !errors.Is(err, backend.ErrLocked) {
		t.Errorf("in use: %v", err)
	}
	storetest.Close(t, w.Store)
	if _, err := backend.OpenState(s.path + "x"); !errors.Is(err, backend.ErrNotThere) {
		t.Errorf("not there: %v", err)
	}
	if err := os.WriteFile(s.path+"x", []byte("dn: o=utdata\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backend.OpenState(s.path + "x"); !errors.Is(err, backend.ErrForeign) {
		t.Errorf("a text: %v", err)
	}
}

// FuzzLoad: whatever the input is, a load makes a store that is good and whose
// dump loads again, or none.
func FuzzLoad(f *testing.F) {
	f.Add([]byte("3\n" + top + "\n\n2\ndn: cn=a,o=utdata\ncn:: YQ==\nobjectClass: alias\n\n"))
	for _, c := range badInputs {
		f.Add([]byte(c.text))
	}
	definitions := storetest.Schema(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		s := newLoadPlace(t)
		o := backend.LoadOptions{Schema: definitions, Indexes: indexes, Jobs: 2}
		if _, err := backend.Load(context.Background(), s.path, bytes.NewReader(text), o); err != nil {
			return
		}
		storetest.Close(t, s.open())
		first := s.dump()
		if _, err := backend.Load(context.Background(), s.path, strings.NewReader(first), o); err != nil {
			t.Fatalf("load of a dump: %v\n%s", err, first)
		}
		if s.dump() != first {
			t.Errorf("other dump\n%s\nwant\n%s", s.dump(), first)
		}
	})
}
