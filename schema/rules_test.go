package schema

import (
	"bytes"
	"strings"
	"testing"
)

// form gives the normal form of value by the named rule, or "!" on an error.
func form(t testing.TB, s *Schema, rule, value string) string {
	t.Helper()
	r := s.MatchingRule([]byte(rule))
	if r == nil {
		t.Fatalf("no rule %s", rule)
	}
	out, err := r.Normalize(s, []byte("p"), []byte(value))
	if err != nil {
		if string(out) != "p" {
			t.Errorf("%s(%q): dst changed to %q by an error", rule, value, out)
		}
		return "!"
	}
	return string(out[1:])
}

func TestEqualityRules(t *testing.T) {
	s := mustDefault(t)
	for _, c := range []struct {
		rule, a, b string
		equal      bool
	}{
		{"caseIgnoreMatch", "Foo  Bar", " foo bar ", true},
		{"caseIgnoreMatch", "foobar", "foo bar", false},
		{"caseIgnoreMatch", "a\tb\r\nc", "A b c", true},
		{"caseIgnoreMatch", "a\x00b\x7f", "ab", true},
		{"caseIgnoreMatch", "Müller", "MU\u0308LLER", true},
		{"caseIgnoreMatch", "a\u00a0b", "a b", true},
		{"caseIgnoreMatch", "a\u200bb\u00ad", "ab", true},
		{"caseIgnoreMatch", "ﬁ", "FI", true},
		{"caseIgnoreMatch", "Σ", "ς", true},
		{"caseIgnoreMatch", "１", "1", true},
		{"caseIgnoreMatch", "  ", " ", true},
		{"caseExactMatch", "Foo  Bar", "Foo Bar", true},
		{"caseExactMatch", "Foo", "foo", false},
		{"caseExactMatch", "é", "e\u0301", true},
		{"caseExactMatch", "É", "é", false},
		{"caseIgnoreIA5Match", "A@B.c", "a@b.C", true},
		{"caseIgnoreIA5Match", "", " ", true},
		{"caseExactIA5Match", "/Home", "/home", false},
		{"numericStringMatch", "1 2 3", "123", true},
		{"numericStringMatch", " 1", "10", false},
		{"telephoneNumberMatch", "+49 (30) 12-34", "+49(30)1234", true},
		{"telephoneNumberMatch", "1234", "12345", false},
		{"caseIgnoreListMatch", "1 Main St$Town", "1 main  st$TOWN", true},
		{"caseIgnoreListMatch", "a$b", "a b", false},
		{"caseIgnoreListMatch", `a\24b`, "a$b", false},
		{"caseIgnoreListMatch", `a\5cb`, `A\5Cb`, true},
		{"booleanMatch", "TRUE", "true", true},
		{"booleanMatch", "TRUE", "FALSE", false},
		{"integerMatch", "7", "07", true},
		{"integerMatch", "-0", "0", true},
		{"integerMatch", "-7", "7", false},
		{"bitStringMatch", "'0101'B", "'0101'B", true},
		{"bitStringMatch", "'0101'B", "'01010'B", false},
		{"octetStringMatch", "a", "A", false},
		{"octetStringMatch", "", "", true},
		{"objectIdentifierMatch", "person", "2.5.6.6", true},
		{"objectIdentifierMatch", "PERSON", "person", true},
		{"objectIdentifierMatch", "cn", "commonName", true},
		{"objectIdentifierMatch", "cn", "2.5.4.3", true},
		{"objectIdentifierMatch", "caseIgnoreMatch", "2.5.13.2", true},
		{"objectIdentifierMatch", "nosuch", "NoSuch", true},
		{"objectIdentifierMatch", "person", "organization", false},
		{"distinguishedNameMatch", "cn=A b, o=X", "2.5.4.3=a  B,o=x", true},
		{"distinguishedNameMatch", "", "", true},
		{"distinguishedNameMatch", "cn=a", "cn=a,o=x", false},
		{"uniqueMemberMatch", "cn=A,o=x#'01'B", "CN=a, o=X#'01'B", true},
		{"uniqueMemberMatch", "cn=A,o=x#'01'B", "cn=a,o=x", false},
		{"uniqueMemberMatch", "cn=a\\2B'01'B", "cn=a#'01'B", false},
		{"generalizedTimeMatch", "20200101000000Z", "202001010000Z", true},
		{"generalizedTimeMatch", "20200101000000Z", "2020010100Z", true},
		{"generalizedTimeMatch", "20200101000000.500Z", "20200101000000,5Z", true},
		{"generalizedTimeMatch", "20200101003000Z", "2020010100.5Z", true},
		{"generalizedTimeMatch", "20200101000030Z", "202001010000.5Z", true},
		{"generalizedTimeMatch", "20200101000000Z", "20200101010000+0100", true},
		{"generalizedTimeMatch", "20191231230000Z", "20200101000000+01", true},
		{"generalizedTimeMatch", "20200101013000Z", "20200101000000-0130", true},
		{"generalizedTimeMatch", "19991231235959Z", "991231235959Z", true},
		{"generalizedTimeMatch", "20090102030400Z", "0901020304Z", true},
		{"generalizedTimeMatch", "20010203040506Z", "010203040506Z", true},
		{"generalizedTimeMatch", "20010203040500Z", "200102030405Z", true},
		{"generalizedTimeMatch", "20200101000000Z", "20200101000001Z", false},
		{"uuidMatch", "597AE2F6-16a6-1027-98f4-d28b5365dc14", "597ae2f6-16a6-1027-98f4-D28B5365DC14", true},
		{"CSNMatch", "20201122185600.123456Z#000000#00A#000000", "20201122185600.123456Z#000000#00a#000000", true},
		{"objectIdentifierFirstComponentMatch", "( 2.5.4.3 NAME 'cn' SUP name )", "2.5.4.3", true},
		{"objectIdentifierFirstComponentMatch", "(2.5.4.3)", "cn", true},
		{"objectIdentifierFirstComponentMatch", "( 2.5.4.3 NAME 'cn' )", "2.5.4.4", false},
		{"integerFirstComponentMatch", "( 15 NAME 'x' )", "15", true},
		{"directoryStringFirstComponentMatch", "( 'Foo  Bar' 2 )", "foo bar", true},
		{"presentationAddressMatch", "0101", "0101", true},
	} {
		a, b := form(t, s, c.rule, c.a), form(t, s, c.rule, c.b)
		if a == "!" || b == "!" || (a == b) != c.equal {
			t.Errorf("%s: %q is %q, %q is %q; equal should be %v", c.rule, c.a, a, c.b, b, c.equal)
		}
	}
}

func TestRulesRefuseValuesOfAnotherSyntax(t *testing.T) {
	s := mustDefault(t)
	for rule, values := range map[string][]string{
		"caseIgnoreMatch":      {"", "\xff", "a\uE000", "\uFFFD", "\uFFFE"},
		"caseExactMatch":       {"", "\xff"},
		"caseIgnoreIA5Match":   {"é", "\xff"},
		"caseExactIA5Match":    {"é"},
		"numericStringMatch":   {"", "1a", "-1"},
		"telephoneNumberMatch": {"", "\xff"},
		"caseIgnoreListMatch":  {"", "\xff$"},
		"booleanMatch":         {"", "yes", "TRUEE", "TRU"},
		"integerMatch":         {"", "-", "+1", "1.0", "a", "0x1", " 1"},
		"bitStringMatch":       {"", "'", "''", "'2'B", "0101", "'01'b", "B'01'"},
		"objectIdentifierMatch": {"", "1", "1.", ".1", "1..2", "01.2", "a b", "é", "-a",
			strings.Repeat("1", 10)},
		"distinguishedNameMatch": {"x", "cn=a,", "\xff"},
		"uniqueMemberMatch":      {"x", "cn=a#'2'B", "cn=a,#'1'B"},
		"generalizedTimeMatch": {"", "2020", "20200101", "20200101Z", "20200101000000", "20201301000000Z", "20200230000000Z",
			"20210229000000Z", "20200101240000Z", "20200101006000Z", "20200101000061Z", "20200101000000.Z", "20200101000000+1",
			"20200101000000+2400", "20200101000000+00:00", "20200101000000+0060", "2020010100000Z", "20200101000000ZZ", "0Z", "Z"},
		"uuidMatch": {"", "597ae2f6-16a6-1027-98f4-d28b5365dc1", "597ae2f6-16a6-1027-98f4-d28b5365dc144",
			"597ae2f6x16a6-1027-98f4-d28b5365dc14", "597ae2f6-16a6-1027-98f4-d28b5365dc1g", strings.Repeat("a", 36)},
		"CSNMatch": {"", "2020", "20201122185600.123456Z#000000#000#00000", "20201322185600.123456Z#000000#000#000000",
			"20201122185600.123456Z#00000x#000#000000", "20201122185600.123456Z-000000#000#000000",
			"20201122185600Z#000000#000#000000"},
		"objectIdentifierFirstComponentMatch": {"", "(", "( )", "( '2.5.4.3", "( ("},
		"integerFirstComponentMatch":          {"( x )"},
	} {
		for _, v := range values {
			if got := form(t, s, rule, v); got != "!" {
				t.Errorf("%s(%q) = %q, want an error", rule, v, got)
			}
		}
	}
}

func TestOrderOfFormsIsTheOrderOfValues(t *testing.T) {
	s := mustDefault(t)
	for rule, ascending := range map[string][]string{
		"integerOrderingMatch": {"-" + strings.Repeat("9", 300), "-12345678901234567890", "-1000", "-999", "-10", "-9", "-1", "0", "1", "2", "9", "10",
			"99", "100", "389", "999999999", "1000000000", "12345678901234567890", "1" + strings.Repeat("0", 99), strings.Repeat("9", 300)},
		"generalizedTimeOrderingMatch": {"19700101000000Z", "991231235959Z", "20200101000000Z", "20200101000000.000001Z", "20200101000000.1Z",
			"20200101000000.12Z", "20200101000001Z", "20200101020000+0100", "20210101000000Z"},
		"caseIgnoreOrderingMatch":    {"a", "A b", "ab", "abc", "b", "é"},
		"caseExactOrderingMatch":     {"A", "B", "a", "b"},
		"numericStringOrderingMatch": {"1", "1 2", "123", "2"},
		"octetStringOrderingMatch":   {"", "\x00", "\x00\x01", "a", "ab", "b", "\xff"},
		"uuidOrderingMatch":          {"00000000-0000-0000-0000-000000000000", "597AE2F6-16a6-1027-98f4-d28b5365dc14", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
		"CSNOrderingMatch": {"20201122185600.123456Z#000000#00A#000000", "20201122185600.123456Z#000001#000#000000",
			"20201122185600.123457Z#000000#000#000000"},
	} {
		for i, a := range ascending {
			for j, b := range ascending {
				fa, fb := form(t, s, rule, a), form(t, s, rule, b)
				if got := strings.Compare(fa, fb); fa == "!" || fb == "!" || got < 0 != (i < j) || got > 0 != (i > j) {
					t.Errorf("%s: %.40q (%.40q) against %.40q (%.40q) is %d", rule, a, fa, b, fb, got)
				}
			}
		}
	}
}

func TestSubstrings(t *testing.T) {
	s := mustDefault(t)
	for _, c := range []struct {
		rule, value string
		parts       []string // initial, any..., final; "-" for none
		match       bool
	}{
		{"caseIgnoreSubstringsMatch", "Foo  Bar", []string{"foo", "-"}, true},
		{"caseIgnoreSubstringsMatch", "Foo  Bar", []string{"foo b", "-"}, true},
		{"caseIgnoreSubstringsMatch", "Foo Bar", []string{" foo ", "-"}, true},
		{"caseIgnoreSubstringsMatch", "Foo Bar", []string{"-", "o b", "-"}, true},
		{"caseIgnoreSubstringsMatch", "Foo Bar", []string{"-", "o   B", "-"}, true},
		{"caseIgnoreSubstringsMatch", "Foo Bar", []string{"-", " bar", "-"}, true},
		{"caseIgnoreSubstringsMatch", "FooBar", []string{"-", " bar", "-"}, false},
		{"caseIgnoreSubstringsMatch", "Foo Bar", []string{"-", "BAR"}, true},
		{"caseIgnoreSubstringsMatch", "Foo Bar", []string{"-", "bar "}, true},
		{"caseIgnoreSubstringsMatch", "Foo Bar", []string{"-", "foo"}, false},
		{"caseIgnoreSubstringsMatch", "Foo Bar", []string{"bar", "-"}, false},
		{"caseIgnoreSubstringsMatch", "Foo Bar", []string{"foo", "bar"}, true},
		{"caseIgnoreSubstringsMatch", "Foo Bar", []string{"foo ", "bar"}, true},
		{"caseIgnoreSubstringsMatch", "abcabc", []string{"-", "abc", "abc", "-"}, true},
		{"caseIgnoreSubstringsMatch", "abcab", []string{"-", "abc", "abc", "-"}, false},
		{"caseIgnoreSubstringsMatch", "Ångström", []string{"A\u030A", "STRÖ", "-"}, true},
		{"caseIgnoreSubstringsMatch", "x", []string{"-", " ", "-"}, true},
		{"caseExactSubstringsMatch", "Foo", []string{"f", "-"}, false},
		{"caseExactSubstringsMatch", "Foo", []string{"F", "-"}, true},
		{"caseIgnoreIA5SubstringsMatch", "A@Example.org", []string{"-", "@example", "-"}, true},
		{"caseExactIA5SubstringsMatch", "/home/X", []string{"/home/", "x"}, false},
		{"numericStringSubstringsMatch", "1 2 3 4", []string{"-", "23", "-"}, true},
		{"numericStringSubstringsMatch", "1234", []string{"1 2", "-"}, true},
		{"telephoneNumberSubstringsMatch", "+1 408-555 1212", []string{"-", "5551", "-"}, true},
		{"telephoneNumberSubstringsMatch", "+1 408-555 1212", []string{"+1408", "-1212"}, true},
		{"caseIgnoreListSubstringsMatch", "1 Main St$Big Town", []string{"-", "main s", "-"}, true},
		{"caseIgnoreListSubstringsMatch", "1 Main St$Big Town", []string{"-", "st big", "-"}, false},
		{"octetStringSubstringsMatch", "\x00\xff\x01", []string{"-", "\xff", "-"}, true},
	} {
		r := s.MatchingRule([]byte(c.rule))
		value, err := r.Normalize(s, nil, []byte(c.value))
		if err != nil {
			t.Errorf("%s(%q): %v", c.rule, c.value, err)
			continue
		}
		var parts []SubstringPart
		for i, p := range c.parts {
			if p == "-" {
				continue
			}
			at := PartAny
			if i == 0 {
				at = PartInitial
			} else if i == len(c.parts)-1 {
				at = PartFinal
			}
			f, err := r.NormalizePart(s, nil, []byte(p), at)
			if err != nil {
				t.Errorf("%s part %q: %v", c.rule, p, err)
			}
			parts = append(parts, SubstringPart{At: at, Form: f})
		}
		if matchParts(value, parts) != c.match {
			t.Errorf("%s: %q against %q should be %v (form %q)", c.rule, c.value, c.parts, c.match, value)
		}
	}
}

func TestPreparationAsInRFC4518(t *testing.T) {
	for _, c := range []struct {
		in   string
		mode spaces
		want string
	}{
		{"foo bar  ", spacesValue, " foo  bar "},
		{"", spacesValue, "  "},
		{"   ", spacesValue, "  "},
		{"foo bar ", spacesInitial, " foo  bar "},
		{"foo", spacesInitial, " foo"},
		{" ", spacesInitial, " "},
		{"  foo  bar", spacesAny, " foo  bar"},
		{"foo ", spacesAny, "foo "},
		{"foo", spacesFinal, "foo "},
		{" foo", spacesFinal, " foo "},
		{"é \u0301x", spacesCompact, "é \u0301x"}, // a space that carries an accent is a character
		{"a b-c", spacesTel, "abc"},
		{"a \u2010 b", spacesTel, "ab"},
		{" 1 2 ", spacesNone, "12"},
		{"  ", spacesNone, " "},
	} {
		got, err := appendPrepared(nil, []byte(c.in), true, c.mode)
		if err != nil || string(got) != c.want {
			t.Errorf("%q (%d): %q, %v; want %q", c.in, c.mode, got, err, c.want)
		}
	}
}

func TestMatchFunctions(t *testing.T) {
	s := mustDefault(t)
	for _, c := range []struct {
		rule, value, assertion string
		match                  bool
	}{
		{"wordMatch", "The quick, brown fox", "BROWN", true},
		{"wordMatch", "The quick, brown fox", "quick", true},
		{"wordMatch", "The quick, brown fox", "fox", true},
		{"wordMatch", "The quick, brown fox", "row", false},
		{"wordMatch", "rowing in a row", "row", true},
		{"wordMatch", "x", "", false},
		{"keywordMatch", "a,b;c", "b", true},
		{"integerBitAndMatch", "7", "5", true},
		{"integerBitAndMatch", "2", "3", false},
		{"integerBitAndMatch", "-1", "4611686018427387904", true},
		{"integerBitAndMatch", "x", "1", false},
		{"integerBitAndMatch", "1", strings.Repeat("9", 30), false},
		{"1.2.840.113556.1.4.804", "2", "3", true},
		{"integerBitOrMatch", "4", "3", false},
		{"integerBitOrMatch", "9223372036854775808", "-9223372036854775808", true},
	} {
		if got := s.MatchingRule([]byte(c.rule)).Match(s, []byte(c.value), []byte(c.assertion)); got != c.match {
			t.Errorf("%s(%q, %q) = %v", c.rule, c.value, c.assertion, got)
		}
	}
}

func TestEveryRuleOfRFC4517IsThere(t *testing.T) {
	s := mustDefault(t)
	for _, name := range strings.Fields(`bitStringMatch booleanMatch caseExactIA5Match caseExactMatch caseExactOrderingMatch
		caseExactSubstringsMatch caseIgnoreIA5Match caseIgnoreIA5SubstringsMatch caseIgnoreListMatch
		caseIgnoreListSubstringsMatch caseIgnoreMatch caseIgnoreOrderingMatch caseIgnoreSubstringsMatch
		directoryStringFirstComponentMatch distinguishedNameMatch generalizedTimeMatch generalizedTimeOrderingMatch
		integerFirstComponentMatch integerMatch integerOrderingMatch keywordMatch numericStringMatch
		numericStringOrderingMatch numericStringSubstringsMatch objectIdentifierFirstComponentMatch
		objectIdentifierMatch octetStringMatch octetStringOrderingMatch telephoneNumberMatch
		telephoneNumberSubstringsMatch uniqueMemberMatch wordMatch uuidMatch uuidOrderingMatch`) {
		r := s.MatchingRule([]byte(name))
		if r == nil {
			t.Errorf("no rule %s", name)
			continue
		}
		if s.MatchingRule([]byte(r.OID)) != r || s.MatchingRule([]byte(strings.ToUpper(name))) != r {
			t.Errorf("%s is not found by OID or without case", name)
		}
		if (r.Kind == SubstringsRule) != (r.NormalizePart != nil) || s.syntaxes[r.SyntaxOID] == nil {
			t.Errorf("%s is not complete", name)
		}
	}
}

func TestNormalisationOfASCIIDoesNotAllocate(t *testing.T) {
	s := mustDefault(t)
	dst := make([]byte, 0, 256)
	for rule, value := range map[string]string{
		"caseIgnoreMatch": "Foo  Bar", "caseExactMatch": "Foo  Bar", "caseIgnoreIA5Match": "A@b", "integerMatch": "-12345",
		"numericStringMatch": "1 2", "telephoneNumberMatch": "+1 2-3", "booleanMatch": "TRUE", "octetStringMatch": "x",
		"generalizedTimeMatch": "20200101000000.5+0100", "uuidMatch": "597ae2f6-16a6-1027-98f4-d28b5365dc14",
		"CSNMatch": "20201122185600.123456Z#000000#00a#000000", "distinguishedNameMatch": "cn=a,o=b",
		"uniqueMemberMatch": "cn=a,o=b#'01'B", "objectIdentifierMatch": "inetOrgPerson", "caseIgnoreListMatch": "a$b",
		"caseIgnoreSubstringsMatch": "Foo  Bar", "objectIdentifierFirstComponentMatch": "( 2.5.4.3 NAME 'cn' )",
	} {
		r, v := s.MatchingRule([]byte(rule)), []byte(value)
		if n := testing.AllocsPerRun(50, func() {
			if _, err := r.Normalize(s, dst, v); err != nil {
				t.Fatal(rule, err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", rule, n)
		}
	}
}

func BenchmarkNormalizeCaseIgnore(b *testing.B) {
	s := mustDefault(b)
	v, dst := []byte("MicroPayflex.00004f9265000100 of Joe User"), make([]byte, 0, 256)
	b.ReportAllocs()
	b.SetBytes(int64(len(v)))
	for b.Loop() {
		if _, err := normalizeCaseIgnore(s, dst, v); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	s := mustDefault(f)
	for _, seed := range []string{"", "Foo  Bar", "\u00a8 ", "ẞ\u0345", "\u1E9B\u0323", "20200101000000.5Z", "-007", "cn=a,o=b#'1'B", "( 2.5.4.3 )"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		for _, r := range s.ruleList {
			out, err := r.Normalize(s, []byte("p"), value)
			if err != nil && string(out) != "p" || err == nil && !bytes.HasPrefix(out, []byte("p")) {
				t.Fatalf("%s(%q): %q, %v", r.Name, value, out, err)
			}
		}
		for _, mode := range []spaces{spacesCompact, spacesValue} {
			short, ok := appendPlain(nil, value, mode)
			long, err := appendPreparedUnicode(nil, value, true, mode)
			if ok && (err != nil || !bytes.Equal(short, long)) {
				t.Fatalf("%q: %q the short way, %q the long one, %v", value, short, long, err)
			}
		}
		for _, fold := range []bool{true, false} {
			once, err := appendPrepared(nil, value, fold, spacesCompact)
			if err != nil {
				continue
			}
			twice, err := appendPrepared(nil, once, fold, spacesCompact)
			if err != nil || !bytes.Equal(once, twice) {
				t.Fatalf("%q: %q, again %q, %v", value, once, twice, err)
			}
		}
	})
}
