package schema

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func mustDefault(t testing.TB) *Schema {
	t.Helper()
	s, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func keyOf(t testing.TB, s *Schema, dn string) string {
	t.Helper()
	key, err := s.AppendDNKey(nil, []byte(dn))
	if err != nil {
		t.Fatalf("key of %q: %v", dn, err)
	}
	return string(key)
}

func TestPrettyDNIsTheTextThatSlapdGives(t *testing.T) {
	s := mustDefault(t)
	for _, c := range []struct{ in, want string }{
		{``, ``},
		{`  `, ``},
		{`CN=a\, b,o=utdata`, `cn=a\2C b,o=utdata`},
		{`CN=a\2c b,O = utdata`, `cn=a\2C b,o=utdata`},
		{`cn="x, y",o=utdata`, `cn=x\2C y,o=utdata`},
		{`cn="x\"y" ; o=utdata`, `cn=x\22y,o=utdata`},
		{`cn=\23hash,o=utdata`, `cn=\23hash,o=utdata`},
		{`cn=a#b,o=utdata`, `cn=a#b,o=utdata`},
		{`cn=#04024869,o=utdata`, `cn=Hi,o=utdata`},
		{`cn=#0C03E282AC`, `cn=€`},
		{`cn=\ lead\ ,o=utdata`, `cn=\20lead\20,o=utdata`},
		{`cn= sp ,o=utdata`, `cn=sp,o=utdata`},
		{`cn=a;o=utdata`, `cn=a,o=utdata`},
		{`OID.2.5.4.3=oid,o=utdata`, `cn=oid,o=utdata`},
		{`oid.2.5.4.3=oid`, `cn=oid`},
		{`2.5.4.3=oid`, `cn=oid`},
		{`commonName=cc,organizationName=u`, `cn=cc,o=u`},
		{`cn=a\+b`, `cn=a\2Bb`},
		{`cn=a=b`, `cn=a\3Db`},
		{`cn=\c3\a9x`, `cn=éx`},
		{`cn=a\<b\>`, `cn=a\3Cb\3E`},
		{`sn=z+cn=y,o=utdata`, `cn=y+sn=z,o=utdata`},
		{`cn=a\\b`, `cn=a\5Cb`},
		{`cn=a\00b`, `cn=a\00b`},
		{`cn=two  spaces`, `cn=two  spaces`},
		{`Unknown=X,o=utdata`, `unknown=X,o=utdata`},
		{`1.3.6.1.4.1.99999.1=X`, `1.3.6.1.4.1.99999.1=X`},
		{`userPassword=\ff\fe`, `userPassword=#0402fffe`},
		{`userPassword=#0402fffe`, `userPassword=#0402fffe`},
		{`x=`, `x=`},
	} {
		got, err := s.PrettyDN([]byte(c.in))
		if err != nil || got != c.want {
			t.Errorf("PrettyDN(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
		again, err := s.PrettyDN([]byte(got))
		if err != nil || again != got {
			t.Errorf("PrettyDN(%q) = %q, %v: not stable", got, again, err)
		}
		if keyOf(t, s, got) != keyOf(t, s, c.in) {
			t.Errorf("%q and %q have different keys", got, c.in)
		}
	}
}

func TestBadNamesAreRefused(t *testing.T) {
	s := mustDefault(t)
	for name, dn := range map[string]string{
		"trailing separator":       `cn=x,o=utdata,`,
		"trailing semicolon":       `cn=x;`,
		"leading separator":        `,cn=x`,
		"only a separator":         `,`,
		"empty RDN":                `cn=x,,o=utdata`,
		"trailing plus":            `cn=x+,o=utdata`,
		"leading plus":             `+cn=x`,
		"no equals sign":           `cn,o=utdata`,
		"no type":                  `=x`,
		"blank type":               `  =x`,
		"type with space":          `c n=x`,
		"type with option":         `cn;lang-de=x`,
		"type begins with digit":   `1cn=x`,
		"OID with leading zero":    `2.05.4=x`,
		"OID of one number":        `2=x`,
		"empty value of a string":  `cn=,o=utdata`,
		"quote within":             `cn=a"b`,
		"quote unterminated":       `cn="ab`,
		"text behind quote":        `cn="a"b`,
		"angle bracket":            `cn=a<b`,
		"NUL":                      "cn=a\x00b",
		"bad escape":               `cn=a\zb`,
		"escape at the end":        `cn=a\`,
		"half an escape":           `cn=a\c`,
		"hex odd":                  `cn=#040`,
		"hex empty":                `cn=#`,
		"hex no digits":            `cn=#zz`,
		"hex short":                `cn=#04054869`,
		"hex long length":          `cn=#0484000000014`,
		"hex of an integer":        `cn=#020101`,
		"hex tag only":             `cn=#04`,
		"hex length cut":           `cn=#0482ff`,
		"not UTF-8":                "cn=\xff",
		"escaped, not UTF-8":       `cn=\ff`,
		"type twice":               `cn=a+cn=b,o=utdata`,
		"type twice by alias":      `cn=a+sn=x+2.5.4.3=b`,
		"value twice":              `cn=a+cn=a`,
		"value against its syntax": `uidNumber=abc`,
		"one RDN of 1 MiB":         "cn=" + strings.Repeat("x", 1<<20),
		"100,000 RDNs":             strings.TrimSuffix(strings.Repeat("o=x,", 100000), ","),
		"1,001 RDNs":               strings.TrimSuffix(strings.Repeat("o=x,", 1001), ","),
		"33 values in one RDN":     manyAVAs(33),
	} {
		dst := []byte("kept")
		key, err := s.AppendDNKey(dst, []byte(dn))
		if !errors.Is(err, ErrDN) || string(key) != "kept" {
			t.Errorf("%s: AppendDNKey = %.40q, %v", name, key, err)
		}
		if _, err := s.ParseDN([]byte(dn)); !errors.Is(err, ErrDN) {
			t.Errorf("%s: ParseDN: %v", name, err)
		} else if !utf8.ValidString(err.Error()) || len(err.Error()) > 300 {
			t.Errorf("%s: message %q", name, err)
		}
	}
}

func manyAVAs(n int) string {
	var b []string
	for i := range n {
		b = append(b, "x"+strings.Repeat("y", i)+"=1")
	}
	return strings.Join(b, "+")
}

func TestNamesAtTheLimitsAreTaken(t *testing.T) {
	s := mustDefault(t)
	for _, dn := range []string{
		strings.TrimSuffix(strings.Repeat("o=x,", 1000), ","),
		manyAVAs(32),
		"cn=" + strings.Repeat("x", 64<<10-3),
	} {
		if _, err := s.AppendDNKey(nil, []byte(dn)); err != nil {
			t.Errorf("%.20q...: %v", dn, err)
		}
		if _, err := s.ParseDN([]byte(dn)); err != nil {
			t.Errorf("%.20q...: %v", dn, err)
		}
	}
}

func TestSameNameInDifferentSpellingsHasOneKey(t *testing.T) {
	s := mustDefault(t)
	for _, same := range [][]string{
		{`cn=Joe User,o=utdata`, `CN=joe  user, O=UTDATA`, `2.5.4.3=Joe User;oid.2.5.4.10=utdata`, ` commonName = "Joe User" , organizationName = utdata `,
			`cn=Joe\20User,o=utdata`, `cn=#04084A6F652055736572,o=utdata`, `cn=\4aoe user,o=ut\64ata`},
		{`cn=a+sn=b,o=x`, `sn=b+cn=a,o=x`, `SN=B + CN=A , o=x`},
		{`cn=é`, `cn=É`, "cn=e\u0301", `cn=\C3\89`},
		{`cn=straße`, `cn=STRASSE`},
		{`uidNumber=7`, `uidnumber=07`},
		{`telephoneNumber=\+49 30-1`, `telephoneNumber=\+49301`, `2.5.4.20="+4930 1"`},
		{`foo=A  b`, `FOO=a B`},
	} {
		for _, dn := range same[1:] {
			if a, b := keyOf(t, s, same[0]), keyOf(t, s, dn); a != b {
				t.Errorf("%q has key %q, %q has %q", same[0], a, dn, b)
			}
		}
	}
	for _, differ := range [][2]string{
		{`cn=a,o=x`, `cn=a`}, {`cn=a+sn=b`, `cn=a\+sn\=b`}, {`cn=a,sn=b`, `sn=b,cn=a`}, {`cn=ab`, `cn=a b`},
		{`userPassword=a`, `userPassword=A`}, {`cn=a\00b`, `cn=a`}, {`userPassword=a\00b`, `userPassword=a\01b`},
		{`foo=\ff`, `foo=\fe`},
	} {
		if a, b := keyOf(t, s, differ[0]), keyOf(t, s, differ[1]); a == b {
			t.Errorf("%q and %q have the same key", differ[0], differ[1])
		}
	}
}

func TestKeyHasTheDocumentedForm(t *testing.T) {
	s := mustDefault(t)
	for dn, want := range map[string]string{
		``:                                 "",
		`o=utdata`:                         "o=utdata",
		`CN=Joe User,O=utdata`:             "o=utdata\x00cn=joe user",
		`cn=x,utname=Y,o=z`:                "o=z\x00utname=y\x00cn=x",
		`sn=b+cn=a,o=z`:                    "o=z\x00cn=a+sn=b",
		`x=3+sn=b+cn=a+l=q,o=z`:            "o=z\x00cn=a+l=q+sn=b+x=3",
		`cn=a\+b`:                          "cn=a\x01\x03b",
		`userPassword=\00\01\+`:            "userpassword=\x01\x01\x01\x02\x01\x03",
		`userPassword=\00+cn=a\+,o=\2B\2B`: "o=\x01\x03\x01\x03\x00cn=a\x01\x03+userpassword=\x01\x01",
	} {
		if got := keyOf(t, s, dn); got != want {
			t.Errorf("key of %q = %q, want %q", dn, got, want)
		}
		d, err := s.ParseDN([]byte(dn))
		if err != nil {
			t.Fatal(err)
		}
		var parts []string
		for i := len(d) - 1; i >= 0; i-- {
			parts = append(parts, string(s.AppendRDNKey(nil, d[i])))
		}
		if got := strings.Join(parts, "\x00"); got != want {
			t.Errorf("AppendRDNKey parts of %q = %q, want %q", dn, got, want)
		}
	}
}

func TestKeyIsAppendedToWhatIsThere(t *testing.T) {
	s := mustDefault(t)
	got, err := s.AppendDNKey([]byte("a\x00b"), []byte("cn=x,o=y"))
	if err != nil || string(got) != "a\x00bo=y\x00cn=x" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestKeyRelations(t *testing.T) {
	s := mustDefault(t)
	key := func(dn string) []byte { return []byte(keyOf(t, s, dn)) }
	base, child, grand := key("o=u"), key("cn=a,o=u"), key("sn=b,cn=a,o=u")
	near := key("o=u2")
	if !bytes.Equal(KeyParent(grand), child) || !bytes.Equal(KeyParent(child), base) || len(KeyParent(base)) != 0 || len(KeyParent(nil)) != 0 {
		t.Error("KeyParent")
	}
	if string(KeyLeaf(grand)) != "sn=b" || string(KeyLeaf(base)) != "o=u" || len(KeyLeaf(nil)) != 0 {
		t.Error("KeyLeaf")
	}
	if KeyDepth(nil) != 0 || KeyDepth(base) != 1 || KeyDepth(grand) != 3 {
		t.Error("KeyDepth")
	}
	for _, c := range []struct {
		key, base []byte
		under     bool
		scopes    [4]bool // base, one, sub, children
	}{
		{base, base, false, [4]bool{true, false, true, false}},
		{child, base, true, [4]bool{false, true, true, true}},
		{grand, base, true, [4]bool{false, false, true, true}},
		{near, base, false, [4]bool{}},
		{base, child, false, [4]bool{}},
		{base, nil, true, [4]bool{false, true, true, true}},
		{grand, nil, true, [4]bool{false, false, true, true}},
		{nil, nil, false, [4]bool{true, false, true, false}},
		{nil, base, false, [4]bool{}},
	} {
		if KeyUnder(c.key, c.base) != c.under {
			t.Errorf("KeyUnder(%q, %q)", c.key, c.base)
		}
		for scope, want := range c.scopes {
			if KeyInScope(c.key, c.base, Scope(scope)) != want {
				t.Errorf("KeyInScope(%q, %q, %d) is not %v", c.key, c.base, scope, want)
			}
		}
	}
	if KeyInScope(base, base, 9) {
		t.Error("unknown scope")
	}
}

func TestSplitDN(t *testing.T) {
	for _, c := range []struct {
		dn         string
		n          int
		head, tail string
		ok         bool
	}{
		{"a=1,b=2,c=3", 1, "a=1", "b=2,c=3", true},
		{"a=1,b=2,c=3", 2, "a=1,b=2", "c=3", true},
		{"a=1,b=2,c=3", 3, "a=1,b=2,c=3", "", true},
		{"a=1,b=2,c=3", 4, "a=1,b=2,c=3", "", false},
		{"a=1,b=2", 0, "", "a=1,b=2", true},
		{`a=1\,x , b=2`, 1, `a=1\,x`, "b=2", true},
		{`a="1,x";b=2`, 1, `a="1,x"`, "b=2", true},
		{`a=1\2Cx,b=2`, 1, `a=1\2Cx`, "b=2", true},
		{"", 1, "", "", false},
		{"", 0, "", "", true},
		{`a=1\`, 1, `a=1\`, "", true},
		{`a=1\`, 2, `a=1\`, "", false},
		{`a=x\ ,b=2`, 1, `a=x\ `, "b=2", true},
	} {
		head, tail, ok := SplitDN(c.dn, c.n)
		if head != c.head || tail != c.tail || ok != c.ok {
			t.Errorf("SplitDN(%q, %d) = %q, %q, %v", c.dn, c.n, head, tail, ok)
		}
	}
	if ParentDN("cn=a,o=b") != "o=b" || ParentDN("o=b") != "" || ParentDN("") != "" {
		t.Error("ParentDN")
	}
}

func TestKeyOfPlainNameDoesNotAllocate(t *testing.T) {
	s := mustDefault(t)
	dst := make([]byte, 0, 512)
	for _, dn := range []string{
		"utname=mondex.9998007668077709,utname=tokens,o=v1,o=utdata",
		`cn=a\, b+uidNumber=5+sn=x,ou="quoted, too",dc=Example,o=utdata`,
		"unknownType=X y,o=utdata",
	} {
		in := []byte(dn)
		if n := testing.AllocsPerRun(100, func() {
			if _, err := s.AppendDNKey(dst, in); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", dn, n)
		}
	}
}

func BenchmarkAppendDNKey(b *testing.B) {
	s := mustDefault(b)
	dn := []byte("utname=mondex.9998007668077709,utname=tokens,utname=group,o=v1,o=utdata")
	dst := make([]byte, 0, 512)
	b.ReportAllocs()
	b.SetBytes(int64(len(dn)))
	for b.Loop() {
		if _, err := s.AppendDNKey(dst, dn); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzDN(f *testing.F) {
	s := mustDefault(f)
	for _, seed := range []string{"", "cn=a,o=b", `cn=a\,b+sn="x;y" ; OID.2.5.4.3=#04024869`, "cn=a,", "=x", "cn=\xff",
		`userPassword=\00\01\2b+cn=x,uidNumber=-5`, "cn=\u00a8\u0301 x", "uniqueMember=cn\\=a#'01'B", "cn=\u1E9E"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, dn []byte) {
		key, err := s.AppendDNKey([]byte("p"), dn)
		d, err2 := s.ParseDN(dn)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("AppendDNKey: %v, ParseDN: %v", err, err2)
		}
		if err != nil {
			if !errors.Is(err, ErrDN) || !errors.Is(err2, ErrDN) || string(key) != "p" {
				t.Fatalf("%v, %v, %q", err, err2, key)
			}
			return
		}
		text := d.String()
		if !utf8.ValidString(text) {
			t.Fatalf("%q is not UTF-8", text)
		}
		if len(text) <= maxDNLength {
			again, err := s.AppendDNKey([]byte("p"), []byte(text))
			if err != nil || !bytes.Equal(again, key) {
				t.Fatalf("%q: key %q, pretty %q: key %q, %v", dn, key, text, again, err)
			}
		}
		if KeyDepth(key[1:]) != len(d) {
			t.Fatalf("depth of %q is not %d", key, len(d))
		}
		rest := key[1:]
		for i := range d {
			if leaf := s.AppendRDNKey(nil, d[i]); !bytes.Equal(leaf, KeyLeaf(rest)) {
				t.Fatalf("leaf %q, AppendRDNKey %q", KeyLeaf(rest), leaf)
			}
			rest = KeyParent(rest)
		}
		if len(d) > 0 {
			if _, tail, ok := SplitDN(text, 1); !ok {
				t.Fatalf("SplitDN(%q)", text)
			} else if up := keyOf(t, s, tail); !bytes.Equal([]byte(up), KeyParent(key[1:])) {
				t.Fatalf("parent of %q is %q", text, tail)
			}
		}
	})
}
