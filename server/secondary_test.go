package server

import (
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// secondary is a server that takes no writes.
func secondary(t *testing.T) *world {
	w := newWorld(t, func(o *Options) { o.Referral = func() string { return "ldap://primary.example:7012" } })
	w.users(3)
	return w
}

func TestSecondaryRefersWrites(t *testing.T) {
	w := secondary(t)
	for _, dn := range []string{"", adminDN} {
		for _, version := range []int{3, 2} {
			c := w.dial()
			password := ""
			if dn != "" {
				password = adminSecret
			}
			c.do(bindRequest(version, dn, password), wire.TagBindResponse, schema.Success)
			for target, u := range map[string]request{
				"cn=u0000,ou=people,o=utdata": updates()[0], "cn=new,ou=people,o=utdata": updates()[1],
				"cn=u0001,ou=people,o=utdata": updates()[2], "cn=u0002,ou=people,o=utdata": updates()[3],
			} {
				url := "ldap://primary.example:7012/" + schema.EscapeURL(target)
				if version == 3 {
					r := c.do(u.op, u.tag, schema.ReferralResult)
					if len(r.Result.Referrals) != 1 || r.Result.Referrals[0] != url {
						t.Errorf("%s: %+v", u.name, r.Result)
					}
					continue
				}
				r := c.do(u.op, u.tag, schema.PartialResults)
				if r.Result.Diagnostic != "Referral:\n"+url || len(r.Result.Referrals) != 0 {
					t.Errorf("%s: %+v", u.name, r.Result)
				}
			}
		}
	}
	c := w.admin()
	r := c.do(passwordRequest(userDN(0), "-", "x"), wire.TagExtendedResponse, schema.ReferralResult)
	if len(r.Result.Referrals) != 1 || r.Result.Referrals[0] != "ldap://primary.example:7012/"+schema.EscapeURL(userDN(0)) {
		t.Errorf("Password Modify: %+v", r.Result)
	}
	if f := c.search(everything()).wantCode(c, schema.Success); len(f.names) != 3 {
		t.Errorf("found %v", f.names)
	}
}

func TestSecondaryRefersWhoMustNotGetACopy(t *testing.T) {
	w := secondary(t)
	c := w.dial()
	k := control1(oidDontUseCopy, true, nil)
	r := c.search(ask{base: people, controls: k}).wantCode(c, schema.ReferralResult).done.Result
	if len(r.Referrals) != 1 || r.Referrals[0] != "ldap://primary.example:7012/"+schema.EscapeURL(people) {
		t.Errorf("%+v", r)
	}
	c.do(compare(people, "ou", "people"), wire.TagCompareResponse, schema.ReferralResult, k)
	primary := newWorld(t, nil).dial()
	primary.search(ask{base: people, attrs: []string{"ou"}, controls: k}).wantLines(primary, "ou: people")
}

func TestPrimaryRefusesWritesOfNobody(t *testing.T) {
	w := newWorld(t, nil)
	w.users(3)
	c, user := w.dial(), w.dial()
	user.bind(userDN(0), "hidden value")
	for _, u := range updates() {
		if r := c.do(u.op, u.tag, schema.StrongerAuthRequired); r.Result.MatchedDN != "" || r.Result.Diagnostic == "" {
			t.Errorf("%s: %+v", u.name, r.Result)
		}
		user.do(u.op, u.tag, schema.InsufficientAccessRights)
	}
	for _, u := range updates() {
		w.admin().do(u.op, u.tag, schema.Success)
	}
	c.do(del("cn=none,"+people), wire.TagDelResponse, schema.StrongerAuthRequired)
}

func TestReferralEntries(t *testing.T) {
	w := newWorld(t, nil)
	dn := "cn=away," + people
	w.store.put(t, dn, "objectClass: referral", "objectClass: extensibleObject", "cn: away", "ref: ldap://other.example/cn=away,o=x", "ref: ldaps://second.example", "ref: nonsense")
	c := w.admin()
	f := c.search(ask{base: people, scope: schema.ScopeSub, filter: "(cn=nothing)"}).wantCode(c, schema.Success)
	if strings.Join(f.urls, " ") != "ldap://other.example/cn=away,o=x??sub ldaps://second.example/"+schema.EscapeURL(dn)+"??sub" {
		t.Errorf("references: %v", f.urls)
	}
	manage := control1(oidManageDsaIT, true, nil)
	f = c.search(ask{base: people, scope: schema.ScopeOne, attrs: []string{"cn"}, controls: manage})
	f.wantLines(c, "cn: away")
	if len(f.urls) != 0 {
		t.Errorf("references in spite of ManageDsaIT: %v", f.urls)
	}
	c.search(ask{base: dn}).wantCode(c, schema.ReferralResult)
	c.search(ask{base: dn, controls: control1(oidAssertion, true, filterBytes("(cn=other)"))}).wantCode(c, schema.ReferralResult)
	c.do(compare(dn, "cn", "away"), wire.TagCompareResponse, schema.ReferralResult)
	c.do(compare(dn, "cn", "away"), wire.TagCompareResponse, schema.CompareTrue, manage)
	c.do(replace(dn, "description", "x"), wire.TagModifyResponse, schema.ReferralResult)
	c.do(replace(dn, "description", "x"), wire.TagModifyResponse, schema.Success, manage)
}
