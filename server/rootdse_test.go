package server

import (
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

func TestRootDSE(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Version = "1.2.3" })
	c := w.dial()
	c.search(ask{}).wantLines(c, "objectClass: top", "objectClass: extensibleObject")
	c.search(ask{attrs: []string{"namingContexts", "supportedLDAPVersion", "vendorName", "vendorVersion", "subschemaSubentry"}}).
		wantLines(c, "namingContexts: o=utdata", "supportedLDAPVersion: 2", "supportedLDAPVersion: 3", "vendorName: utdsd", "vendorVersion: 1.2.3", "subschemaSubentry: cn=schema")
	all := c.search(ask{attrs: []string{"+"}}).wantCode(c, schema.Success).lines
	for _, oid := range []string{oidPaged, oidSortRequest, oidAssertion, oidPreRead, oidPostRead, oidMatchedValues, oidManageDsaIT, oidSubentries, oidDontUseCopy} {
		if !slices.Contains(all, "supportedControl: "+oid) {
			t.Errorf("control %s is not announced", oid)
		}
	}
	for _, line := range all {
		oid, ok := strings.CutPrefix(line, "supportedControl: ")
		if ok && oid != oidSortResponse && controlUse([]byte(oid)) == 0 {
			t.Errorf("control %s is announced", oid)
		}
		if strings.HasPrefix(line, "supportedSASLMechanisms") {
			t.Errorf("%s, which works on the local socket alone", line)
		}
	}
	for _, x := range []struct {
		filter string
		found  bool
	}{
		{"(supportedFeatures=1.3.6.1.4.1.4203.1.5.1)", true}, {"(&)", true}, {"(|)", false}, {"(objectClass=person)", false},
		{"(supportedFeatures=1.3.6.1.1.14)", true}, {"(supportedFeatures=1.2.3)", false}, {"(namingContexts=O = UTdata)", true},
	} {
		if f := c.search(ask{filter: x.filter}).wantCode(c, schema.Success); (len(f.names) == 1) != x.found {
			t.Errorf("%s: %v", x.filter, f.names)
		}
	}
	for _, scope := range []schema.Scope{schema.ScopeOne, schema.ScopeSub, schema.ScopeChildren} {
		c.search(ask{scope: scope}).wantCode(c, schema.NoSuchObject)
	}
	c.do(compare("", "objectClass", "top"), wire.TagCompareResponse, schema.CompareTrue)
	c.do(compare("", "supportedFeatures", "1.2.3"), wire.TagCompareResponse, schema.CompareFalse)
	c.do(compare("", "cn", "x"), wire.TagCompareResponse, schema.NoSuchAttribute)
}

func TestSubschema(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dial()
	f := c.search(ask{base: "CN=Schema", filter: "(objectClass=subschema)", attrs: []string{"attributeTypes", "objectClasses", "ldapSyntaxes", "matchingRules"}}).wantCode(c, schema.Success)
	if len(f.names) != 1 || !strings.Contains(strings.Join(f.lines, "\n"), "NAME 'utname'") {
		t.Errorf("found %v, %d lines", f.names, len(f.lines))
	}
	for _, x := range []struct {
		a    ask
		want int
	}{
		{ask{base: "cn=schema"}, 1}, {ask{base: "cn=schema", scope: schema.ScopeSub}, 1}, {ask{base: "cn=schema", scope: schema.ScopeOne}, 0},
		{ask{base: "cn=schema", scope: schema.ScopeChildren}, 0}, {ask{base: "cn=schema", filter: "(cn=other)"}, 0},
		{ask{base: "cn=schema", filter: "(attributeTypes=utname)"}, 1}, {ask{base: "cn=schema", filter: "(objectClasses=noSuchClass)"}, 0},
	} {
		if f := c.search(x.a).wantCode(c, schema.Success); len(f.names) != x.want {
			t.Errorf("%+v: %v", x.a, f.names)
		}
	}
	c.search(ask{base: "cn=x,cn=schema"}).wantCode(c, schema.NoSuchObject)
}

func TestVirtualEntriesCannotBeChanged(t *testing.T) {
	w := newWorld(t, nil)
	c := w.admin()
	for _, dn := range []string{"", "cn=schema"} {
		c.do(replace(dn, "cn", "x"), wire.TagModifyResponse, schema.UnwillingToPerform)
		c.do(del(dn), wire.TagDelResponse, schema.UnwillingToPerform)
		c.do(rename(dn, "cn=x"), wire.TagModifyDNResponse, schema.UnwillingToPerform)
		c.do(add(dn, "objectClass: person", "sn: x", "cn: x"), wire.TagAddResponse, schema.EntryAlreadyExists)
	}
}

func TestCompare(t *testing.T) {
	w := newWorld(t, nil)
	w.users(1)
	c := w.dial()
	for _, x := range []struct {
		dn, attr, value string
		want            schema.ResultCode
	}{
		{userDN(0), "sn", "S0", schema.CompareTrue}, {userDN(0), "sn", "s1", schema.CompareFalse}, {userDN(0), "mail", "x", schema.NoSuchAttribute},
		{userDN(0), "noSuchThing", "x", schema.UndefinedAttributeType}, {userDN(0), ";", "x", schema.UndefinedAttributeType},
		{userDN(0), "uidNumber", "many", schema.InvalidAttributeSyntax}, {userDN(0), "objectClass", "person", schema.CompareTrue},
		{userDN(0), "entryDN", strings.ToUpper(userDN(0)), schema.CompareTrue}, {userDN(0), "cn;lang-de", "u0000", schema.NoSuchAttribute},
		{"cn=none," + people, "sn", "x", schema.NoSuchObject}, {"nobody", "sn", "x", schema.InvalidDNSyntax},
		{userDN(0), "userPassword", "hidden value", schema.InsufficientAccessRights}, {people, "userPassword", "x", schema.InsufficientAccessRights},
		{userDN(0), "audio", "x", schema.InappropriateMatching},
	} {
		r := c.do(compare(x.dn, x.attr, x.value), wire.TagCompareResponse, x.want)
		if x.want == schema.NoSuchObject && r.Result.MatchedDN != people {
			t.Errorf("matched DN %q", r.Result.MatchedDN)
		}
	}
	w.admin().do(compare(userDN(0), "userPassword", "hidden value"), wire.TagCompareResponse, schema.CompareTrue)
}

func TestForeignLibraryReadsRootDSEAndSchema(t *testing.T) {
	w := newWorld(t, nil)
	l, err := ldap.DialURL("ldap://" + w.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r, err := l.Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, 0, 0, 0, false, "(objectClass=*)", []string{"subschemaSubentry"}, nil))
	if err != nil || len(r.Entries) != 1 {
		t.Fatal(r, err)
	}
	r, err = l.Search(ldap.NewSearchRequest(r.Entries[0].GetAttributeValue("subschemaSubentry"), ldap.ScopeBaseObject, 0, 0, 0, false, "(objectClass=subschema)", []string{"+"}, nil))
	if err != nil || len(r.Entries) != 1 || len(r.Entries[0].GetAttributeValues("attributeTypes")) < 100 {
		t.Fatal(r, err)
	}
}
