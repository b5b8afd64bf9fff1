package dataset

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestEntriesAreAsLongAsThoseOfSites(t *testing.T) {
	const n = 5000
	var b bytes.Buffer
	if err := WriteLDIF(&b, n); err != nil {
		t.Fatal(err)
	}
	if got := b.Len() / (n + Above); got < 400 || got > 440 {
		t.Errorf("%d bytes an entry", got)
	}
	if got := strings.Count(b.String(), "\ndn: ") + 1; got != n+Above {
		t.Errorf("%d entries, want %d", got, n+Above)
	}
	for _, c := range b.Bytes() {
		if c > 0x7e {
			t.Fatalf("byte %#x stands in the LDIF", c)
		}
	}
}

func TestDataIsTheSameEachTime(t *testing.T) {
	var a, b bytes.Buffer
	if WriteLDIF(&a, 100) != nil || WriteLDIF(&b, 100) != nil || a.String() != b.String() {
		t.Error("two runs differ")
	}
	// The beginning of a larger set is the smaller one.
	if WriteLDIF(&b, 200) != nil || !strings.HasPrefix(b.String()[a.Len():], a.String()) {
		t.Error("a larger set begins otherwise")
	}
}

func TestUsersAreFoundByNumberAndName(t *testing.T) {
	for n := range 40 {
		users := 0
		for i := range n {
			e := At(i)
			k, ok := UserOfDN([]byte(e.DN))
			if ok != strings.Contains(e.DN, "utname=users") {
				t.Errorf("%s: user %v", e.DN, ok)
			}
			if ok {
				if k != users || NumberOfUser(k) != i || e.DN != UserDN(k) {
					t.Errorf("%s is user %d of number %d", e.DN, k, NumberOfUser(k))
				}
				users++
			}
		}
		if CountUsers(n) != users {
			t.Errorf("of %d entries %d are users, not %d", n, users, CountUsers(n))
		}
	}
	for _, dn := range []string{"", "utname=usr000000x," + Users, UserDN(1) + "x", "utname=users," + farm} {
		if _, ok := UserOfDN([]byte(dn)); ok {
			t.Errorf("%q is a user", dn)
		}
	}
}

func TestNamesAndValuesThatAreAskedForAreUnique(t *testing.T) {
	seen := map[string]string{}
	Each(3000, func(e Entry) {
		for _, key := range []string{"dn " + e.DN, "print " + fmt.Sprint(e.Print())} {
			if other := seen[key]; other != "" {
				t.Errorf("%s: %s and %s", key, other, e.DN)
			}
			seen[key] = e.DN
		}
	})
}

func TestPrintTellsContentApartAndNotItsOrder(t *testing.T) {
	e := Entry{"utname=A," + Suffix, []Attribute{{"cn", []string{"x", "y"}}, {"sn", []string{"z"}}}}
	same := Entry{"UTNAME=a," + Suffix, []Attribute{{"SN", []string{"z"}}, {"Cn", []string{"y", "x"}}}}
	if e.Print() != same.Print() {
		t.Error("order or case of types makes a difference")
	}
	for _, other := range []Entry{
		{"utname=B," + Suffix, e.Attributes},
		{e.DN, []Attribute{{"cn", []string{"x", "Y"}}, {"sn", []string{"z"}}}},
		{e.DN, []Attribute{{"cn", []string{"x", "y", "y"}}, {"sn", []string{"z"}}}},
		{e.DN, []Attribute{{"cn", []string{"x"}}, {"sn", []string{"z", "y"}}}},
		{e.DN, []Attribute{{"cn", []string{"x", "y"}}}},
	} {
		if e.Print() == other.Print() {
			t.Errorf("%v has the print of %v", other, e)
		}
	}
}

func TestAddedEntriesDependOnNothingButTheirName(t *testing.T) {
	a, b := Added("b00000001", 6), Added("b00000002", 7)
	if a.DN == b.DN || len(a.DN) != len(b.DN) || !strings.HasSuffix(a.DN, Users) {
		t.Errorf("%s and %s", a.DN, b.DN)
	}
	for i, x := range a.Attributes {
		y := b.Attributes[i]
		if x.Name != "utname" && x.Name != "uid" && fmt.Sprint(x) != fmt.Sprint(y) {
			t.Errorf("%v and %v", x, y)
		}
	}
}
