package backend_test

import (
	"slices"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// referral makes a referral entry, as ManageDsaIT allows.
func referral(dn string, refs ...string) *schema.Change {
	lines := []string{"objectClass: referral", "objectClass: extensibleObject"}
	for _, r := range refs {
		lines = append(lines, "ref: "+r)
	}
	c := add(dn, lines...)
	c.ManageDsaIT = true
	return c
}

const away = "ou=away,ou=people,o=utdata"

// newReferralWorld has ou=away, which is at another server, and next to it
// ou=away2, which is not.
func newReferralWorld(t *testing.T) *world {
	w := newWorld(t)
	w.must(referral(away, "ldap://other.example/ou=Far,o=else The other one", "ldap://third.example"))
	w.must(add("ou=away2,"+people, "objectClass: organizationalUnit"))
	w.must(person("ann", "uid: ann"))
	return w
}

func TestSearchBaseAtOrBelowReferral(t *testing.T) {
	w := newReferralWorld(t)
	for _, c := range []struct {
		base  string
		scope schema.Scope
		want  []string
	}{
		{away, schema.ScopeBase, []string{"ldap://other.example/ou=Far,o=else??base", "ldap://third.example/ou=away%2Cou=people%2Co=utdata??base"}},
		{away, schema.ScopeSub, []string{"ldap://other.example/ou=Far,o=else??sub", "ldap://third.example/ou=away%2Cou=people%2Co=utdata??sub"}},
		{"CN=x y,cn=z," + away, schema.ScopeOne, []string{"ldap://other.example/CN=x%20y%2Ccn=z%2Cou=Far,o=else??one",
			"ldap://third.example/CN=x%20y%2Ccn=z%2Cou=away%2Cou=people%2Co=utdata??one"}},
	} {
		_, err := w.search(w.query(c.base, c.scope, w.filter(present("objectClass"))))
		r := resultOf(err)
		if r == nil || r.Code != schema.ReferralResult || r.MatchedDN != away || !slices.Equal(r.Referrals, c.want) {
			t.Errorf("%q: %+v, want referrals %q", c.base, r, c.want)
		}
	}
	q := w.query(away, schema.ScopeSub, w.filter(present("objectClass")))
	q.ManageDsaIT = true
	w.finds(q, away)
	q = w.query("cn=x,"+away, schema.ScopeSub, w.filter(present("objectClass")))
	q.ManageDsaIT = true
	if _, err := w.search(q); resultOf(err).Code != schema.NoSuchObject {
		t.Errorf("below a referral with ManageDsaIT: %v", err)
	}
	err := w.Target(w.key("cn=x,"+away), []byte("cn=x,"+away), false, func(*schema.View) error { return nil })
	if r := resultOf(err); r.Code != schema.ReferralResult || r.Referrals[0] != "ldap://other.example/cn=x%2Cou=Far,o=else" {
		t.Errorf("compare below a referral: %+v", r)
	}
}

func TestReferralsInScopeAreTold(t *testing.T) {
	w := newReferralWorld(t)
	below := person("hidden", "uid: ann")
	below.DN, below.ManageDsaIT = "cn=hidden,"+away, true
	w.must(below)
	w.must(referral("ou=inner,"+away, "ldap://inner.example"))
	for _, c := range []struct {
		base       string
		scope      schema.Scope
		filter     []schema.FilterNode
		references []string
		found      []string
	}{
		{suffix, schema.ScopeSub, present("objectClass"), []string{"ldap://other.example/ou=Far,o=else??sub"},
			[]string{suffix, people, "ou=away2," + people, "cn=ann," + people}},
		{people, schema.ScopeSub, eq("uid", "ann"), []string{"ldap://other.example/ou=Far,o=else??sub"}, []string{"cn=ann," + people}},
		{people, schema.ScopeOne, present("cn"), []string{"ldap://other.example/ou=Far,o=else??base"}, []string{"cn=ann," + people}},
		{people, schema.ScopeBase, present("ou"), nil, []string{people}},
		{suffix, schema.ScopeOne, present("ou"), nil, []string{people}},
		{"ou=away2," + people, schema.ScopeSub, present("ou"), nil, []string{"ou=away2," + people}},
	} {
		q := w.query(c.base, c.scope, w.filter(c.filter))
		q.Examine = 1 // a pause wherever possible
		if f := w.finds(q, c.found...); !slices.Equal(f.references, c.references) {
			t.Errorf("%q scope %d: references %q, want %q", c.base, c.scope, f.references, c.references)
		}
		q = w.query(c.base, c.scope, w.filter(c.filter))
		q.ManageDsaIT = true
		f, err := w.search(q)
		if err != nil || len(f.references) > 0 || len(f.dns) < len(c.found) {
			t.Errorf("%q with ManageDsaIT: %q, references %q (%v)", c.base, f.dns, f.references, err)
		}
	}
}

func TestChangesAtOrBelowReferral(t *testing.T) {
	w := newReferralWorld(t)
	for _, c := range []*schema.Change{
		add("cn=x,"+away, "objectClass: person", "sn: x"), remove(away), remove("cn=x," + away),
		replace(away, "description", "x"), rename(away, "ou=new"),
	} {
		if r := w.refused(c, schema.ReferralResult); len(r.Referrals) != 2 || r.MatchedDN != away {
			t.Errorf("kind %d: %+v", c.Kind, r)
		}
	}
	r := w.refused(add("cn=x,ou=y,"+away, "objectClass: person", "sn: x"), schema.ReferralResult)
	if len(r.Referrals) != 2 || r.Referrals[0] != "ldap://other.example/cn=x%2Cou=y%2Cou=Far,o=else" {
		t.Errorf("add below a referral: %+v", r)
	}
	w.refused(move("cn=ann,"+people, "cn=ann", away), schema.AffectsMultipleDSAs)
	c := replace(away, "ref", "ldap://new.example/")
	c.ManageDsaIT = true
	w.must(c)
	c = rename(away, "ou=gone")
	c.ManageDsaIT = true
	w.must(c)
	w.finds(w.query(people, schema.ScopeOne, w.filter(present("ou"))), "ou=away2,"+people)
	c = replace("ou=gone,"+people, "objectClass", "organizationalUnit")
	c.ManageDsaIT = true
	w.refused(c, schema.ObjectClassModsProhibited)
	c = remove("ou=gone," + people)
	c.ManageDsaIT = true
	w.must(c)
	if st := w.Stats(); st.Referrals != 0 {
		t.Errorf("%d referrals left", st.Referrals)
	}
}

func TestSpecialEntriesAreKnownAfterReopening(t *testing.T) {
	path := t.TempDir() + "/store"
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	w.must(referral(away, "ldap://other.example/"))
	w.must(alias("cn=link,"+people, suffix))
	storetest.Close(t, w.Store)
	w.Store = storetest.Open(t, path, backend.Options{})
	if st := w.Stats(); st.Referrals != 1 || st.Aliases != 1 {
		t.Errorf("stats %+v", st)
	}
	if f := w.finds(w.query(suffix, schema.ScopeSub, w.filter(present("o"))), suffix); len(f.references) != 1 {
		t.Errorf("references %q", f.references)
	}
}
