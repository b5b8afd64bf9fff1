package schema

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

func load(t *testing.T, text string) *Schema {
	t.Helper()
	s, err := Load(Text{Name: "site.schema", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDirectivesOfOpenLDAP(t *testing.T) {
	s := load(t, `# a site's own schema
objectidentifier site 1.3.6.1.4.1.99999
objectIdentifier siteAttr site:1
objectIdentifier siteString 1.3.6.1.4.1.1466.115.121.1.15

attributetype ( siteAttr:1
	NAME ( 'siteColour' 'siteColor' )
	DESC 'it\27s a colour \5C'
# a remark within

	EQUALITY caseIgnoreMatch SUBSTR 2.5.13.4
	SYNTAX siteString{64}
	SINGLE-VALUE
	X-ORIGIN 'here' X-MORE ( 'a' 'b' ) )
ATTRIBUTETYPE (siteAttr:2 NAME 'siteHue' SUP siteColor)
objectclass ( site:2.1 NAME 'siteThing' SUP top AUXILIARY MUST siteHue MAY ( siteColour$cn ) )
`)
	hue, colour := s.AttributeType([]byte("SITEHUE")), s.AttributeType([]byte("siteColor"))
	if hue == nil || colour == nil || s.AttributeType([]byte("1.3.6.1.4.1.99999.1.1")) != colour {
		t.Fatal("attribute types not found")
	}
	if colour.Name != "siteColour" || colour.Desc != `it's a colour \` || colour.SyntaxLen != 64 || !colour.SingleValue ||
		len(colour.Extensions) != 2 || colour.Extensions[1].Values[1] != "b" {
		t.Errorf("%+v", colour)
	}
	if hue.Sup != colour || hue.Equality == nil || hue.Equality.Name != "caseIgnoreMatch" || hue.Substr == nil || hue.Syntax != colour.Syntax ||
		hue.SyntaxLen != 64 || hue.SingleValue {
		t.Errorf("%+v", hue)
	}
	if len(colour.Subtypes) != 2 || colour.Subtypes[0] != colour || colour.Subtypes[1] != hue {
		t.Errorf("subtypes %v", colour.Subtypes)
	}
	c := s.ObjectClass([]byte("sitething"))
	if c == nil || c.Kind != Auxiliary || len(c.Must) != 2 || c.Must[0] != hue || len(c.May) != 2 || !c.Is(s.ObjectClass([]byte("top"))) {
		t.Errorf("%+v", c)
	}
	if want := `( 1.3.6.1.4.1.99999.1.1 NAME ( 'siteColour' 'siteColor' ) DESC 'it\27s a colour \5C' EQUALITY caseIgnoreMatch ` +
		`SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{64} SINGLE-VALUE X-ORIGIN 'here' X-MORE ( 'a' 'b' ) )`; colour.text != want {
		t.Errorf("published as %s", colour.text)
	}
}

func TestLDIFOfASubschemaEntryAndOfTheConfiguration(t *testing.T) {
	for name, text := range map[string]string{
		"subschema": "dn: cn=schema\r\nobjectClass: top\r\nobjectClass: subschema\r\ncn: schema\r\n" +
			"attributeTypes: ( 1.3.6.1.4.1.99999.1 NAME 'siteA' SYNTAX 1.3.6.1.4.1.1466.1\r\n 15.121.1.15 )\r\n" +
			"objectClasses:: KCAxLjMuNi4xLjQuMS45OTk5OS4yIE5BTUUgJ3NpdGVDJyBTVVAgdG9wIE1VU1Qgc2l0ZUEgKQ==\r\n",
		"cn=config": "dn: cn=site,cn=schema,cn=config\nobjectClass: olcSchemaConfig\ncn: site\n" +
			"olcObjectIdentifier: {0}site 1.3.6.1.4.1.99999\n" +
			"# a remark\n folded remark\n" +
			"olcAttributeTypes: {0}( site:1 NAME 'siteA'\n   SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )\n" +
			"olcObjectClasses: {0}( site:2 NAME 'siteC' SUP top MUST siteA )\n",
	} {
		s := load(t, text)
		a, c := s.AttributeType([]byte("siteA")), s.ObjectClass([]byte("siteC"))
		if a == nil || c == nil || a.OID != "1.3.6.1.4.1.99999.1" || len(c.Must) != 2 || c.Must[0] != a || c.Kind != Structural {
			t.Errorf("%s: %+v %+v", name, a, c)
		}
	}
}

func TestOrderOfDefinitionsDoesNotMatter(t *testing.T) {
	s := load(t, `objectclass ( 1.2.3.1 NAME 'b' SUP a MUST y )
objectclass ( 1.2.3.2 NAME 'a' SUP top MAY x )
attributetype ( 1.2.3.3 NAME 'y' SUP x )
attributetype ( 1.2.3.4 NAME 'x' SUP name )
`)
	if !s.AttributeType([]byte("y")).Is(s.AttributeType([]byte("name"))) || len(s.ObjectClass([]byte("b")).Superclasses()) != 2 {
		t.Error("inheritance is not complete")
	}
}

func TestFaultsInSchemaTextNameFileAndLine(t *testing.T) {
	const good = "attributetype ( 1.2.3.1 NAME 'ok' SUP name )\n"
	for name, c := range map[string]struct{ text, want string }{
		"unterminated quote":       {good + "attributetype ( 1.2.3.2\n NAME 'x\n SUP name )\n", "site.schema:3: unterminated quote"},
		"no closing parenthesis":   {good + "attributetype ( 1.2.3.2\n NAME 'x' SUP name\n", "site.schema:3: missing ')'"},
		"text behind":              {"attributetype ( 1.2.3.2 SUP name ) x\n", "site.schema:1: text behind"},
		"unknown SUP":              {"attributetype ( 1.2.3.2 NAME 'x' SUP nosuch )\n", "site.schema:1: unknown SUP nosuch"},
		"unknown class SUP":        {good + "objectclass ( 1.2.3.2 NAME 'x' SUP nosuch )\n", "site.schema:2: unknown SUP nosuch"},
		"unknown rule":             {"attributetype ( 1.2.3.2 NAME 'x' EQUALITY nosuch SUP name )\n", "site.schema:1: unknown matching rule nosuch"},
		"rule of another kind":     {"attributetype ( 1.2.3.2 NAME 'x' EQUALITY caseIgnoreSubstringsMatch SUP name )\n", "site.schema:1: unknown matching rule"},
		"unknown syntax":           {"\n\nattributetype ( 1.2.3.2 NAME 'x' SYNTAX 1.2.3 )\n", "site.schema:3: unknown syntax 1.2.3"},
		"neither syntax nor SUP":   {"attributetype ( 1.2.3.2 NAME 'x' )\n", "site.schema:1: an attribute type needs SYNTAX or SUP"},
		"unknown MUST":             {"objectclass ( 1.2.3.2 NAME 'x' MUST ( cn $ nosuch ) )\n", "site.schema:1: unknown attribute type nosuch"},
		"circle":                   {"attributetype ( 1.2.3.2 NAME 'x' SUP y )\nattributetype ( 1.2.3.3 NAME 'y' SUP x )\n", "goes in a circle"},
		"circle of classes":        {"objectclass ( 1.2.3.2 NAME 'x' SUP x )\n", "goes in a circle"},
		"no OID":                   {"attributetype ( NAME 'x' SUP name )\n", "site.schema:1: keyword expected, not x"},
		"bad OID":                  {"attributetype ( 1..2 SUP name )\n", "not an OID"},
		"unknown macro":            {"attributetype ( nosuch:1 SUP name )\n", "not an OID: nosuch:1"},
		"unknown keyword":          {"attributetype ( 1.2.3.2 NAME 'x' SUP name FOO bar )\n", "unknown keyword FOO"},
		"keyword twice":            {"attributetype ( 1.2.3.2 NAME 'x' NAME 'y' SUP name )\n", "NAME twice"},
		"keyword without value":    {"attributetype ( 1.2.3.2 NAME )\n", "NAME needs a value"},
		"bad name":                 {"attributetype ( 1.2.3.2 NAME '1x' SUP name )\n", "not a name"},
		"bad length":               {"attributetype ( 1.2.3.2 NAME 'x' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{x} )\n", "not a length"},
		"bad usage":                {"attributetype ( 1.2.3.2 NAME 'x' SUP name USAGE foo )\n", "unknown usage foo"},
		"two kinds":                {"objectclass ( 1.2.3.2 NAME 'x' AUXILIARY ABSTRACT )\n", "of one kind"},
		"list without end":         {"objectclass ( 1.2.3.2 NAME 'x' MUST ( cn $ sn\n", "list without end"},
		"list in a list":           {"objectclass ( 1.2.3.2 NAME 'x' MUST ( ( cn ) ) )\n", "list without end"},
		"unknown directive":        {good + "include /etc/x\n", "site.schema:2: unknown directive include"},
		"continuation of nothing":  {"  NAME 'x'\n", "site.schema:1: continuation of nothing"},
		"not UTF-8":                {good + "attributetype ( 1.2.3.2\n DESC '\xff' SUP name )\n", "site.schema:3: not UTF-8"},
		"broken base64":            {"dn: cn=schema\nattributeTypes:: %%%\n", "site.schema:2: broken base64"},
		"LDIF fault":               {"dn: cn=schema\nattributeTypes: ( 1.2.3.2 NAME 'x\n  SUP name )\n", "site.schema:2: unterminated quote"},
		"conflict":                 {good + "attributetype ( 1.2.3.9 NAME 'ok' SUP name )\n", "site.schema:2: ok is defined differently at site.schema:1"},
		"conflict with shipped":    {"attributetype ( 2.5.4.3 NAME 'cn' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )\n", "is defined differently at core.schema:"},
		"class conflict":           {"objectclass ( 2.5.6.6 NAME 'person' SUP top MUST sn )\n", "is defined differently at core.schema:"},
		"macro conflict":           {"objectidentifier a 1.2.3\nobjectidentifier a 1.2.4\n", "site.schema:2: objectidentifier a defined differently"},
		"macro without OID":        {"objectidentifier a\n", "site.schema:1: objectidentifier needs"},
		"huge SUP":                 {"objectclass ( 1.2.3.2 NAME 'x' SUP ( " + strings.Repeat("top $ ", 5000) + "top ) )\n", "list of more than 2000 items"},
		"huge definition":          {"attributetype ( 1.2.3.2 DESC '" + strings.Repeat("x", 70000) + "' SUP name )\n", "longer than 65536 bytes"},
		"endless parentheses":      {"attributetype " + strings.Repeat("(", 60000), "site.schema:1: missing object identifier"},
		"chain of SUP without end": {chain(100), "too many superiors"},
	} {
		_, err := Load(Text{Name: "site.schema", Data: []byte(c.text)})
		if !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		} else if len(err.Error()) > 400 {
			t.Errorf("%s: message of %d bytes", name, len(err.Error()))
		}
	}
}

func chain(n int) string {
	var b strings.Builder
	for i := 1; i <= n; i++ {
		sup := "name"
		if i > 1 {
			sup = "chain" + strings.Repeat("x", i-1)
		}
		b.WriteString("attributetype ( 1.2.3." + strings.Repeat("1", i) + " NAME 'chain" + strings.Repeat("x", i) + "' SUP " + sup + " )\n")
	}
	return b.String()
}

func TestTheSameDefinitionAgainIsFine(t *testing.T) {
	load(t, `attributetype ( 2.5.4.3 NAME ( 'commonName' 'CN' ) DESC 'said otherwise' SUP 2.5.4.41 )
attributetype ( 1.2.840.113549.1.9.1 NAME ( 'email' 'emailAddress' 'pkcs9email' ) EQUALITY 1.3.6.1.4.1.1466.109.114.2
  SUBSTR caseIgnoreIA5SubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
objectclass ( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( commonName $ 2.5.4.4 ) MAY ( description $ seeAlso $ telephoneNumber $ userPassword ) )
objectidentifier a 1.2.3
objectidentifier A 1.2.3
`)
}

func TestDiamondOfManyClassesIsCompiledQuickly(t *testing.T) {
	var b strings.Builder
	for i := range 30 { // 2^30 paths to the top
		n := strings.Repeat("x", i)
		up := "top"
		if i > 0 {
			up = "( l" + n[1:] + " $ r" + n[1:] + " )"
		}
		for _, side := range []string{"l", "r"} {
			b.WriteString("objectclass ( 1.2.3." + map[string]string{"l": "1", "r": "2"}[side] + strings.Repeat("1", i) +
				" NAME '" + side + n + "' SUP " + up + " )\n")
		}
	}
	s := load(t, b.String())
	c := s.ObjectClass([]byte("l" + strings.Repeat("x", 29)))
	if !c.Is(s.ObjectClass([]byte("top"))) || c.Is(s.ObjectClass([]byte("person"))) || len(c.Superclasses()) != 59 {
		t.Error(len(c.Superclasses()))
	}
}

func TestSchemaFolder(t *testing.T) {
	for _, dir := range []string{"", filepath.Join(t.TempDir(), "missing")} {
		if s, err := LoadDir(dir); err != nil || s.ObjectClass([]byte("utUser")) == nil {
			t.Errorf("LoadDir(%q): %v", dir, err)
		}
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"b.schema": "attributetype ( 1.2.3.2 NAME 'siteB' SUP siteA )\n",
		"a.ldif":   "dn: cn=schema\nattributeTypes: ( 1.2.3.1 NAME 'siteA' SUP name )\n",
		"c.txt":    "not a schema",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := LoadDir(dir)
	if err != nil || s.AttributeType([]byte("siteB")) == nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "d.schema"), []byte("\nfoo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = LoadDir(dir); err == nil || !strings.Contains(err.Error(), "d.schema:2: unknown directive foo") {
		t.Error(err)
	}
	if _, err = LoadDir(filepath.Join(dir, "a.ldif")); err == nil {
		t.Error("a file was taken for a folder")
	}
}

func FuzzSchemaText(f *testing.F) {
	for _, seed := range []string{"attributetype ( 1.2.3.1 NAME 'a' SUP name )\n", "dn: cn=schema\nobjectClasses: ( 1.2.3 NAME 'x'\n  MUST ( cn $ sn ) )\n",
		"objectidentifier a 1.2\nobjectclass ( a:1 NAME ( 'x' 'y' ) SUP top X-A 'b' )\n", "#\n x\n(\n", "attributeTypes:: KA==\n", "attributetype ( 1.2.3 NAME 'x"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := newCompiler()
		// The types that a definition can lean on, without all of the shipped ones.
		base := "attributetype ( 2.5.4.41 NAME 'name' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )\nattributetype ( 2.5.4.3 NAME 'cn' SUP name )\n" +
			"objectclass ( 2.5.6.0 NAME 'top' ABSTRACT )\n"
		if err := c.add(Text{"base", []byte(base)}); err != nil {
			t.Fatal(err)
		}
		err := c.add(Text{"fuzz", data})
		var s *Schema
		if err == nil {
			s, err = c.compile()
		}
		if err != nil {
			if !errors.Is(err, ErrSchema) || !utf8.ValidString(err.Error()) {
				t.Fatalf("%v", err)
			}
			return
		}
		// What is published reads back as the same.
		again := newCompiler()
		for _, a := range s.attributeList {
			if err := again.add(Text{"again", []byte("attributeTypes: " + a.text)}); err != nil {
				t.Fatalf("%s: %v", a.text, err)
			}
		}
		for _, o := range s.classList {
			if err := again.add(Text{"again", []byte("objectClasses: " + o.text)}); err != nil {
				t.Fatalf("%s: %v", o.text, err)
			}
		}
		second, err := again.compile()
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range s.attributeList {
			if b := second.attributeList[i]; a.text != b.text {
				t.Fatalf("%s became %s", a.text, b.text)
			}
		}
	})
}
