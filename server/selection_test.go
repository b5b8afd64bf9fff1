package server

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
)

const ann = "cn=Ann," + people

// annWorld has one entry with something of everything.
func annWorld(t *testing.T, change func(*Options)) *world {
	w := newWorld(t, change)
	w.store.put(t, ann, "objectClass: inetOrgPerson", "cn: Ann", "cn: Ann Archer", "cn;lang-de: Anna", "cn;lang-de;x-old: Annchen",
		"sn: Archer", "mail: ann@example.com", "telephoneNumber: 1", "telephoneNumber;x-home: 2", "userPassword: secret one",
		"oddity: kept", "createTimestamp: 20200101000000Z", "structuralObjectClass: inetOrgPerson")
	return w
}

func TestAttributeSelection(t *testing.T) {
	w := annWorld(t, nil)
	c := w.dial()
	user := []string{"objectClass: inetOrgPerson", "cn: Ann", "cn: Ann Archer", "cn;lang-de: Anna", "cn;lang-de;x-old: Annchen", "sn: Archer",
		"mail: ann@example.com", "telephoneNumber: 1", "telephoneNumber;x-home: 2", "oddity: kept"}
	operational := []string{"createTimestamp: 20200101000000Z", "structuralObjectClass: inetOrgPerson",
		"entryDN: " + ann, "hasSubordinates: FALSE", "numSubordinates: 0", "subschemaSubentry: cn=schema"}
	many := make([]string, 1000)
	for i := range many {
		many[i] = fmt.Sprintf("unknown%d", i)
	}
	many[999] = "sn"
	for _, x := range []struct {
		name  string
		attrs []string
		want  []string
	}{
		{"nothing asked", nil, user},
		{"all user attributes", []string{"*"}, user},
		{"all operational ones", []string{"+"}, operational},
		{"all", []string{"*", "+"}, append(append([]string{}, user...), operational...)},
		{"none", []string{"1.1"}, nil},
		{"none and one", []string{"1.1", "sn"}, []string{"sn: Archer"}},
		{"named", []string{"sn", "mail"}, []string{"sn: Archer", "mail: ann@example.com"}},
		{"twice, by all its names", []string{"sn", "SN", "surname", "2.5.4.4", "sn"}, []string{"sn: Archer"}},
		{"user and one operational", []string{"*", "createTimestamp"}, append(append([]string{}, user...), operational[0])},
		{"one computed", []string{"ENTRYDN"}, []string{"entryDN: " + ann}},
		{"supertype", []string{"name"}, []string{"cn: Ann", "cn: Ann Archer", "cn;lang-de: Anna", "cn;lang-de;x-old: Annchen", "sn: Archer"}},
		{"type with its options", []string{"telephoneNumber"}, []string{"telephoneNumber: 1", "telephoneNumber;x-home: 2"}},
		{"option", []string{"cn;lang-de"}, []string{"cn;lang-de: Anna", "cn;lang-de;x-old: Annchen"}},
		{"options in any order and case", []string{"CN;X-Old;LANG-DE"}, []string{"cn;lang-de;x-old: Annchen"}},
		{"language range", []string{"cn;lang-"}, []string{"cn;lang-de: Anna", "cn;lang-de;x-old: Annchen"}},
		{"option that no value has", []string{"cn;lang-fr"}, nil},
		{"supertype with option", []string{"name;x-old"}, []string{"cn;lang-de;x-old: Annchen"}},
		{"class", []string{"@person"}, []string{"objectClass: inetOrgPerson", "cn: Ann", "cn: Ann Archer", "cn;lang-de: Anna", "cn;lang-de;x-old: Annchen", "sn: Archer", "telephoneNumber: 1", "telephoneNumber;x-home: 2"}},
		{"unknown class", []string{"@nothing", "@", "@@x"}, nil},
		{"every class", []string{"@extensibleObject"}, user},
		{"unknown", []string{"noSuchThing"}, nil},
		{"unknown to the schema, in the entry", []string{"ODDITY"}, []string{"oddity: kept"}},
		{"no descriptions at all", []string{"", " ", ";", "cn;", "-x", "cn;;lang-de", "*cn", "1.", "ü"}, nil},
		{"a thousand", many, []string{"sn: Archer"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			c.search(ask{base: ann, attrs: x.attrs}).wantLines(c, x.want...)
		})
	}
	c.search(ask{base: ann, attrs: append(many, "cn")}).wantCode(c, schema.AdminLimitExceeded)
}

func TestTypesWithoutValues(t *testing.T) {
	w := annWorld(t, nil)
	c := w.dial()
	c.search(ask{base: ann, types: true, attrs: []string{"sn", "cn", "entryDN", "userPassword"}}).
		wantLines(c, "cn:", "cn;lang-de:", "cn;lang-de;x-old:", "sn:", "entryDN:")
	c.search(ask{base: ann, types: true, attrs: []string{"mail"}, controls: matched("(mail=*)(sn=none)")}).wantLines(c, "mail:")
}

// matched makes the matched values control from filter items.
func matched(items string) []byte {
	var body []byte
	for _, item := range strings.Split(strings.Trim(items, "()"), ")(") {
		body = append(body, filterBytes("("+item+")")...)
	}
	return control1(oidMatchedValues, true, ber.AppendBytes(nil, ber.TagSequence, body))
}

func TestMatchedValues(t *testing.T) {
	w := annWorld(t, nil)
	c := w.dial()
	all := []string{"*", "entryDN", "createTimestamp"}
	for _, x := range []struct {
		items string
		want  []string
	}{
		{"(cn=ann)", []string{"cn: Ann"}},
		{"(cn=ann*)(mail=*)", []string{"cn: Ann", "cn: Ann Archer", "cn;lang-de: Anna", "cn;lang-de;x-old: Annchen", "mail: ann@example.com"}},
		{"(cn;x-old=*)", []string{"cn;lang-de;x-old: Annchen"}},
		{"(name=archer)", []string{"sn: Archer"}},
		{"(objectClass=*)", []string{"objectClass: inetOrgPerson"}},
		{"(objectClass=person)", []string{"objectClass: inetOrgPerson"}},
		{"(entryDN=*)", []string{"entryDN: " + ann}},
		{"(entryDN=o=utdata)", nil},
		{"(createTimestamp>=20190101000000Z)", []string{"createTimestamp: 20200101000000Z"}},
		{"(userPassword=*)(userPassword=secret one)", nil},
		{"(noSuchThing=x)", nil},
		{"(:caseIgnoreMatch:=ARCHER)", []string{"sn: Archer"}},
	} {
		c.search(ask{base: ann, attrs: all, controls: matched(x.items)}).wantLines(c, x.want...)
	}
	for _, value := range [][]byte{nil, []byte("garbage"), ber.AppendBytes(nil, ber.TagSequence, filterBytes("(&(cn=a)(cn=b))"))} {
		c.search(ask{base: ann, controls: control1(oidMatchedValues, true, value)}).wantCode(c, schema.ProtocolError)
	}
}

func TestPasswordsAreNowhereToBeSeen(t *testing.T) {
	w := annWorld(t, nil)
	w.users(1)
	c := w.dial()
	user := w.dial()
	user.bind(userDN(0), "hidden value")
	for _, c := range []*client{c, user} {
		for _, attrs := range [][]string{nil, {"*"}, {"userPassword"}, {"USERPASSWORD", "2.5.4.35"}, {"userPassword;x-a"}, {"@person"}, {"@extensibleObject"}, {"*", "+", "userPassword"}} {
			for _, types := range []bool{false, true} {
				f := c.search(ask{base: ann, attrs: attrs, types: types}).wantCode(c, schema.Success)
				if strings.Contains(strings.ToLower(fmt.Sprint(f.lines)), "password") || strings.Contains(fmt.Sprint(f.lines), "secret") {
					t.Errorf("%v shows %v", attrs, f.lines)
				}
			}
		}
		for _, filter := range []string{"(userPassword=*)", "(!(userPassword=*))", "(userPassword=secret one)", "(!(userPassword=x))", "(userPassword>=a)",
			"(userPassword~=secret one)", "(userPassword:octetStringMatch:=secret one)", "(:octetStringMatch:=secret one)", "(userPassword=secret*)",
			"(2.5.4.35=*)", "(|(userPassword=*)(!(userPassword=*)))"} {
			if f := c.search(ask{base: ann, filter: filter}).wantCode(c, schema.Success); len(f.names) != 0 {
				t.Errorf("%s finds %v", filter, f.names)
			}
			a := ask{base: ann, controls: control1(oidAssertion, true, filterBytes(filter))}
			c.search(a).wantCode(c, schema.AssertionFailed)
		}
	}
	w.admin().search(ask{base: ann, attrs: []string{"userPassword"}}).wantLines(c, "userPassword: secret one")
}

func TestNamesThatAreNoUTF8AreQuotedAsSuch(t *testing.T) {
	w := annWorld(t, nil)
	c := w.admin()
	for _, dn := range []string{"cn=\xff\xfe,o=utdata", "\xc3\x28", "cn=a\x00b,o=utdata", "cn=\\ff,o=utdata", "dc=\xff"} {
		r := c.search(ask{base: dn}).done
		valid(t, dn, r.Result)
		r = c.do(replace(dn, "sn\xff", "\xff"), 0x67, c.try(replace(dn, "sn\xff", "\xff"), 0x67))
		valid(t, dn, r.Result)
		r = c.do(extended("1.2.\xff", []byte(dn)), 0x78, schema.ProtocolError)
		valid(t, dn, r.Result)
	}
}

// try gives the result code of a request.
func (c *client) try(op []byte, tag byte) schema.ResultCode {
	c.Helper()
	id := c.id()
	c.send(message(id, op))
	return c.want(id, tag).Result.Code
}

func valid(t *testing.T, dn string, r schema.Result) {
	t.Helper()
	if r.Code == schema.Success || strings.ToValidUTF8(r.Diagnostic+r.MatchedDN, "") != r.Diagnostic+r.MatchedDN {
		t.Errorf("%q: %+v", dn, r)
	}
}
