// large_test.go: an entry with very many values and one with very many children.

package flow

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	manyValues   = 100_000
	manyChildren = 10_000
	groupDN      = "cn=all," + farm
	crowdDN      = "utname=users," + farm
)

func memberDN(i int) string { return fmt.Sprintf("utname=m%06d,%s", i, crowdDN) }

// TestManyValuesAndManyChildren loads both, and then reads, finds, compares and
// changes single ones of them, as administrators do with small ones.
func TestManyValuesAndManyChildren(t *testing.T) {
	var text strings.Builder
	text.WriteString(tree() + "dn: " + groupDN + "\nobjectClass: top\nobjectClass: groupOfNames\ncn: all\n")
	for i := range manyValues {
		text.WriteString("member: " + memberDN(i) + "\n")
	}
	for i := range manyChildren {
		fmt.Fprintf(&text, "\ndn: %s\nobjectClass: top\nobjectClass: utUser\nutname: m%06d\n", memberDN(i), i)
	}
	u := harness.NewUtdsd(t, harness.Options{Plain: true})
	load(t, u.Root, text.String()).want(t, 0)
	u.Restart(t)
	c := bind(t, u.Endpoint())

	one := func(base string, scope int, filter string, attributes ...string) []*ldap.Entry {
		t.Helper()
		r, err := c.Search(ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, 0, 0, false, filter, attributes, nil))
		if err != nil {
			t.Fatal(err)
		}
		return r.Entries
	}
	members := func() []string {
		t.Helper()
		values := one(groupDN, ldap.ScopeBaseObject, "(objectClass=*)", "member")[0].GetAttributeValues("member")
		slices.Sort(values)
		return values
	}
	has := func(dn string, want bool) {
		t.Helper()
		if yes, err := c.Compare(groupDN, "member", dn); err != nil || yes != want {
			t.Errorf("compare %s: %v, %v", dn, yes, err)
		}
		if n := len(one("o=utdata", ldap.ScopeWholeSubtree, "(member="+dn+")", "1.1")); (n == 1) != want {
			t.Errorf("%d groups have %s", n, dn)
		}
	}
	change := func(set func(*ldap.ModifyRequest)) {
		t.Helper()
		m := ldap.NewModifyRequest(groupDN, nil)
		set(m)
		if err := c.Modify(m); err != nil {
			t.Fatal(err)
		}
	}

	if n := len(members()); n != manyValues {
		t.Errorf("%d values are read", n)
	}
	has(memberDN(manyValues/2), true)
	has(memberDN(manyValues), false)
	change(func(m *ldap.ModifyRequest) { m.Add("member", []string{memberDN(manyValues)}) })
	change(func(m *ldap.ModifyRequest) { m.Delete("member", []string{memberDN(1)}) })
	has(memberDN(manyValues), true)
	has(memberDN(1), false)
	again := ldap.NewModifyRequest(groupDN, nil)
	again.Add("member", []string{strings.ToUpper(memberDN(7))}) // the same by another spelling
	if err := c.Modify(again); !ldap.IsErrorWithCode(err, ldap.LDAPResultAttributeOrValueExists) {
		t.Errorf("a value twice: %v", err)
	}
	if got := members(); len(got) != manyValues || got[1] != memberDN(2) || got[manyValues-1] != memberDN(manyValues) {
		t.Errorf("%d values after the changes, from %q to %q", len(got), got[1], got[len(got)-1])
	}

	children := func(want int) {
		t.Helper()
		if n := len(one(crowdDN, ldap.ScopeSingleLevel, "(objectClass=*)", "1.1")); n != want {
			t.Errorf("%d children, not %d", n, want)
		}
		if n := one(crowdDN, ldap.ScopeBaseObject, "(objectClass=*)", "numSubordinates")[0].GetAttributeValue("numSubordinates"); n != fmt.Sprint(want) {
			t.Errorf("numSubordinates %s, not %d", n, want)
		}
	}
	children(manyChildren)
	add := ldap.NewAddRequest(memberDN(manyChildren), nil)
	add.Attribute("objectClass", []string{"utUser"})
	if err := c.Add(add); err != nil {
		t.Fatal(err)
	}
	children(manyChildren + 1)
	if err := c.Del(ldap.NewDelRequest(memberDN(0), nil)); err != nil {
		t.Fatal(err)
	}
	if err := c.ModifyDN(ldap.NewModifyDNRequest(memberDN(1), "utname=zz", true, "")); err != nil {
		t.Fatal(err)
	}
	children(manyChildren)
	if n := len(one(crowdDN, ldap.ScopeSingleLevel, "(utname=m00012*)", "1.1")); n != 10 {
		t.Errorf("%d children are found by a part of their names", n)
	}
	u.Stop(t)
	check(t, u.Root)
}
