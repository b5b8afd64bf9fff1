package backend_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/schema"
)

func TestAddedEntryHasOperationalAttributes(t *testing.T) {
	now := time.Date(2026, 11, 22, 18, 42, 28, 123456000, time.UTC)
	w := newWorldWith(t, backend.Options{Clock: func() time.Time { return now }})
	d := w.must(&schema.Change{Kind: schema.ChangeAdd, DN: "CN = Ann ," + people, WantPostRead: true,
		Attributes: attributes([]string{"objectClass: person", "sn: Lee"})})
	v := w.get("cn=ann," + people)
	for attr, want := range map[string]string{
		"createTimestamp": "20261122184228Z", "modifyTimestamp": "20261122184228Z",
		"creatorsName": admin, "modifiersName": admin, "structuralObjectClass": "person",
		"entryCSN": "20261122184228.123456Z#000002#000#000000", "cn": "Ann",
	} {
		if got := value(v, attr); got != want {
			t.Errorf("%s is %q, want %q", attr, got, want)
		}
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(value(v, "entryUUID")) {
		t.Errorf("entryUUID is %q", value(v, "entryUUID"))
	}
	if d.Post == nil || string(d.Post.User) != string(v.User) || string(d.Post.Operational) != string(v.Operational) {
		t.Error("post-read differs from what is stored")
	}
	if w.ContextCSN() != value(v, "entryCSN") || d.Position != w.Position() {
		t.Errorf("contextCSN %s, position %v, want those of the change", w.ContextCSN(), w.Position())
	}
}

func TestCSNsGrowWhenTheClockGoesBack(t *testing.T) {
	now := time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)
	w := newWorldWith(t, backend.Options{Clock: func() time.Time { now = now.Add(-time.Hour); return now }})
	last := w.ContextCSN()
	for i := range 5 {
		w.must(replace(people, "description", fmt.Sprint(i)))
		if w.ContextCSN() <= last {
			t.Errorf("CSN %s after %s", w.ContextCSN(), last)
		}
		last = w.ContextCSN()
	}
}

func TestChangesRefused(t *testing.T) {
	w := newWorld(t)
	w.must(person("ann"))
	w.must(person("bob"))
	w.must(add("ou=empty,"+suffix, "objectClass: organizationalUnit"))
	ann := "cn=ann," + people
	long := strings.Repeat("ou="+strings.Repeat("x", 200)+",", 100)
	for _, c := range []struct {
		what    string
		change  *schema.Change
		code    schema.ResultCode
		matched string
	}{
		{"add what is there", person("ANN"), schema.EntryAlreadyExists, ""},
		{"add below nothing", add("cn=x,ou=none,"+people, "objectClass: person", "sn: x"), schema.NoSuchObject, people},
		{"add outside", add("o=other", "objectClass: organization"), schema.UnwillingToPerform, ""},
		{"add a bad name", add("nonsense", "objectClass: organization"), schema.InvalidDNSyntax, ""},
		{"add without class", add("cn=x,"+people, "sn: x"), schema.ObjectClassViolation, ""},
		{"add without sn", add("cn=x,"+people, "objectClass: person"), schema.ObjectClassViolation, ""},
		{"add with entryUUID", person("x", "entryUUID: 01234567-89ab-7def-8123-456789abcdef"), schema.ConstraintViolation, ""},
		{"add too long a name", add(long+suffix, "objectClass: organizationalUnit"), schema.UnwillingToPerform, ""},
		{"delete what is not there", remove("cn=x," + people), schema.NoSuchObject, people},
		{"delete with children", remove(people), schema.NotAllowedOnNonLeaf, ""},
		{"delete outside", remove("o=other"), schema.UnwillingToPerform, ""},
		{"modify what is not there", replace("cn=x,"+ann, "sn", "x"), schema.NoSuchObject, ann},
		{"modify an unknown attribute", replace(ann, "nonsense", "x"), schema.UndefinedAttributeType, ""},
		{"modify the naming value", replace(ann, "cn", "x"), schema.NotAllowedOnRDN, ""},
		{"remove a required attribute", replace(ann, "sn"), schema.ObjectClassViolation, ""},
		{"rename what is not there", rename("cn=x,"+people, "cn=y"), schema.NoSuchObject, people},
		{"rename to what is there", rename(ann, "cn=Bob"), schema.EntryAlreadyExists, ""},
		{"rename with no RDN", rename(ann, ""), schema.InvalidDNSyntax, ""},
		{"rename with two RDNs", rename(ann, "cn=x,ou=y"), schema.InvalidDNSyntax, ""},
		{"rename to what the class forbids", rename(ann, "dc=x"), schema.ObjectClassViolation, ""},
		{"rename the suffix", rename(suffix, "o=other"), schema.UnwillingToPerform, ""},
		{"move below itself", move(people, "ou=people", ann), schema.UnwillingToPerform, ""},
		{"move to itself", move(people, "ou=people", people), schema.UnwillingToPerform, ""},
		{"move to nowhere", move(ann, "cn=ann", "ou=none,"+suffix), schema.NoSuchObject, suffix},
		{"move outside", move(ann, "cn=ann", "o=other"), schema.AffectsMultipleDSAs, ""},
		{"move to a bad name", move(ann, "cn=ann", "nonsense"), schema.InvalidDNSyntax, ""},
	} {
		if got := w.refused(c.change, c.code); got.MatchedDN != c.matched {
			t.Errorf("%s: matchedDN %q, want %q", c.what, got.MatchedDN, c.matched)
		}
	}
}

func TestSubtreeMovesAsAWhole(t *testing.T) {
	w := newWorld(t)
	w.fill(1000)
	w.must(add("ou=Sub+description=x,cn=user000003,"+people, "objectClass: organizationalUnit"))
	w.must(add("cn=Deep\\, Inc,ou=sub+description=X,cn=user000003,"+people, "objectClass: person", "sn: x"))
	w.must(add("ou=new,"+suffix, "objectClass: organizationalUnit"))
	uuid := value(w.get("cn=user000500,"+people), "entryUUID")

	w.must(move(people, "ou=Folk", "ou=new,"+suffix))
	moved := "ou=Folk,ou=new," + suffix
	if n := len(w.all(moved)); n != 1003 {
		t.Errorf("%d entries at the new place, want 1003", n)
	}
	if v := w.get("cn=user000500,ou=folk,ou=new," + suffix); value(v, "entryUUID") != uuid || string(v.DN) != "cn=user000500,"+moved {
		t.Errorf("moved entry is %q with UUID %s", v.DN, value(v, "entryUUID"))
	}
	deep := w.get("cn=deep\\2c inc,description=x+ou=SUB,cn=user000003," + moved)
	if want := "cn=Deep\\2C Inc,description=x+ou=Sub,cn=user000003," + moved; string(deep.DN) != want {
		t.Errorf("deep entry is %q, want %q", deep.DN, want)
	}
	if value(w.get(moved), "ou") != "Folk" {
		t.Error("the old naming value is still there")
	}
	w.refused(remove(people), schema.NoSuchObject)
	w.must(rename(moved, "ou=FOLK")) // another spelling: same keys, other names
	if v := w.get("cn=user000001," + moved); string(v.DN) != "cn=user000001,ou=FOLK,ou=new,"+suffix {
		t.Errorf("entry below is %q", v.DN)
	}
	w.must(move("ou=FOLK,ou=new,"+suffix, "ou=people", suffix))
	w.finds(w.query(suffix, schema.ScopeOne, w.filter(present("objectClass"))), people, "ou=new,"+suffix)
	if n := len(w.all("ou=new," + suffix)); n != 1 {
		t.Errorf("%d entries left at the old place", n)
	}
}

func TestAssertionIsCheckedInsideTheWriter(t *testing.T) {
	w := newWorld(t)
	w.must(person("counter", "description: 0"))
	dn := "cn=counter," + people
	// Every round all callers race for the same step; the assertion lets one win.
	for round := range 20 {
		results := make(chan schema.ResultCode, 8)
		for range 8 {
			c := replace(dn, "description", fmt.Sprint(round+1))
			c.Assertion = w.filter(eq("description", fmt.Sprint(round)))
			w.Apply(context.Background(), c, func(d schema.ChangeDone) { results <- d.Result.Code })
		}
		wins := 0
		for range 8 {
			switch code := <-results; code {
			case schema.Success:
				wins++
			case schema.AssertionFailed:
			default:
				t.Fatalf("result %d", code)
			}
		}
		if wins != 1 {
			t.Fatalf("round %d: %d changes won", round, wins)
		}
	}
	c := remove(people)
	c.Assertion = w.filter(eq("hasSubordinates", "FALSE"))
	w.refused(c, schema.AssertionFailed)
	c = person("new")
	c.Assertion = w.filter(eq("sn", "other"))
	w.refused(c, schema.AssertionFailed)
}

func TestPreAndPostRead(t *testing.T) {
	w := newWorld(t)
	w.must(person("ann", "description: old"))
	c := replace("cn=ann,"+people, "description", "new")
	c.WantPreRead, c.WantPostRead = true, true
	d := w.must(c)
	if value(d.Pre, "description") != "old" || value(d.Post, "description") != "new" {
		t.Errorf("pre-read %q, post-read %q", value(d.Pre, "description"), value(d.Post, "description"))
	}
	c = rename("cn=ann,"+people, "cn=Anna")
	c.WantPreRead, c.WantPostRead = true, true
	d = w.must(c)
	if string(d.Pre.DN) != "cn=ann,"+people || string(d.Post.DN) != "cn=Anna,"+people || value(d.Post, "cn") != "Anna" {
		t.Errorf("pre-read %q, post-read %q", d.Pre.DN, d.Post.DN)
	}
	c = remove("cn=anna," + people)
	c.WantPreRead = true
	if d = w.must(c); string(d.Pre.DN) != "cn=Anna,"+people {
		t.Errorf("pre-read of a delete: %q", d.Pre.DN)
	}
}

func TestChangelogTellsEveryChange(t *testing.T) {
	w := newWorld(t)
	w.must(person("ann"))
	ann := "cn=ann," + people
	w.must(replace(ann, "description", "one", "two"))
	w.refused(remove(people), schema.NotAllowedOnNonLeaf)
	w.must(move(ann, "cn=Anna", suffix))
	w.must(remove("cn=anna," + suffix))
	var got []backend.ChangeRecord
	if err := w.Changelog(1, func(r backend.ChangeRecord) bool { got = append(got, r); return true }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 6 {
		t.Fatalf("%d records, want 6", len(got))
	}
	for i, r := range got {
		if r.Seq != uint64(i+1) {
			t.Errorf("record %d has number %d", i+1, r.Seq)
		}
	}
	if ldif := string(got[2].LDIF); !strings.Contains(ldif, "objectClass: inetOrgPerson\n") || !strings.Contains(ldif, "entryUUID: ") {
		t.Errorf("add is recorded as\n%s", ldif)
	}
	if ldif := string(got[3].LDIF); !strings.HasPrefix(ldif, "replace: description\ndescription: one\ndescription: two\n-\n") ||
		!strings.Contains(ldif, "replace: modifyTimestamp\n") {
		t.Errorf("modify is recorded as\n%s", ldif)
	}
	r := got[4]
	if r.Kind != schema.ChangeModifyDN || r.DN != ann || r.NewDN != "cn=Anna,"+suffix || r.NewRDN != "cn=Anna" ||
		!r.DeleteOldRDN || r.NewSuperior != suffix || string(r.LDIF) != "newrdn: cn=Anna\ndeleteoldrdn: 1\nnewsuperior: o=utdata\n" {
		t.Errorf("rename is recorded as %+v", r)
	}
	if r.UUID != got[3].UUID || got[5].UUID != r.UUID || got[5].Hash != w.Position().Hash {
		t.Errorf("delete is recorded as %+v", got[5])
	}
	n := 0
	if err := w.Changelog(5, func(backend.ChangeRecord) bool { n++; return false }); err != nil || n != 1 {
		t.Errorf("stopping after the first gave %d records (%v)", n, err)
	}
	if err := w.Changelog(7, func(backend.ChangeRecord) bool { t.Error("record of the future"); return false }); err != nil {
		t.Error(err)
	}
}

func TestChangelogIsTrimmedBySizeAndAge(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	w := newWorldWith(t, backend.Options{ChangelogKeep: 10, ChangelogAge: time.Hour, Clock: func() time.Time { return now }})
	for i := range 50 {
		w.must(replace(people, "description", fmt.Sprint(i)))
	}
	if st := w.Stats(); st.LastChange != 52 || st.FirstChange != 43 {
		t.Errorf("changelog holds %d to %d, want 43 to 52", st.FirstChange, st.LastChange)
	}
	if err := w.Changelog(42, func(backend.ChangeRecord) bool { return true }); err != backend.ErrTrimmed {
		t.Errorf("asking for what is gone: %v", err)
	}
	now = now.Add(2 * time.Hour)
	w.must(replace(people, "description", "late"))
	if st := w.Stats(); st.FirstChange != 53 || st.LastChange != 53 {
		t.Errorf("changelog holds %d to %d, want 53 alone", st.FirstChange, st.LastChange)
	}
}

func TestStateHashDependsOnContentAlone(t *testing.T) {
	w := newWorld(t)
	w.must(person("ann"))
	before := w.Position().Hash
	w.must(person("bob"))
	if w.Position().Hash == before {
		t.Error("hash did not change with an entry")
	}
	w.must(remove("cn=bob," + people))
	if w.Position().Hash != before {
		t.Error("hash is not what it was after the entry is gone")
	}
	w.must(replace("cn=ann,"+people, "description", "x"))
	if w.Position().Hash == before {
		t.Error("hash did not change with a value")
	}
}

func TestDeletedSuffixCanBeAddedAgain(t *testing.T) {
	w := newWorld(t)
	w.must(remove(people))
	w.must(remove(suffix))
	w.refused(add(people, "objectClass: organizationalUnit"), schema.NoSuchObject)
	w.must(add(suffix, "objectClass: organization"))
	if got := w.all(suffix); !slices.Equal(got, []string{suffix}) {
		t.Errorf("found %q", got)
	}
}
