package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// raw makes attributes of "name: value" lines; "name:" is one without values.
func raw(lines ...string) []RawAttribute {
	var out []RawAttribute
	for _, l := range lines {
		name, value, has := strings.Cut(l, ": ")
		name = strings.TrimSuffix(name, ":")
		if n := len(out); n == 0 || out[n-1].Attr != name {
			out = append(out, RawAttribute{Attr: name})
		}
		if has {
			a := &out[len(out)-1]
			a.Values = append(a.Values, []byte(value))
		}
	}
	return out
}

// dump is an entry as lines.
func dump(e *Entry) string {
	var b strings.Builder
	for _, list := range [2][]Attribute{e.Attributes, e.Operational} {
		for _, a := range list {
			for _, v := range a.Values {
				fmt.Fprintf(&b, "%s: %s\n", a.Desc, v)
			}
		}
	}
	return b.String()
}

// wantResult checks an error against "" or "code text".
func wantResult(t *testing.T, name string, err error, want string) {
	t.Helper()
	var r *Result
	switch {
	case err == nil && want == "":
	case err == nil:
		t.Errorf("%s: done, want %s", name, want)
	case !errors.As(err, &r):
		t.Errorf("%s: %v is no Result", name, err)
	case fmt.Sprintf("%d %s", r.Code, r.Diagnostic) != want:
		t.Errorf("%s: %d %s, want %s", name, r.Code, r.Diagnostic, want)
	case !utf8.ValidString(r.Diagnostic):
		t.Errorf("%s: %q is not UTF-8", name, r.Diagnostic)
	}
}

func TestAddRequests(t *testing.T) {
	s := mustDefault(t)
	const person = "objectClass: person\nsn: x\n"
	for _, c := range []struct{ name, dn, attrs, want string }{
		{"plain", "cn=a,o=u", person, ""},
		{"naming value is added", "cn=a+sn=y,o=u", "objectClass: person\nsn: x", ""},
		{"undefined type", "cn=a,o=u", person + "foo: x", "17 foo: attribute type undefined"},
		{"undefined class", "cn=a,o=u", "objectClass: person\nobjectClass: nosuch\nsn: x", "21 objectClass: value #1 invalid per syntax"},
		{"missing MUST", "cn=a,o=u", "objectClass: person", "65 object class 'person' requires attribute 'sn'"},
		{"not allowed", "cn=a,o=u", person + "mail: a", "65 attribute 'mail' not allowed"},
		{"not allowed with option", "cn=a,o=u", person + "mail;x-a: a", "65 attribute 'mail;x-a' not allowed"},
		{"extensibleObject", "cn=a,o=u", "objectClass: extensibleObject\n" + person + "mail: a", ""},
		{"value twice", "cn=a,o=u", person + "sn: X", "20 sn: value #0 provided more than once"},
		{"value twice in two parts", "cn=a,o=u", "sn: x\nobjectClass: person\nsurname: y", "20 attribute 'sn' provided more than once"},
		{"operational", "cn=a,o=u", person + "entryUUID: 597ae2f6-16a6-1027-98f4-d28b5365dc14", "19 entryUUID: no user modification allowed"},
		{"structural class given", "cn=a,o=u", person + "structuralObjectClass: person", "19 structuralObjectClass: no user modification allowed"},
		{"only abstract", "cn=a,o=u", "objectClass: top\nsn: x", "65 no structural object class provided"},
		{"only auxiliary", "cn=a,o=u", "objectClass: uidObject\nuid: x", "65 no structural object class provided"},
		{"two structural classes", "cn=a,o=u", "objectClass: person\nobjectClass: organization\no: x\nsn: x",
			"65 invalid structural object class chain (person/organization)"},
		{"chain of structural classes", "cn=a,o=u", "objectClass: inetOrgPerson\nobjectClass: person\nsn: x", ""},
		{"chain in another order", "cn=a,o=u", "objectClass: person\nobjectClass: top\nobjectClass: inetOrgPerson\nsn: x", ""},
		{"no class", "cn=a,o=u", "sn: x", "65 no objectClass attribute"},
		{"no attributes", "cn=a,o=u", "", "2 no attributes provided"},
		{"no values", "cn=a,o=u", "objectClass: person\nsn:", "2 no values for attribute type"},
		{"two of a single-valued type", "cn=a,o=u", "objectClass: inetOrgPerson\nsn: x\nemployeeNumber: 1\nemployeeNumber: 2",
			"19 employeeNumber: multiple values provided"},
		{"single-valued type in the name", "employeeNumber=a,o=u", "objectClass: inetOrgPerson\nsn: x\ncn: x\nemployeeNumber: 1",
			"64 value of single-valued naming attribute 'employeeNumber' conflicts with value present in entry"},
		{"class twice", "cn=a,o=u", "objectClass: person\nobjectClass: 2.5.6.6\nsn: x", "20 objectClass: value #0 provided more than once"},
		{"bad name", "cn=a,", person, "34 invalid DN"},
		{"type twice in the name", "cn=a+cn=b,o=u", person, "34 invalid DN"},
		{"undefined type in the name", "foo=a,o=u", person, "34 invalid DN"},
		{"bad value in the name", "uidNumber=007,o=u", person + "cn: x", "34 invalid DN"},
		{"no equality rule in the name", "jpegPhoto=a,o=u", "objectClass: inetOrgPerson\nsn: x\ncn: x",
			"64 naming attribute 'jpegPhoto' has no equality matching rule"},
		{"operational type in the name", "entryUUID=597ae2f6-16a6-1027-98f4-d28b5365dc14,o=u", person + "cn: x",
			"64 naming attribute 'entryUUID' is operational"},
		{"naming attribute not allowed", "cn=a,o=u", "objectClass: alias\naliasedObjectName: o=u", "65 attribute 'cn' not allowed"},
		{"alias beside a person", "cn=a,o=u", "objectClass: inetOrgPerson\nobjectClass: alias\naliasedObjectName: o=u\nsn: x",
			"65 invalid structural object class chain (inetOrgPerson/alias)"},
		{"bad country", "cn=a,o=u", person + "c: xxx", "21 c: value #0 invalid per syntax"},
		{"bad DN value", "cn=a,o=u", person + "seeAlso: o=x\nseeAlso: foo", "21 seeAlso: value #1 invalid per syntax"},
		{"empty string", "cn=a,o=u", "objectClass: person\nsn: ", "21 sn: value #0 invalid per syntax"},
		{"empty octets", "cn=a,o=u", person + "userPassword: ", ""},
		{"empty description", "cn=a,o=u", person + ": x", "17 empty AttributeDescription"},
		{"trailing semicolon", "cn=a,o=u", person + "sn;: x", "17 sn;: inappropriate AttributeDescription"},
		{"wild description", "cn=a,o=u", person + "f\xff\t o: x", `17 "f\xff\t o": inappropriate AttributeDescription`},
		{"1000 options", "cn=a,o=u", person + "sn" + strings.Repeat(";x", 1000) + ": x",
			"17 sn" + strings.Repeat(";x", 31) + "...: inappropriate AttributeDescription"},
		{"options", "cn=a,o=u", person + "sn;lang-de: y", ""},
		{"MUST with an option is enough", "cn=a,o=u", "objectClass: person\nsn;lang-de: y", ""},
		{"MUST by a subtype is enough", "cn=a,o=u", "objectClass: organization\nou: x", "65 object class 'organization' requires attribute 'o'"},
		{"referral", "cn=a,o=u", "objectClass: referral\nobjectClass: extensibleObject\nref: ldap://x/", ""},
		{"ref without referral", "cn=a,o=u", person + "ref: ldap://x/", "65 attribute \"ref\" only allowed in the referral"},
		{"unescaped name", "CN = a\\2Cb , O=u", person, ""},
	} {
		e, err := s.NewEntry(c.dn, raw(strings.Split(strings.TrimSuffix(c.attrs, "\n"), "\n")...), false)
		if c.attrs == "" {
			e, err = s.NewEntry(c.dn, nil, false)
		}
		if err == nil {
			err = s.CheckEntry(e)
		}
		wantResult(t, c.name, err, c.want)
	}
}

func TestAddedEntryIsInCanonicalForm(t *testing.T) {
	s := mustDefault(t)
	e, err := s.NewEntry("CN=Joe+UID=J , O=u", raw("objectclass: INETorgperson", "objectclass: extensibleobject", "surname: b", "surname: a", "SN;Lang-EN;x-a: c",
		"administrativeRole: 1.2"), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CheckEntry(e); err != nil {
		t.Fatal(err)
	}
	want := "objectClass: inetOrgPerson\nobjectClass: extensibleObject\nsn: b\nsn: a\nsn;lang-en;x-a: c\ncn: Joe\nuid: J\n" +
		"administrativeRole: 1.2\nstructuralObjectClass: inetOrgPerson\n"
	if got := dump(e); got != want || e.DN != "cn=Joe+uid=J,o=u" {
		t.Errorf("%s\n%s", e.DN, got)
	}
}

func TestImportDropsNothing(t *testing.T) {
	s := mustDefault(t)
	lines := raw("objectclass: utOldThing", "objectclass: top", "OldColour: red", "oldcolour: red", "sn: ", "uidnumber: x", "uidnumber: y",
		"creatorsname: NULLDN", "createtimestamp: 991231235959Z", "oldcolour: blue", "odd name: z", "empty:")
	e, err := s.NewEntry("CN=A , O=u", lines, true)
	if err != nil {
		t.Fatal(err)
	}
	want := "objectClass: utOldThing\nobjectClass: top\noldcolour: red\noldcolour: red\noldcolour: blue\nsn: \nuidNumber: x\nuidNumber: y\n" +
		"odd name: z\ncreatorsName: NULLDN\ncreateTimestamp: 991231235959Z\n"
	if got := dump(e); got != want || e.DN != "CN=A , O=u" {
		t.Errorf("%s\n%s", e.DN, got)
	}
	if e.Get("empty") != nil || len(e.Attributes) != 6 {
		t.Errorf("%d attributes", len(e.Attributes))
	}
	for dn, attr := range map[string]string{"cn=a,": "cn", "cn=a": "c\xff"} {
		if _, err := s.NewEntry(dn, []RawAttribute{{Attr: attr}}, true); err == nil {
			t.Errorf("%q %q taken", dn, attr)
		}
	}
}

func TestEntryWithUnknownClassIsHardlyChecked(t *testing.T) {
	s := mustDefault(t)
	e, err := s.NewEntry("cn=a,o=u", raw("objectClass: utOldThing", "oldcolour: red", "mail: x", "cn: a"), true)
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, "unknown class", s.CheckEntry(e), "")
	if e.Get("structuralObjectClass") != nil {
		t.Error("a structural class was guessed")
	}
	e, _ = s.NewEntry("cn=a,o=u", raw("objectClass: utOldThing", "cn: b"), true)
	wantResult(t, "name", s.CheckEntry(e), "64 value of naming attribute 'cn' is not present in entry")
	e, _ = s.NewEntry("cn=a,o=u", raw("objectClass: utOldThing", "mail: b"), true)
	wantResult(t, "name", s.CheckEntry(e), "64 naming attribute 'cn' is not present in entry")
	e, _ = s.NewEntry("cn=a,o=u", raw("objectClass: utOldThing", "cn: a", "uidNumber: 1", "uidNumber: 2"), true)
	wantResult(t, "single", s.CheckEntry(e), "19 attribute 'uidNumber' cannot have multiple values")
}

func TestObsoleteAndAbstractClasses(t *testing.T) {
	s := load(t, "objectclass ( 1.2.3.1 NAME 'gone' OBSOLETE SUP top STRUCTURAL MUST cn )\n"+
		"objectclass ( 1.2.3.2 NAME 'base' SUP top ABSTRACT MUST cn )\nobjectclass ( 1.2.3.3 NAME 'real' SUP base STRUCTURAL )\n"+
		"attributetype ( 1.2.3.4 NAME 'oldName' OBSOLETE SUP name )\nattributetype ( 1.2.3.5 NAME 'shared' SUP name COLLECTIVE )\n")
	for _, c := range []struct{ dn, attrs, want string }{
		{"cn=a", "objectClass: gone", "65 objectClass 'gone' is OBSOLETE"},
		{"cn=a", "objectClass: person\nobjectClass: base\nsn: x", "65 instantiation of abstract objectClass 'base' not allowed"},
		{"cn=a", "objectClass: real\nobjectClass: base", ""},
		{"cn=a", "objectClass: base", "65 no structural object class provided"},
		{"oldName=a", "objectClass: person\nsn: x\ncn: x", "64 naming attribute 'oldName' is obsolete"},
		{"shared=a", "objectClass: person\nsn: x\ncn: x", "64 naming attribute 'shared' is collective"},
	} {
		e, err := s.NewEntry(c.dn, raw(strings.Split(c.attrs, "\n")...), false)
		if err == nil {
			err = s.CheckEntry(e)
		}
		wantResult(t, c.attrs, err, c.want)
	}
}

func TestEntryOfManyValues(t *testing.T) {
	s := mustDefault(t)
	const n = 100000
	values := make([][]byte, n)
	for i := range values {
		values[i] = fmt.Appendf(nil, "value %d", i)
	}
	attrs := append(raw("objectClass: device"), RawAttribute{Attr: "description", Values: values})
	e, err := s.NewEntry("cn=a,o=u", attrs, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CheckEntry(e); err != nil {
		t.Fatal(err)
	}
	attrs[1].Values = append(slices.Clone(values), []byte("VALUE  77"))
	_, err = s.NewEntry("cn=a,o=u", attrs, false)
	wantResult(t, "one twice", err, "20 description: value #77 provided more than once")

	var mods []Modification
	for i := 0; i < n; i += 2 {
		mods = append(mods, Modification{Op: ModDelete, Attr: "description", Values: values[i : i+1]})
	}
	mods = append(mods, Modification{Op: ModDelete, Attr: "description", Values: values[1:2]},
		Modification{Op: ModAdd, Attr: "description", Values: values[:1]})
	if err := s.ApplyMods(e, mods); err != nil {
		t.Fatal(err)
	}
	got := e.Get("description")
	if len(got) != n/2 || string(got[0]) != "value 3" || string(got[n/2-1]) != "value 0" {
		t.Errorf("%d values, first %s, last %s", len(got), got[0], got[len(got)-1])
	}
}

func TestTolerantSchemaTakesWhatItDoesNotKnow(t *testing.T) {
	strict := mustDefault(t)
	tolerant := strict.Tolerant()
	lines := raw("objectClass: sunOldThing", "cn: a", "oldColour: red")
	if _, err := strict.NewEntry("cn=a,o=u", lines, false); err == nil {
		t.Error("the strict schema took an unknown class")
	}
	e, err := tolerant.NewEntry("cn=a,o=u", lines, false)
	if err == nil {
		err = tolerant.CheckEntry(e)
	}
	if err != nil {
		t.Fatal(err)
	}
	mod := Modification{Op: ModAdd, Attr: "oldShape", Values: [][]byte{[]byte("round")}}
	if err := tolerant.ApplyMods(e, []Modification{mod}); err != nil {
		t.Fatal(err)
	}
	if got := string(e.Get("oldshape")[0]); got != "round" {
		t.Errorf("oldshape is %q", got)
	}
	wantResult(t, "operational", tolerant.ApplyMods(e, []Modification{{Op: ModAdd, Attr: "entryUUID", Values: [][]byte{[]byte("x")}}}),
		"21 entryUUID: value #0 invalid per syntax")
}
