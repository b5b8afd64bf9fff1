package schema

import (
	"strings"
	"testing"
)

const subject = "objectClass: inetOrgPerson\nobjectClass: extensibleObject\nsn: x\nsn: y\ncn: m\ndescription: a\ndescription: b\n" +
	"employeeNumber: 5\nuidNumber: 5\njpegPhoto: x\n"

// subjectEntry is the entry that modifications are tried on.
func subjectEntry(t *testing.T, s *Schema) *Entry {
	t.Helper()
	e, err := s.NewEntry("cn=m,o=u", raw(strings.Split(strings.TrimSuffix(subject, "\n"), "\n")...), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CheckEntry(e); err != nil {
		t.Fatal(err)
	}
	e.Operational = nil
	return e
}

// modsOf reads "add sn a|b & delete cn": operation, description, values.
func modsOf(text string) []Modification {
	var out []Modification
	for _, one := range strings.Split(text, " & ") {
		f := strings.SplitN(one, " ", 3)
		m := Modification{Attr: f[1], Op: map[string]ModOp{"add": ModAdd, "delete": ModDelete, "replace": ModReplace, "increment": ModIncrement, "odd": 4}[f[0]]}
		if len(f) == 3 {
			for _, v := range strings.Split(f[2], "|") {
				m.Values = append(m.Values, []byte(v))
			}
		}
		out = append(out, m)
	}
	return out
}

// The codes and texts are those of slapd 2.5 for the same requests, but for
// those marked.
func TestModifyRequests(t *testing.T) {
	s := mustDefault(t)
	for mods, want := range map[string]string{
		"add sn X":                   "20 modify/add: sn: value #0 already exists",
		"add sn z|X":                 "20 modify/add: sn: value #1 already exists",
		"add foo x":                  "17 foo: attribute type undefined",
		"add sn":                     "2 modify/add operation requires values",
		"delete foo":                 "17 foo: attribute type undefined",
		"delete title":               "16 modify/delete: title: no such attribute",
		"delete title x":             "16 modify/delete: title: no such attribute",
		"delete sn z":                "16 modify/delete: sn: no such value",
		"delete sn X|x":              "",
		"delete sn x & delete sn x":  "16 modify/delete: sn: no such value",
		"delete sn":                  "65 object class 'inetOrgPerson' requires attribute 'sn'",
		"delete cn":                  "67 naming attribute 'cn' is not present in entry",          // slapd: 64
		"delete cn m":                "67 naming attribute 'cn' is not present in entry",          // slapd: 64
		"replace cn n":               "67 value of naming attribute 'cn' is not present in entry", // slapd: 64
		"replace cn n|M":             "",
		"delete cn m & add cn M":     "",
		"replace sn":                 "65 object class 'inetOrgPerson' requires attribute 'sn'",
		"replace sn q|Q":             "20 sn: value #0 provided more than once",
		"replace employeeNumber 1|2": "19 employeeNumber: multiple values provided",
		"add employeeNumber 7":       "19 attribute 'employeeNumber' cannot have multiple values",
		"delete employeeNumber & add employeeNumber 7":       "",
		"add entryUUID 597ae2f6-16a6-1027-98f4-d28b5365dc14": "19 entryUUID: no user modification allowed",
		"delete entryUUID":                                       "19 entryUUID: no user modification allowed",
		"replace entryUUID":                                      "19 entryUUID: no user modification allowed",
		"add entryUUID x":                                        "21 entryUUID: value #0 invalid per syntax",
		"add jpegPhoto y":                                        "18 modify/add: jpegPhoto: no equality matching rule",
		"delete jpegPhoto x":                                     "18 modify/delete: jpegPhoto: no equality matching rule",
		"delete jpegPhoto":                                       "",
		"delete jpegPhoto & add jpegPhoto y":                     "",
		"replace jpegPhoto y|z":                                  "",
		"add jpegPhoto z|z":                                      "20 jpegPhoto: value #0 provided more than once",
		"increment uidNumber 2":                                  "",
		"replace uidNumber 005":                                  "21 uidNumber: value #0 invalid per syntax",
		"delete uidNumber 005":                                   "21 uidNumber: value #0 invalid per syntax",
		"increment uidNumber x":                                  "21 uidNumber: value #0 invalid per syntax",
		"increment uidNumber":                                    "2 modify/increment operation requires value",
		"increment uidNumber 1|2":                                "2 modify/increment operation requires single value",
		"increment gidNumber 1":                                  "16 modify/increment: gidNumber: no such attribute",
		"increment sn 1":                                         "19 sn: attribute syntax inappropriate for increment",
		"increment foo 1":                                        "17 foo: attribute type undefined",
		"odd sn 1":                                               "2 unrecognized modify operation",
		"add objectClass nosuch":                                 "21 objectClass: value #0 invalid per syntax",
		"delete objectClass nosuch":                              "21 objectClass: value #0 invalid per syntax",
		"add objectClass organization":                           "65 invalid structural object class chain (inetOrgPerson/organization)",
		"replace objectClass organization":                       "69 structural object class modification from 'inetOrgPerson' to 'organization' not allowed",
		"replace objectClass person|extensibleObject":            "69 structural object class modification from 'inetOrgPerson' to 'person' not allowed",
		"delete objectClass inetOrgPerson":                       "65 no structural object class provided",
		"delete objectClass":                                     "65 no objectClass attribute",
		"delete objectClass extensibleObject":                    "65 attribute 'uidNumber' not allowed",
		"delete objectClass extensibleObject & delete uidNumber": "",
		"add objectClass inetOrgPerson":                          "20 modify/add: objectClass: value #0 already exists",
		"add objectClass 2.16.840.1.113730.3.2.2":                "20 modify/add: objectClass: value #0 already exists",
		"add objectClass person":                                 "",
		"add objectClass alias":                                  "65 invalid structural object class chain (inetOrgPerson/alias)",
		"delete sn x & delete sn y":                              "65 object class 'inetOrgPerson' requires attribute 'sn'",
		"delete sn & add sn n1":                                  "",
		"add sn n1 & delete sn n1":                               "",
		"replace title":                                          "",
		"replace foo":                                            "17 foo: attribute type undefined",
		"delete creatorsName":                                    "19 creatorsName: no user modification allowed",
		"add c xxx":                                              "21 c: value #0 invalid per syntax",
		"replace mail é":                                         "21 mail: value #0 invalid per syntax",
		"add sn ":                                                "21 sn: value #0 invalid per syntax",
		"delete seeAlso foo":                                     "21 seeAlso: value #0 invalid per syntax",
		"add sn a1|A1":                                           "20 sn: value #0 provided more than once",
		"delete title & add foo x":                               "17 foo: attribute type undefined", // all is checked before any is done
		"add sn;; x":                                             "17 sn;;: inappropriate AttributeDescription",
		"add employeeNumber;lang-de 9":                           "",
		"add ref ldap://x/ & add creatorsName o=x":               "19 creatorsName: no user modification allowed",
		"increment uidNumber " + strings.Repeat("9", maxIncrementDigits+1): "21 uidNumber: value #0 invalid per syntax",
	} {
		e := subjectEntry(t, s)
		err := s.ApplyMods(e, modsOf(mods))
		if err == nil {
			err = s.CheckEntry(e)
		}
		wantResult(t, mods[:min(len(mods), 60)], err, want)
	}
}

func TestModifiedEntry(t *testing.T) {
	s := mustDefault(t)
	const head = "objectClass: inetOrgPerson\nobjectClass: extensibleObject\n"
	const tail = "employeeNumber: 5\nuidNumber: 5\njpegPhoto: x\n"
	for mods, want := range map[string]string{
		"replace description c|a|b":                        head + "sn: x\nsn: y\ncn: m\ndescription: c\ndescription: a\ndescription: b\n" + tail,
		"delete description":                               head + "sn: x\nsn: y\ncn: m\n" + tail,
		"delete description A|b":                           head + "sn: x\nsn: y\ncn: m\n" + tail,
		"replace description":                              head + "sn: x\nsn: y\ncn: m\n" + tail,
		"add description c & delete description a":         head + "sn: x\nsn: y\ncn: m\ndescription: b\ndescription: c\n" + tail,
		"delete description & add description z":           head + "sn: x\nsn: y\ncn: m\ndescription: z\n" + tail,
		"delete description a & add description A":         head + "sn: x\nsn: y\ncn: m\ndescription: b\ndescription: A\n" + tail,
		"add title t & add mail q & add title u":           head + "sn: x\nsn: y\ncn: m\ndescription: a\ndescription: b\n" + tail + "title: t\ntitle: u\nmail: q\n",
		"increment uidNumber 2":                            head + "sn: x\nsn: y\ncn: m\ndescription: a\ndescription: b\nemployeeNumber: 5\nuidNumber: 7\njpegPhoto: x\n",
		"increment uidNumber -10 & increment uidNumber 1":  head + "sn: x\nsn: y\ncn: m\ndescription: a\ndescription: b\nemployeeNumber: 5\nuidNumber: -4\njpegPhoto: x\n",
		"increment uidNumber 99999999999999999999":         head + "sn: x\nsn: y\ncn: m\ndescription: a\ndescription: b\nemployeeNumber: 5\nuidNumber: 100000000000000000004\njpegPhoto: x\n",
		"replace jpegPhoto & replace ref ldap://x/":        head + "sn: x\nsn: y\ncn: m\ndescription: a\ndescription: b\nemployeeNumber: 5\nuidNumber: 5\nref: ldap://x/\n",
		"add title t & delete title":                       subject,
		"add userPassword  & add description;lang-de a":    subject + "userPassword: \ndescription;lang-de: a\n",
		"add userPassword  & delete userPassword ":         subject,
		"delete sn x & add sn q & delete sn y & add sn x":  head + "sn: q\nsn: x\ncn: m\ndescription: a\ndescription: b\n" + tail,
		"replace sn q & add sn r & delete sn Q & add sn q": head + "sn: r\nsn: q\ncn: m\ndescription: a\ndescription: b\n" + tail,
		"delete description B & increment uidNumber 0":     head + "sn: x\nsn: y\ncn: m\ndescription: a\n" + tail,
		"replace description a & replace description a|aa": head + "sn: x\nsn: y\ncn: m\ndescription: a\ndescription: aa\n" + tail,
	} {
		e := subjectEntry(t, s)
		if err := s.ApplyMods(e, modsOf(mods)); err != nil {
			t.Errorf("%s: %v", mods, err)
		} else if got := dump(e); got != want {
			t.Errorf("%s:\n%swant\n%s", mods, got, want)
		}
	}
}

func TestModificationDoesNotTouchTheRequest(t *testing.T) {
	s := mustDefault(t)
	values := make([][]byte, 1, 8)
	values[0] = []byte("a")
	attrs := []RawAttribute{{Attr: "objectClass", Values: [][]byte{[]byte("person")}}, {Attr: "sn", Values: values}}
	e, err := s.NewEntry("sn=n+cn=c,o=u", attrs, false)
	if err != nil {
		t.Fatal(err)
	}
	mods := []Modification{{Op: ModReplace, Attr: "sn", Values: values}, {Op: ModAdd, Attr: "sn", Values: [][]byte{[]byte("n")}}, {Op: ModDelete, Attr: "sn", Values: [][]byte{[]byte("a")}}}
	if err := s.ApplyMods(e, mods); err != nil {
		t.Fatal(err)
	}
	if string(values[0]) != "a" || values[:2][1] != nil {
		t.Errorf("request became %q", values[:2])
	}
}

func TestImportedEntryCanBeEdited(t *testing.T) {
	s := mustDefault(t)
	for mods, want := range map[string]string{
		"replace oldcolour blue":             "objectClass: utOldThing\noldcolour: blue\ncn: a\nuidNumber: x\n",
		"add oldcolour green & delete cn b":  "16",
		"add OLDCOLOUR green":                "objectClass: utOldThing\noldcolour: red\noldcolour: green\ncn: a\nuidNumber: x\n",
		"delete oldcolour red":               "objectClass: utOldThing\ncn: a\nuidNumber: x\n",
		"delete uidNumber x":                 "objectClass: utOldThing\noldcolour: red\ncn: a\n",
		"replace uidNumber 5":                "objectClass: utOldThing\noldcolour: red\ncn: a\nuidNumber: 5\n",
		"replace uidNumber z":                "21",
		"increment uidNumber 1":              "21",
		"add newcolour x":                    "17",
		"add oldcolour red":                  "20",
		"add oldcolour q|q":                  "20",
		"replace objectClass utOldThing|top": "objectClass: utOldThing\nobjectClass: top\noldcolour: red\ncn: a\nuidNumber: x\n",
		"add objectClass utOther":            "21",
		"replace objectClass device":         "objectClass: device\noldcolour: red\ncn: a\nuidNumber: x\n",
	} {
		e, err := s.NewEntry("cn=a,o=u", raw("objectClass: utOldThing", "oldcolour: red", "cn: a", "uidNumber: x"), true)
		if err != nil {
			t.Fatal(err)
		}
		err = s.ApplyMods(e, modsOf(mods))
		if len(want) == 2 {
			if err == nil || !strings.HasPrefix(err.Error(), "ldap result "+want+":") {
				t.Errorf("%s: %v, want %s", mods, err, want)
			}
		} else if err != nil || dump(e) != want {
			t.Errorf("%s: %v\n%swant\n%s", mods, err, dump(e), want)
		}
	}
}

func TestRename(t *testing.T) {
	s := mustDefault(t)
	for _, c := range []struct {
		dn, attrs, rdn string
		deleteOld      bool
		want           string
	}{
		{"cn=a,o=u", "cn: a\nsn: s", "cn=b", false, "cn=b,o=u\ncn: a\ncn: b\nsn: s\n"},
		{"cn=a,o=u", "cn: a\nsn: s", "cn=b", true, "cn=b,o=u\nsn: s\ncn: b\n"},
		{"cn=a,o=u", "cn: x\ncn: A\nsn: s", "cn=b", true, "cn=b,o=u\ncn: x\ncn: b\nsn: s\n"},
		{"cn=a,o=u", "cn: a\ncn: b\nsn: s", "cn=B", true, "cn=B,o=u\ncn: b\nsn: s\n"},
		{"cn=a,o=u", "cn: a\nsn: s", "cn=A", true, "cn=A,o=u\ncn: A\nsn: s\n"},
		{"cn=a,o=u", "cn: a\nsn: s", "CN=a+surname=t", true, "cn=a+sn=t,o=u\ncn: a\nsn: s\nsn: t\n"},
		{"cn=a+sn=s,o=u", "cn: a\nsn: s", "sn=s", true, "sn=s,o=u\nsn: s\n"},
		{"cn=a+sn=s,o=u", "cn: a\nsn: s", "sn=s", false, "sn=s,o=u\ncn: a\nsn: s\n"},
		{"cn=a", "cn: a\nsn: s", `cn=x\,y`, true, "cn=x\\2Cy\nsn: s\ncn: x,y\n"},
		{"cn=a,o=u", "cn: a", "foo=b", true, "34 invalid new RDN"},
		{"cn=a,o=u", "cn: a", "uidNumber=007", true, "34 invalid new RDN"},
		{"cn=a,o=u", "cn: a", "jpegPhoto=b", true, "64 naming attribute 'jpegPhoto' has no equality matching rule"},
		{"foo=a,o=u", "foo: a", "cn=b", true, "cn=b,o=u\ncn: b\n"},
	} {
		e, err := s.NewEntry(c.dn, raw(strings.Split(c.attrs, "\n")...), true)
		if err != nil {
			t.Fatal(err)
		}
		rdn, err := s.ParseDN([]byte(c.rdn))
		if err != nil {
			t.Fatal(err)
		}
		err = s.ApplyRename(e, rdn[0], c.deleteOld)
		if err != nil {
			wantResult(t, c.dn+" to "+c.rdn, err, c.want)
		} else if got := e.DN + "\n" + dump(e); got != c.want {
			t.Errorf("%s to %s:\n%swant\n%s", c.dn, c.rdn, got, c.want)
		}
	}
	e := &Entry{DN: "dc=a,o=u", Attributes: []Attribute{{Desc: AttributeDescription{Type: s.AttributeType([]byte("dc")), Name: "dc"}, Values: [][]byte{[]byte("a")}}}}
	rdn, _ := s.ParseDN([]byte("dc=b"))
	if err := s.ApplyRename(e, rdn[0], false); err != nil {
		t.Fatal(err)
	}
	wantResult(t, "second value of a single-valued type", s.checkSingle(e), "19 attribute 'dc' cannot have multiple values")
	for _, bad := range []*Entry{{DN: ""}, {DN: "x"}} {
		wantResult(t, "odd entry", s.ApplyRename(bad, rdn[0], true), "34 invalid new RDN")
	}
	wantResult(t, "no RDN", s.ApplyRename(e, nil, true), "34 invalid new RDN")
}
