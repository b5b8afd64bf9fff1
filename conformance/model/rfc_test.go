// rfc_test.go: the model where slapd cannot prove it: the deviations.

package model

import "testing"

// TestModelFollowsTheRFCsWhereSlapdDoesNot has an example of each deviation,
// with what the RFC wants and what slapd 2.5 answers.
func TestModelFollowsTheRFCsWhereSlapdDoesNot(t *testing.T) {
	substrings := func(initial, any, final string) Operation {
		f := Filter{Kind: Substrings, Attribute: "cn", Initial: initial, Final: final}
		if any != "" {
			f.Any = []string{any}
		}
		return Operation{Kind: Search, DN: "o=x", Scope: ScopeOne, Filter: f}
	}
	step := func(kind ModKind, attribute, value string) Operation {
		return Operation{Kind: Modify, DN: "cn=foo bar,o=x", Mods: []Modification{{kind, Values{attribute, []string{value}}}}}
	}
	for _, c := range []struct {
		situation string
		operation Operation
		want      [2]int // code; for a search the number of entries
		slapd     [2]int
	}{
		{"the naming value is removed", step(ModDelete, "cn", "foo bar"), [2]int{NotAllowedOnRDN, 0}, [2]int{NamingViolation, 0}},
		{"a space before the first word", substrings("", " foo", ""), [2]int{0, 1}, [2]int{0, 0}},
		{"a space behind and one before", substrings("foo ", " bar", ""), [2]int{0, 1}, [2]int{0, 0}},
		{"a space where there is none", substrings("fo ", "", ""), [2]int{0, 0}, [2]int{0, 0}},
		{"many spaces are as one", substrings("FOO    b", "", ""), [2]int{0, 1}, [2]int{0, 1}},
		{"many spaces are as one, with both words", substrings("", "", "o    bar"), [2]int{0, 1}, [2]int{0, 1}},
		{"the class above the structural one", Operation{Kind: Search, DN: "o=x", Scope: ScopeOne,
			Filter: Filter{Kind: Equal, Attribute: "structuralObjectClass", Value: "person"}}, [2]int{0, 0}, [2]int{0, 1}},
		{"a number beyond 64 bits", step(ModIncrement, "utflags", "1"), [2]int{0, 0}, [2]int{InvalidAttributeSyntax, 0}},
	} {
		for i, d := range []Deviations{{}, OpenLDAP()} {
			m := New("o=x", "", d)
			a := m.Do(Operation{Kind: Add, DN: "cn=foo bar,o=x", Attributes: []Values{
				{"objectClass", []string{"inetOrgPerson", "extensibleObject"}}, {"sn", []string{"x"}}, {"utflags", []string{large}}}})
			if a.Code != Success {
				t.Fatalf("add: result %d", a.Code)
			}
			want := [...][2]int{c.want, c.slapd}[i]
			if got := m.Do(c.operation); got.Code != want[0] || len(got.Entries) != want[1] {
				t.Errorf("%s: %d and %d entries, not %v", c.situation, got.Code, len(got.Entries), want)
			}
		}
	}
}
