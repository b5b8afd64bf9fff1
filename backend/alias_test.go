package backend_test

import (
	"testing"

	"github.com/sunray-ds/utdsd/schema"
)

func alias(dn, target string) *schema.Change {
	return add(dn, "objectClass: alias", "objectClass: extensibleObject", "aliasedObjectName: "+target)
}

// newAliasWorld has ou=a with two persons, ou=b with aliases to one of them and
// to all of ou=a, and chains.
func newAliasWorld(t *testing.T) *world {
	w := newWorld(t)
	for _, c := range []*schema.Change{
		add("ou=a,"+suffix, "objectClass: organizationalUnit"), add("ou=b,"+suffix, "objectClass: organizationalUnit"),
		add("cn=one,ou=a,"+suffix, "objectClass: person", "sn: x"), add("cn=two,ou=a,"+suffix, "objectClass: person", "sn: x"),
		add("cn=own,ou=b,"+suffix, "objectClass: person", "sn: x"),
		alias("cn=first,ou=b,"+suffix, "cn=one,ou=a,"+suffix),
		alias("ou=linked,ou=b,"+suffix, "ou=a,"+suffix),
		alias("ou=chain,"+suffix, "ou=linked,ou=b,"+suffix),
		alias("cn=dangling,"+suffix, "cn=nobody,"+suffix),
		alias("cn=abroad,"+suffix, "o=other"),
		alias("cn=ring1,"+suffix, "cn=ring2,"+suffix), alias("cn=ring2,"+suffix, "cn=ring1,"+suffix),
	} {
		w.must(c)
	}
	return w
}

func TestAliasesAreFollowedAsAsked(t *testing.T) {
	w := newAliasWorld(t)
	a, b := "ou=a,"+suffix, "ou=b,"+suffix
	one, two, own := "cn=one,"+a, "cn=two,"+a, "cn=own,"+b
	sn, any := present("sn"), present("objectClass")
	for _, c := range []struct {
		base   string
		scope  schema.Scope
		deref  schema.Deref
		filter []schema.FilterNode
		want   []string
	}{
		{b, schema.ScopeSub, schema.DerefNever, any, []string{b, own, "cn=first," + b, "ou=linked," + b}},
		{b, schema.ScopeSub, schema.DerefFinding, any, []string{b, own, "cn=first," + b, "ou=linked," + b}},
		{b, schema.ScopeSub, schema.DerefSearching, sn, []string{own, one, two}}, // cn=one once, though it is reached twice
		{b, schema.ScopeOne, schema.DerefSearching, any, []string{own, one, a}},
		{b, schema.ScopeChildren, schema.DerefAlways, sn, []string{own, one, two}},
		{suffix, schema.ScopeSub, schema.DerefAlways, sn, []string{one, two, own}},
		{"ou=linked," + b, schema.ScopeBase, schema.DerefFinding, any, []string{a}},
		{"ou=linked," + b, schema.ScopeBase, schema.DerefSearching, any, []string{"ou=linked," + b}},
		{"ou=linked," + b, schema.ScopeOne, schema.DerefFinding, any, []string{one, two}},
		{"cn=two,ou=linked," + b, schema.ScopeBase, schema.DerefAlways, any, []string{two}},
		{"cn=two,ou=chain," + suffix, schema.ScopeSub, schema.DerefAlways, any, []string{two}},
		{"ou=chain," + suffix, schema.ScopeBase, schema.DerefNever, any, []string{"ou=chain," + suffix}},
		{"cn=dangling," + suffix, schema.ScopeBase, schema.DerefSearching, any, []string{"cn=dangling," + suffix}},
	} {
		for _, examine := range []int{0, 1} {
			q := w.query(c.base, c.scope, w.filter(c.filter))
			q.Deref, q.Examine = c.deref, examine
			w.finds(q, c.want...)
		}
	}
}

func TestAliasesThatLeadNowhere(t *testing.T) {
	w := newAliasWorld(t)
	for base, code := range map[string]schema.ResultCode{
		"cn=dangling," + suffix:              schema.AliasProblem,
		"cn=x,cn=dangling," + suffix:         schema.AliasProblem,
		"cn=abroad," + suffix:                schema.AliasDereferencingProblem,
		"cn=ring1," + suffix:                 schema.LoopDetect,
		"cn=nobody,ou=linked,ou=b," + suffix: schema.NoSuchObject,
	} {
		q := w.query(base, schema.ScopeBase, w.filter(present("objectClass")))
		q.Deref = schema.DerefFinding
		if _, err := w.search(q); resultOf(err) == nil || resultOf(err).Code != code {
			t.Errorf("%q: %v, want %d", base, err, code)
		}
	}
}

func TestNothingLivesBelowAnAlias(t *testing.T) {
	w := newAliasWorld(t)
	link := "ou=linked,ou=b," + suffix
	if r := w.refused(add("cn=x,"+link, "objectClass: person", "sn: x"), schema.AliasProblem); r.MatchedDN != link {
		t.Errorf("matchedDN %q", r.MatchedDN)
	}
	w.refused(move("cn=own,ou=b,"+suffix, "cn=own", link), schema.AliasProblem)
	w.must(remove(link))
	w.must(rename("cn=ring1,"+suffix, "cn=ring3"))
	if st := w.Stats(); st.Aliases != 6 {
		t.Errorf("%d aliases, want 6", st.Aliases)
	}
}
