package backend_test

// Loading a store from LDIF, and dumping it again.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
)

// loadPlace is the place of a store with what tests do to it.
type loadPlace struct {
	testing.TB
	path     string
	problems []string
	notes    []string
}

func newLoadPlace(t testing.TB) *loadPlace {
	t.Helper()
	return &loadPlace{TB: t, path: filepath.Join(t.TempDir(), "dbm.ut", "id2entry.dbb")}
}

func (s *loadPlace) options(change ...func(*backend.LoadOptions)) backend.LoadOptions {
	s.problems, s.notes = nil, nil
	o := backend.LoadOptions{Schema: storetest.Schema(s), Indexes: indexes, Actor: admin, Jobs: 2, Report: func(p backend.LoadProblem) {
		if p.Note {
			s.notes = append(s.notes, p.Error())
		} else {
			s.problems = append(s.problems, p.Error())
		}
	}}
	for _, c := range change {
		c(&o)
	}
	return o
}

// load loads, and checks what the store finds in itself.
func (s *loadPlace) load(text string, change ...func(*backend.LoadOptions)) *backend.LoadResult {
	s.Helper()
	res, err := backend.Load(context.Background(), s.path, strings.NewReader(text), s.options(change...))
	if err != nil {
		s.Fatalf("load: %v", err)
	}
	if res.Problems != len(s.problems) {
		s.Errorf("%d problems counted, %d told", res.Problems, len(s.problems))
	}
	store := s.open()
	if n := store.Stats().Entries; n != res.Entries {
		s.Errorf("%d entries told, %d there", res.Entries, n)
	}
	storetest.Close(s, store)
	return res
}

func (s *loadPlace) open() *backend.Store {
	s.Helper()
	return storetest.Open(s, s.path, backend.Options{Indexes: indexes})
}

// dump is the whole dump of the store at rest.
func (s *loadPlace) dump(change ...func(*backend.DumpOptions)) string {
	s.Helper()
	state, err := backend.OpenState(s.path)
	if err != nil {
		s.Fatalf("open state: %v", err)
	}
	o := backend.DumpOptions{Jobs: 2}
	for _, c := range change {
		c(&o)
	}
	var b bytes.Buffer
	n, err := state.WriteLDIF(context.Background(), &b, o)
	if err = errors.Join(err, state.Close()); err != nil {
		s.Fatalf("dump: %v", err)
	}
	if n != state.Entries() {
		s.Errorf("%d entries dumped of %d", n, state.Entries())
	}
	return b.String()
}

// entries is a dump without its comments.
func (s *loadPlace) entries() string {
	return s.dump(func(o *backend.DumpOptions) { o.NoComments = true })
}

func strict(o *backend.LoadOptions) { o.Strict = true }

// stamps are the operational attributes of an entry of ours.
func stamps(n int) string {
	return fmt.Sprintf("entryUUID: 00000000-0000-7000-8000-%012x\ncreateTimestamp: 20200101000000Z\ncreatorsName: cn=old\n"+
		"entryCSN: 20200101000000.%06dZ#000000#001#000000\nmodifyTimestamp: 20210101000000Z\nmodifiersName: cn=older\n", n, n)
}

const top = "dn: o=utdata\nobjectClass: organization\no: utdata\n"

func TestLoadKeepsWhatADumpOfOursHas(t *testing.T) {
	text := "7\n" + top + stamps(1) + "\n" +
		"300\ndn: CN=  A\\2C b ,O=UTDATA\nobjectClass: person\ncn: A, b\nsn: x\nsn: w\nuserPassword:: e1NTSEF9AP8=\nfoo: Bar\nfoo: \n" +
		"description: " + strings.Repeat("long ", 40) + "x\ncn;lang-de: ä\n" + stamps(2) + "\n" +
		"2\ndn: cn=r,o=utdata\nobjectClass: referral\nobjectClass: extensibleObject\nref: ldap://x/\ncn: r\n" + stamps(3) + "\n" +
		"5\ndn: cn=al,o=utdata\nobjectClass: alias\nobjectClass: extensibleObject\naliasedObjectName: o=utdata\ncn: al\n" + stamps(4) + "\n"
	s := newLoadPlace(t)
	res := s.load(text, func(o *backend.LoadOptions) { o.Dialect = backend.DialectRFC2849 })
	if res.Entries != 4 || res.NextID != 301 || len(s.problems) != 0 || len(s.notes) != 1 {
		t.Errorf("%+v, problems %q, notes %q", res, s.problems, s.notes)
	}
	first := s.dump()
	for _, line := range []string{"\n7\ndn: o=utdata\n", "\n300\ndn: CN=  A\\2C b ,O=UTDATA\nobjectClass: person\ncn: A, b\nsn: x\nsn: w\nuserPassword:: e1NTSEF9AP8=\nfoo: Bar\nfoo:\n",
		"\nentryCSN: 20200101000000.000002Z#000000#001#000000\n", "# state hash ", "\n# end: 4 entries, position "} {
		if !strings.Contains(first, line) {
			t.Errorf("no %q in\n%s", line, first)
		}
	}
	for line := range strings.Lines(first) {
		if len(line) > 77 && line[0] != '#' {
			t.Errorf("a line of %d bytes: %q", len(line)-1, line)
		}
	}
	again := s.load(first)
	if len(s.problems) != 0 || again.Position.Hash != res.Position.Hash || again.Position.Seq != res.Position.Seq || again.Position.Epoch == res.Position.Epoch {
		t.Errorf("loaded again: %+v, problems %q", again, s.problems)
	}
	if second := s.dump(); second != first {
		t.Errorf("dump of the dump:\n%s\nwant\n%s", second, first)
	}
}

func TestLoadCompletesOldEntries(t *testing.T) {
	s := newLoadPlace(t)
	clock := func() time.Time { return time.Date(2030, 5, 6, 7, 8, 9, 10_000, time.UTC) }
	s.load("17\ndn: o=utdata\nobjectclass: top\nobjectclass: organization\no: utdata\ncreatorsname: NULLDN\ncreatetimestamp: 991231235959Z\n\n"+
		"18\ndn: cn=new, o=utdata\nobjectclass: person\ncn: new\nsn: new\n\n", func(o *backend.LoadOptions) { o.Clock = clock })
	text := s.entries()
	for _, want := range []string{"creatorsName: NULLDN\ncreateTimestamp: 991231235959Z\n", "modifyTimestamp: 991231235959Z\nmodifiersName: NULLDN\n",
		"createTimestamp: 20300506070809Z\ncreatorsName: cn=admin,o=utdata\nentryCSN: 20300506070809.000010Z#000001#000#000000\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\nentryUUID: "); n != 2 {
		t.Errorf("%d UUIDs", n)
	}
	w := s.open() // later changes have later CSNs
	if csn := w.ContextCSN(); csn != "20300506070809.000010Z#000001#000#000000" {
		t.Errorf("context CSN %q", csn)
	}
}

// What is wrong with an input, and what becomes of it.
var badInputs = []struct {
	name, text string
	problems   []string // parts of them, in order
	there      []string // parts of the dump
	gone       []string // what must not be in the dump
}{
	{"no colon", top + "broken\n\n", []string{`line 4: entry "o=utdata": no colon`}, []string{"o: utdata"}, []string{"broken"}},
	{"empty value", top + "description:\n\n", []string{`line 4: entry "o=utdata": empty value`}, []string{"o: utdata"}, []string{"description"}},
	{"base64", top + "description:: ?\ndescription: kept\n\n", []string{"line 4: entry \"o=utdata\": broken base64"}, []string{"kept"}, nil},
	{"no name", top + "\ncn: lost\nsn: lost\n\ndn: cn=a,o=utdata\ncn: a\n\n", []string{"line 5: line before the dn", "line 6: line before the dn", "line 7: record without a dn"},
		[]string{"cn: a"}, []string{"lost"}},
	{"bad name", top + "\ndn: nonsense\ncn: x\n\n", []string{`line 5: entry "nonsense": left out: it has no valid name`}, nil, []string{"nonsense"}},
	{"other suffix", top + "\ndn: cn=x,dc=example\ncn: x\n\n", []string{"line 5: entry \"cn=x,dc=example\": left out: it is not below o=utdata"}, nil, []string{"example"}},
	{"twice", top + "\ndn: cn=a,o=utdata\ncn: first\n\ndn: CN=A, O=utdata\ncn: second\n\n", []string{`line 8: entry "CN=A, O=utdata": left out: an entry of this name was there before`},
		[]string{"first"}, []string{"second"}},
	{"id twice", "3\n" + top + "\n3\ndn: cn=a,o=utdata\ncn: a\n\n", []string{"line 6: the id 3 was there before"}, []string{"3\ndn: o=utdata", "4\ndn: cn=a"}, nil},
	{"id too large", "3\n" + top + "\n9223372036854775808\ndn: cn=a,o=utdata\ncn: a\n\n", []string{"is out of range"}, []string{"4\ndn: cn=a"}, nil},
	{"UUID twice", top + stamps(1) + "\ndn: cn=a,o=utdata\ncn: a\n" + stamps(1) + "\n", []string{"line 11: the entryUUID 00000000-0000-7000-8000-000000000001 was there before"},
		[]string{"cn: a\nentryUUID: "}, []string{"cn: a\nentryUUID: 00000000"}},
	{"no UUID", top + "entryUUID: 12\n\n", []string{"its entryUUID is not one UUID"}, []string{"entryUUID: "}, []string{"entryUUID: 12"}},
	{"no superior", top + "\ndn: cn=a,utname=u,ou=p,o=utdata\ncn: a\n\n", []string{`its superior "ou=p,o=utdata" is missing: a placeholder`, `its superior "utname=u,ou=p,o=utdata" is missing`},
		[]string{"objectClass: organizationalUnit", "objectClass: utContainer", "cn: a", "Made up by utldif2ldbm"}, nil},
	{"no topmost entry", "dn: cn=a,o=utdata\ncn: a\n\n", []string{`its superior "o=utdata" is missing`}, []string{"objectClass: organization"}, nil},
	{"a placeholder that has no class", top + "\ndn: cn=a,utmac=x,o=utdata\ncn: a\n\n", []string{`its superior "utmac=x,o=utdata" is missing`}, []string{"objectClass: extensibleObject"}, nil},
	{"a change", top + "\ndn: o=utdata\nchangetype: delete\n\n", []string{"left out: it is a change"}, []string{"o: utdata"}, nil},
	{"run together", top + "dn: cn=a,o=utdata\ncn: a\n\n", []string{"line 4: entry \"o=utdata\": second dn line"}, []string{"o: utdata", "cn: a"}, nil},
}

func TestLoadTellsWhatItCannotKeepAndGoesOn(t *testing.T) {
	for _, c := range badInputs {
		t.Run(c.name, func(t *testing.T) {
			s := newLoadPlace(t)
			s.load(c.text)
			if len(s.problems) != len(c.problems) {
				t.Fatalf("problems %q, want %q", s.problems, c.problems)
			}
			for i, want := range c.problems {
				if !strings.Contains(s.problems[i], want) {
					t.Errorf("problem %q, want %q", s.problems[i], want)
				}
			}
			text := s.entries()
			for _, want := range c.there {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in\n%s", want, text)
				}
			}
			for _, no := range c.gone {
				if strings.Contains(text, no) {
					t.Errorf("%q is in\n%s", no, text)
				}
			}
			if again := s.load(s.dump()); again.Problems != 0 || s.entries() != text {
				t.Errorf("loaded again: %+v %q", again, s.problems)
			}
		})
	}
}

func TestStrictLoadEndsAtTheFirstProblem(t *testing.T) {
	for _, c := range badInputs {
		t.Run(c.name, func(t *testing.T) {
			s := newLoadPlace(t)
			s.load(top + "\n")
			before := s.dump()
			_, err := backend.Load(context.Background(), s.path, strings.NewReader(c.text), s.options(strict))
			var p *backend.LoadProblem
			if !errors.As(err, &p) || !strings.Contains(p.Error(), c.problems[0]) {
				t.Errorf("error %v, want %q", err, c.problems[0])
			}
			if s.dump() != before {
				t.Error("the old store was changed")
			}
		})
	}
}

func TestLoadTakesEntriesInAnyOrder(t *testing.T) {
	var records []string
	for i := range 200 {
		records = append(records, fmt.Sprintf("dn: ou=%d,o=utdata\nobjectClass: organizationalUnit\nou: %d\n"+stamps(1000+i), i, i))
		for j := range 10 {
			records = append(records, fmt.Sprintf("dn: cn=%d,ou=%d,o=utdata\nobjectClass: person\ncn: %d\nsn: x\n"+stamps(2000+100*i+j), j, i, j))
		}
	}
	records = append(records, top+stamps(1))
	for i := range records {
		records[i] = fmt.Sprintf("%d\n%s\n", 3*i+1, records[i])
	}
	rnd := rand.New(rand.NewSource(1))
	want := ""
	for round := range 3 {
		s := newLoadPlace(t)
		res := s.load(strings.Join(records, ""), func(o *backend.LoadOptions) { o.Jobs = 1 + round })
		if res.Problems != 0 || int(res.Entries) != len(records) {
			t.Fatalf("%+v, %q", res, s.problems)
		}
		got := s.entries()
		if want != "" && got != want {
			t.Error("another order of the input gives another dump")
		}
		want = got
		rnd.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	}
}
