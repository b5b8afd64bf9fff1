package schema

import (
	"errors"
	"strings"
	"testing"
)

func TestDescriptions(t *testing.T) {
	s := mustDefault(t)
	for in, want := range map[string]string{
		"CN": "cn", "commonname": "cn", "2.5.4.3": "cn", "SN;Lang-DE": "sn;lang-de", "sn;b;a;B": "sn;a;b",
		"noSuch": "nosuch", "1.2.3.4;x": "1.2.3.4;x", "ut_old-name": "ut_old-name", "userCertificate;binary": "userCertificate;binary",
		"cn" + strings.Repeat(";x", 31): "cn;x",
	} {
		d, err := s.ParseDescription([]byte(in))
		if err != nil || d.String() != want || (d.Type == nil) != (strings.HasPrefix(want, "nosuch") || strings.HasPrefix(want, "1.2") || strings.HasPrefix(want, "ut_")) {
			t.Errorf("%q is %q, %v", in, d, err)
		}
	}
	for name, in := range map[string]string{
		"empty": "", "trailing semicolon": "cn;", "empty option": "cn;;x", "only options": ";x", "1,000 options": "cn" + strings.Repeat(";x", 1000),
		"33 options": "cn" + strings.Repeat(";x", 33), "blank": "c n", "option with blank": "cn;a b", "not ASCII": "cné", "not UTF-8": "cn\xff", "NUL": "cn\x00",
		"leading digit": "1cn", "leading hyphen": "-cn", "one number": "2", "leading zero": "2.05", "trailing dot": "2.5.", "double dot": "2..5",
	} {
		if _, err := s.ParseDescription([]byte(in)); !errors.Is(err, ErrDescription) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDescriptionOfAKnownTypeDoesNotAllocate(t *testing.T) {
	s := mustDefault(t)
	in := []byte("objectCLASS")
	if n := testing.AllocsPerRun(100, func() {
		if d, err := s.ParseDescription(in); err != nil || d.Type != s.ObjectClassType {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDescriptionCoversStoredOnes(t *testing.T) {
	s := mustDefault(t)
	for _, c := range []struct {
		asked, stored string
		want          bool
	}{
		{"cn", "cn", true}, {"cn", "sn", false}, {"name", "cn", true}, {"name", "sn;lang-de", true}, {"cn", "name", false},
		{"sn", "sn;lang-de", true}, {"sn;lang-de", "sn", false}, {"sn;lang-de", "sn;lang-de;x-a", true}, {"sn;x-a;lang-de", "sn;lang-de;x-a", true},
		{"sn;lang-", "sn;lang-de", true}, {"sn;lang-", "sn;x-a", false}, {"sn;lang-d", "sn;lang-de", false}, {"nosuch", "nosuch", true},
		{"nosuch", "nosuch2", false}, {"distinguishedName", "member", true}, {"name;lang-en", "cn;lang-en", true},
	} {
		d, err := s.ParseDescription([]byte(c.asked))
		if err != nil {
			t.Fatal(err)
		}
		if d.Covers([]byte(c.stored)) != c.want {
			t.Errorf("%s covers %s: not %v", c.asked, c.stored, c.want)
		}
	}
}

func TestLookupsIgnoreCaseAndLength(t *testing.T) {
	s := mustDefault(t)
	if s.AttributeType([]byte("OBJECTCLASS")) != s.ObjectClassType || s.ObjectClass([]byte("INETorgPERSON")) == nil ||
		s.MatchingRule([]byte("CASEIGNOREMATCH")) == nil || s.AttributeType([]byte(strings.Repeat("x", 1000))) != nil || s.AttributeType(nil) != nil {
		t.Error("lookup")
	}
	long := "a" + strings.Repeat("B", 100)
	s = load(t, "attributetype ( 1.2.3 NAME '"+long+"' SUP name )\n")
	if s.AttributeType([]byte(strings.ToUpper(long))) == nil {
		t.Error("long name not found")
	}
}

func FuzzDescription(f *testing.F) {
	s := mustDefault(f)
	for _, seed := range []string{"cn", "CN;lang-de;x", "2.5.4.3;binary", "cn;", "", "x;a=b:c", "1.2", "cn\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := s.ParseDescription(text)
		if err != nil {
			if !errors.Is(err, ErrDescription) {
				t.Fatal(err)
			}
			return
		}
		canonical := d.String()
		again, err := s.ParseDescription([]byte(canonical))
		if err != nil || again != d {
			t.Fatalf("%q is %q, which is %q, %v", text, canonical, again, err)
		}
		if !d.Covers([]byte(canonical)) {
			t.Fatalf("%q does not cover itself", canonical)
		}
	})
}
