package schema

import (
	"slices"
	"strings"
	"testing"
)

func TestSubschemaEntryReadsBack(t *testing.T) {
	s := load(t, "attributetype ( 1.2.3.1 NAME 'siteA' DESC 'it\\27s' SUP name SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 OBSOLETE X-ORIGIN 'a' )\n"+
		"objectclass ( 1.2.3.2 SUP ( top $ person ) MAY siteA X-B ( 'c' 'd' ) )\n")
	e := s.Subschema()
	if e.DN != SubschemaDN {
		t.Error(e.DN)
	}
	var text strings.Builder
	for _, name := range []string{"attributeTypes", "objectClasses"} {
		for _, v := range e.Get(name) {
			text.WriteString(name + ": " + string(v) + "\n")
		}
	}
	again, err := Load(Text{"published", []byte(text.String())})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := e.Get("attributeTypes"), again.Subschema().Get("attributeTypes"); len(a) < 150 || len(a) != len(b) {
		t.Errorf("%d attribute types, %d", len(a), len(b))
	}
	for i, v := range again.Subschema().Get("objectClasses") {
		if string(v) != string(e.Get("objectClasses")[i]) {
			t.Errorf("%s became %s", e.Get("objectClasses")[i], v)
		}
	}
	for _, want := range []string{
		`( 1.2.3.2 SUP ( top $ person ) STRUCTURAL MAY siteA X-B ( 'c' 'd' ) )`,
		`( 2.5.6.0 NAME 'top' DESC 'top of the superclass chain' ABSTRACT MUST objectClass )`,
	} {
		if !slices.ContainsFunc(e.Get("objectClasses"), func(v []byte) bool { return string(v) == want }) {
			t.Errorf("not published: %s", want)
		}
	}
	for _, want := range []string{
		`( 1.2.3.1 NAME 'siteA' DESC 'it\27s' OBSOLETE SUP name SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 X-ORIGIN 'a' )`,
		`( 2.5.18.1 NAME 'createTimestamp' DESC 'RFC4512: time which object was created' EQUALITY generalizedTimeMatch ` +
			`ORDERING generalizedTimeOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )`,
		`( 2.5.4.6 NAME ( 'c' 'countryName' ) DESC 'RFC4519: two-letter ISO 3166 country code' SUP name SYNTAX 1.3.6.1.4.1.1466.115.121.1.11 SINGLE-VALUE )`,
	} {
		if !slices.ContainsFunc(e.Get("attributeTypes"), func(v []byte) bool { return string(v) == want }) {
			t.Errorf("not published: %s", want)
		}
	}
}

// The subschema entry is an entry like any other: its values have the right
// syntax and its classes allow them.
func TestSubschemaEntryObeysItself(t *testing.T) {
	s := mustDefault(t)
	e := s.Subschema()
	for _, list := range [][]Attribute{e.Attributes, e.Operational} {
		for i := range list {
			a := &list[i]
			if a.Desc.Type == nil {
				t.Fatalf("%s is not defined", a.Desc)
			}
			if err := s.checkValues(&a.Desc, a.Values); err != nil {
				t.Errorf("%s: %v", a.Desc, err)
			}
		}
	}
	if err := s.CheckEntry(e); err != nil {
		t.Error(err)
	}
	if len(e.UUID) != 16 || e.UUID == (UUID{}) {
		t.Error("no UUID")
	}
}

func TestMatchingRuleUseNamesOnlyWhatFits(t *testing.T) {
	s := mustDefault(t)
	uses := map[string]string{}
	for _, v := range s.Subschema().Get("matchingRuleUse") {
		d, err := parseDefinition(string(v))
		if err != nil {
			t.Fatal(err)
		}
		applies, _ := d.get("APPLIES")
		uses[d.one("NAME")] = " " + strings.Join(applies, " ") + " "
	}
	if !strings.Contains(uses["integerMatch"], " uidNumber ") || strings.Contains(uses["integerMatch"], " cn ") ||
		!strings.Contains(uses["caseExactMatch"], " cn ") || strings.Contains(uses["octetStringMatch"], "userPassword") ||
		uses["caseIgnoreSubstringsMatch"] != "" {
		t.Errorf("%v", uses)
	}
}

func TestShippedDefinitions(t *testing.T) {
	s := mustDefault(t)
	for _, names := range []string{
		"top alias subentry subschema extensibleObject referral changeLogEntry",
		"country locality organization organizationalUnit person organizationalPerson organizationalRole groupOfNames device",
		"groupOfUniqueNames uidObject dcObject simpleSecurityObject labeledURIObject applicationProcess residentialPerson",
		"account document room domain friendlyCountry inetOrgPerson posixAccount posixGroup shadowAccount ipHost nisMap ieee802Device",
		"utContainer utUser utToken utDesktop utReader utCardType utAdmin utAdminUser utPolicy utKioskSession utMultihead utServer",
	} {
		for _, n := range strings.Fields(names) {
			if s.ObjectClass([]byte(n)) == nil {
				t.Errorf("no object class %s", n)
			}
		}
	}
	for _, n := range []string{"entryUUID", "entryDN", "entryCSN", "contextCSN", "createTimestamp", "creatorsName", "modifyTimestamp", "modifiersName",
		"hasSubordinates", "numSubordinates", "structuralObjectClass", "subschemaSubentry"} {
		at := s.AttributeType([]byte(n))
		if at == nil || at.Name != n || !at.NoUserModification || !at.Operational() {
			t.Errorf("%s: %+v", n, at)
		}
	}
	for name, want := range map[string]string{"utport": "integerMatch", "utflags": "integerMatch", "utprobeorder": "integerMatch",
		"utcreated": "generalizedTimeMatch", "utenabled": "booleanMatch", "utowner": "distinguishedNameMatch", "utmember": "distinguishedNameMatch",
		"utpublickey": "octetStringMatch", "utname": "caseIgnoreMatch", "utrole": "caseIgnoreMatch", "userPassword": "octetStringMatch"} {
		if at := s.AttributeType([]byte(name)); at == nil || at.Equality == nil || at.Equality.Name != want {
			t.Errorf("%s: %+v", name, at)
		}
	}
	for name, single := range map[string]bool{"utport": true, "utmac": true, "utcreated": true, "utlastseen": true, "utenabled": true, "utflags": true,
		"utmodel": true, "utkeystatus": true, "uttoken": false, "utserver": false, "utmember": false} {
		if s.AttributeType([]byte(name)).SingleValue != single {
			t.Errorf("%s: single value is not %v", name, single)
		}
	}
	for _, n := range []string{"utname", "cn", "utusername", "utlocation", "utotherinfo"} {
		if s.AttributeType([]byte(n)).Substr == nil {
			t.Errorf("%s has no substrings rule", n)
		}
	}
	if !s.UserPassword.Secret || s.AttributeType([]byte("cn")).Secret || s.ObjectClassType == nil || s.AliasedObject == nil || s.Ref == nil {
		t.Error("types that the server handles")
	}
	seen := map[string]string{}
	for _, at := range s.attributeList {
		if old := seen[at.OID]; old != "" {
			t.Errorf("%s and %s share a number", at.Name, old)
		}
		seen[at.OID] = at.Name
		if at.Syntax == nil {
			t.Errorf("%s has no syntax", at.Name)
		}
		for _, r := range []*MatchingRule{at.Equality, at.Ordering, at.Substr} {
			if r != nil && r.Normalize == nil {
				t.Errorf("%s: %s cannot normalise", at.Name, r.Name)
			}
		}
	}
}

// The default tree of a data store is made of entries that the schema takes.
func TestSunRayEntries(t *testing.T) {
	s := mustDefault(t)
	for dn, lines := range map[string][]string{
		"o=utdata":                          {"objectClass: top", "objectClass: organization"},
		"utname=tokens,utname=g,o=utdata":   {"objectClass: utContainer", "description: tokens"},
		"cn=utadmin,utname=g,o=utdata":      {"objectClass: utAdmin", "userPassword: {SSHA}x"},
		"utname=pseudo.080020861234,o=x":    {"objectClass: utToken", "uttoken: pseudo.080020861234", "utowner: utname=joe,o=x", "utport: 7007", "utenabled: TRUE", "utflags: 0"},
		"utname=joe,o=x":                    {"objectClass: utUser", "sn: User", "utusername: Joe User", "utcreated: 20200101000000Z", "utotherinfo: x"},
		"utname=080020861234,utname=d,o=x":  {"objectClass: utDesktop", "utmac: 080020861234", "utlocation: Room 1", "utpublickey: \x00\x01", "utkeystatus: confirmed"},
		"utname=kiosk1,utname=kiosk,o=x":    {"objectClass: utKioskSession", "utsessiontype: kiosk", "utkioskconfig: a"},
		"utname=h1,utname=multihead,o=x":    {"objectClass: utMultihead", "utmember: utname=a,o=x", "utgeometry: 2x1"},
		"utname=srv,utname=servers,o=x":     {"objectClass: utServer", "utrole: primary", "utport: 7012"},
		"utname=admin1,utname=admins,o=x":   {"objectClass: utAdminUser", "uid: admin1"},
		"utname=c,utname=cardtypes,o=x":     {"objectClass: utCardType", "utprobeorder: 1", "utcardconfig: x"},
		"utname=r,utname=readers,o=x":       {"objectClass: utReader", "utlocation: here"},
		"utname=pol,utname=policy,o=utdata": {"objectClass: utPolicy", "utpolicyflag: -z both", "utsessiontype: x"},
	} {
		e, err := s.NewEntry(dn, raw(lines...), false)
		if err == nil {
			err = s.CheckEntry(e)
		}
		wantResult(t, dn, err, "")
	}
	e, _ := s.NewEntry("utname=a,o=x", raw("objectClass: utContainer", "utport: 1"), false)
	wantResult(t, "attribute of another class", s.CheckEntry(e), "65 attribute 'utport' not allowed")
}

func BenchmarkDefault(b *testing.B) {
	for b.Loop() {
		if _, err := Default(); err != nil {
			b.Fatal(err)
		}
	}
}
