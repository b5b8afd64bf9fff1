package backend_test

// What a load does to the store that was there, and to a server beside it.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

func TestFailedLoadLeavesTheOldStoreAndNothingElse(t *testing.T) {
	fail := errors.New("the line is dead")
	for name, c := range map[string]struct {
		text  string
		error error
	}{"nothing": {"", backend.ErrEmptyInput}, "no entry": {"# a comment\n\n", backend.ErrEmptyInput},
		"nothing fit": {"dn: cn=x,dc=example\ncn: x\n\n", backend.ErrEmptyInput}, "input ends in an error": {top + "\n", fail}} {
		t.Run(name, func(t *testing.T) {
			s := newLoadPlace(t)
			s.load(top + "\n")
			before := s.dump()
			var err error
			if c.error == fail {
				_, err = backend.Load(context.Background(), s.path, failingReader{strings.NewReader(c.text), fail}, s.options())
			} else {
				_, err = backend.Load(context.Background(), s.path, strings.NewReader(c.text), s.options())
			}
			if !errors.Is(err, c.error) {
				t.Errorf("error %v, want %v", err, c.error)
			}
			if s.dump() != before {
				t.Error("the old store was changed")
			}
			if files, err := os.ReadDir(filepath.Dir(s.path)); err != nil || len(files) != 1 {
				t.Errorf("files %v, %v", files, err)
			}
		})
	}
}

func TestNextLoadRemovesWhatAKilledOneHasLeft(t *testing.T) {
	s := newLoadPlace(t)
	s.load(top + "\n")
	dir := filepath.Dir(s.path)
	other := filepath.Join(dir, "notes") // of somebody else
	for _, left := range []string{s.path + ".load", s.path + ".load.meta", s.path + ".previous.new", filepath.Join(dir, ".load-1234"), other} {
		if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.load(top + "\n")
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range list {
		names = append(names, f.Name())
	}
	if want := []string{"id2entry.dbb", "id2entry.dbb.previous", "notes"}; !slices.Equal(names, want) {
		t.Errorf("files %q, want %q", names, want)
	}
}

// failingReader ends in an error.
type failingReader struct {
	*strings.Reader
	err error
}

func (f failingReader) Read(p []byte) (int, error) {
	if f.Len() == 0 {
		return 0, f.err
	}
	return f.Reader.Read(p)
}

func TestLoadRefusesAStoreThatIsInUse(t *testing.T) {
	s := newLoadPlace(t)
	s.load(top + "\n")
	store := s.open()
	_, err := backend.Load(context.Background(), s.path, strings.NewReader(top+"\n"), s.options())
	if !errors.Is(err, backend.ErrLocked) {
		t.Errorf("error %v", err)
	}
	storetest.Close(t, store)
	s.load(top + "\n")
}

func TestServerCannotStartDuringALoad(t *testing.T) {
	s := newLoadPlace(t)
	s.load(top + "\n")
	asked := false
	s.load(top+"\n", func(o *backend.LoadOptions) {
		o.Progress = func(p backend.LoadProgress) {
			if asked || p.Stage != backend.LoadReading {
				return
			}
			asked = true
			if _, err := backend.Open(s.path, backend.Options{Schema: o.Schema}); !errors.Is(err, backend.ErrLocked) {
				t.Errorf("open during a load: %v", err)
			}
			if _, err := backend.Load(context.Background(), s.path, strings.NewReader(top), backend.LoadOptions{Schema: o.Schema}); !errors.Is(err, backend.ErrLocked) {
				t.Errorf("a second load: %v", err)
			}
		}
	})
	if !asked {
		t.Error("no progress was told")
	}
}

func TestReplacedStoreIsKept(t *testing.T) {
	s := newLoadPlace(t)
	s.load(top + "description: one\n\n")
	one := s.entries()
	for _, text := range []string{"two", "three"} {
		before := s.entries()
		res := s.load(top + "description: " + text + "\n\n")
		old := &loadPlace{TB: t, path: res.Previous}
		if old.entries() != before {
			t.Error("the previous store is not the one that was there")
		}
	}
	if s.entries() == one {
		t.Error("nothing was loaded")
	}
}

func TestLoadContinuesTheHistoryOfTheDump(t *testing.T) {
	from := newLoadPlace(t)
	w := &world{t, storetest.Open(t, from.path, backend.Options{Create: true, Indexes: indexes}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization", "o: utdata"))
	w.must(add(people, "objectClass: organizationalUnit"))
	for i := range 10 {
		w.must(person(fmt.Sprint("p", i)))
	}
	w.must(remove("cn=p3," + people))
	w.must(rename("cn=p4,"+people, "cn=P44"))
	position, epochs := w.Position(), w.Epochs()
	storetest.Close(t, w.Store)
	text := from.dump()

	s := newLoadPlace(t)
	res := s.load(text)
	if res.Problems != 0 || res.Position.Seq != position.Seq || res.Position.Hash != position.Hash {
		t.Errorf("%+v, %q, want position %v", res, s.problems, position)
	}
	if s.dump() != text {
		t.Error("the dump of the loaded store is another one")
	}
	store := s.open()
	got := store.Epochs()
	if len(got) != len(epochs)+1 || got[0] != epochs[0] || got[1].Kind != schema.EpochRestored || got[1].From != position.String() {
		t.Errorf("epochs %+v", got)
	}
	// A dump whose entries were changed by hand is a state of nobody's history.
	storetest.Close(t, store)
	res = s.load(strings.Replace(text, "sn: p1", "sn: other", 1))
	if res.Position.Seq == position.Seq || res.Problems != 0 {
		t.Errorf("%+v, %q", res, s.problems)
	}
	if got := s.open().Epochs(); len(got) != 1 || got[0].Kind != schema.EpochRestored || got[0].From != "" {
		t.Errorf("epochs %+v", got)
	}
}

func TestCutDumpIsSeen(t *testing.T) {
	s := newLoadPlace(t)
	s.load(top + "\ndn: cn=a,o=utdata\ncn: a\n\ndn: cn=b,o=utdata\ncn: b\n\n")
	text := s.dump()
	for _, c := range []struct{ text, problem string }{
		{text[:strings.Index(text, "# end")], "the dump is cut off"},
		{text[:strings.Index(text, "3\ndn")], "the dump is cut off"},
		{strings.Replace(text, "2\ndn: cn=a", "2\ndn: nonsense", 1), "nonsense"},
		{strings.Replace(text, "# end: 3", "# end: 4", 1), "speaks of 4 entries and 3 came"},
	} {
		s.load(c.text, func(o *backend.LoadOptions) { o.Partial = true })
		if len(s.problems) == 0 || !strings.Contains(s.problems[0], c.problem) {
			t.Errorf("problems %q, want %q", s.problems, c.problem)
		}
	}
	before := s.dump()
	_, err := backend.Load(t.Context(), s.path, strings.NewReader(text[:strings.Index(text, "# end")]), s.options())
	if !errors.Is(err, backend.ErrCutOff) || s.dump() != before {
		t.Errorf("%v, and the store is\n%s", err, s.dump())
	}
}
