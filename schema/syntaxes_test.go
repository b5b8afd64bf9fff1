package schema

import (
	"strings"
	"testing"
)

func TestSyntaxes(t *testing.T) {
	s := mustDefault(t)
	der := "\x30\x03\x02\x01\x05"
	for _, c := range []struct {
		syntax    string // last number of the arc, or an OID
		good, bad []string
	}{
		{"3", []string{"( 1.2.3 NAME 'x' SYNTAX 1.2.3.4 )", "(1.2.3)"}, []string{"", "x", "( 1.2.3", "( 1.2.3 NAME 'x )", "( )"}},
		{"6", []string{"''B", "'01'B"}, []string{"", "01", "'2'B"}},
		{"7", []string{"TRUE", "FALSE"}, []string{"", "true", "1"}},
		{"8", []string{der}, []string{"", "x", der + "x", "\x30\x84\xff\xff\xff\xff", "\x02\x01\x05"}},
		{"9", []string{der}, []string{"\x30"}},
		{"11", []string{"DE", "de"}, []string{"", "D", "DEU", "D1"}},
		{"12", []string{"", "cn=x", "CN=x,O=y"}, []string{"x", "cn=x,"}},
		{"14", []string{"any", "mhs $ telephone"}, []string{"", "post", "any $"}},
		{"15", []string{"x", "é", " "}, []string{"", "\xff", "\xc3"}},
		{"22", []string{"+1 2", "+1 2$fineResolution"}, []string{"", "$x", "_"}},
		{"24", []string{"20200101000000Z", "2020010100Z", "20200101000000.1+0100"}, []string{"", "991231235959Z", "20200101"}},
		{"26", []string{"", "abc"}, []string{"é", "\xff"}},
		{"27", []string{"0", "-1", "12345678901234567890"}, []string{"", "007", "-0", "-", "+1", "1 ", "-01"}},
		{"28", []string{"", "\xff\xd8"}, nil},
		{"34", []string{"cn=x", "cn=x#'01'B"}, []string{"x", "cn=x#'2'B"}},
		{"36", []string{"1 2", " "}, []string{"", "a"}},
		{"37", []string{"( 1.2.3 NAME 'x' SUP top STRUCTURAL MUST cn )"}, []string{"( 1.2.3 MUST )", ")"}},
		{"38", []string{"1.2", "cn", "a-b"}, []string{"", "1", "1.02", "a b", "1.2.", "-a"}},
		{"39", []string{"smtp$a@b"}, []string{"", "a@b", "$a", "x$é"}},
		{"40", []string{"", "\x00\xff"}, nil},
		{"41", []string{"a$b", `a\24b`, `a\5c`, "é"}, []string{"", `a\`, `a\xx`, "\xff"}},
		{"44", []string{"A b-c.", "'()+,-./:? ="}, []string{"", "_", "é", "a@b"}},
		{"50", []string{"+49 30 1"}, []string{"", "é", "*1"}},
		{"51", []string{"a", "a$control:x"}, []string{"", "$"}},
		{"52", []string{"1$DE$x"}, []string{"", "1$DE", "1$DE$", "1$2$3$4"}},
		{"53", []string{"9912312359Z", "991231235959Z", "991231235959+0100"}, []string{"", "99123123Z", "991331235959Z", "991231235959.1Z"}},
		{"1.3.6.1.1.1.0.0", []string{"(a,b,c)", "(,,)"}, []string{"", "a,b,c", "(a,b)", "(a,b,c,d)"}},
		{"1.3.6.1.1.1.0.1", []string{"root=fs:/x"}, []string{"", "root", "root=fs", "=a:b"}},
		{"1.3.6.1.1.16.1", []string{"597ae2f6-16a6-1027-98f4-d28b5365dc14"}, []string{"", "597ae2f6", strings.Repeat("a", 36)}},
		{"1.3.6.1.4.1.4203.666.11.2.1", []string{"20201122185600.123456Z#000000#000#000000"}, []string{"", "2020", "x"}},
		{"1.3.6.1.4.1.4203.1.1.2", []string{"SHA1$a$b"}, []string{"", "x", "a$b$c$d"}},
	} {
		oid := c.syntax
		if len(oid) < 4 {
			oid = syntaxArc + oid
		}
		x := s.syntaxes[oid]
		if x == nil {
			t.Errorf("no syntax %s", oid)
			continue
		}
		for _, v := range c.good {
			if x.Validate != nil && x.Validate(s, []byte(v)) != nil {
				t.Errorf("%s refuses %q", x.Desc, v)
			}
		}
		for _, v := range c.bad {
			if x.Validate(s, []byte(v)) == nil {
				t.Errorf("%s takes %q", x.Desc, v)
			}
		}
	}
}

func TestEverySyntaxOfRFC4517IsThere(t *testing.T) {
	s := mustDefault(t)
	for _, n := range strings.Fields("3 6 7 11 12 14 15 16 17 21 22 23 24 25 26 27 28 30 31 34 35 36 37 38 39 40 41 44 50 51 52 53 54 58") {
		if s.syntaxes[syntaxArc+n] == nil {
			t.Errorf("no syntax %s", n)
		}
	}
}

// No value, however odd, makes a validator do worse than refuse it.
func FuzzSyntaxes(f *testing.F) {
	s := mustDefault(f)
	for _, seed := range []string{"", "x", "( 1.2.3 NAME 'x' )", "\x30\x03\x02\x01\x05", "cn=a#'1'B", "20200101Z", "a$b$c", "\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		for _, x := range s.syntaxList {
			if x.Validate == nil {
				continue
			}
			if err := x.Validate(s, value); err != nil && err.Error() == "" {
				t.Fatalf("%s: no reason", x.Desc)
			}
		}
	})
}
