package schema

import "testing"

// node makes an item; the kinds with children are put together by tree.
func node(kind FilterKind, attr, value string) []FilterNode {
	return []FilterNode{{Kind: kind, Attr: []byte(attr), Value: []byte(value), End: 1}}
}

func tree(kind FilterKind, children ...[]FilterNode) []FilterNode {
	out := []FilterNode{{Kind: kind}}
	for _, c := range children {
		for _, n := range c {
			n.End += int32(len(out))
			out = append(out, n)
		}
		// Ends count from the start of the child; all of it has moved.
	}
	out[0].End = int32(len(out))
	return out
}

func TestFiltersHaveThreeValues(t *testing.T) {
	s := mustDefault(t)
	e, err := s.NewEntry("cn=A,o=u", raw("objectclass: person", "objectclass: sunOldThing", "cn: A", "sn: b", "oldColour: Red",
		"uidnumber: 7"), true)
	if err != nil {
		t.Fatal(err)
	}
	v := s.View(e, []byte("o=u\x00cn=a"))
	eq := func(attr, value string) []FilterNode { return node(FilterEquality, attr, value) }
	not := func(f []FilterNode) []FilterNode { return tree(FilterNot, f) }
	for _, c := range []struct {
		name  string
		nodes []FilterNode
		want  Tri
	}{
		{"equal", eq("cn", "a"), True},
		{"not equal", eq("cn", "b"), False},
		{"(&)", tree(FilterAnd), True},
		{"(|)", tree(FilterOr), False},
		{"unknown type", eq("nosuch", "x"), Undefined},
		{"not unknown type", not(eq("nosuch", "x")), Undefined},
		{"unknown or true", tree(FilterOr, eq("nosuch", "x"), eq("cn", "a")), True},
		{"unknown or false", tree(FilterOr, eq("nosuch", "x"), eq("cn", "b")), Undefined},
		{"unknown and false", tree(FilterAnd, eq("nosuch", "x"), eq("cn", "b")), False},
		{"unknown and true", tree(FilterAnd, eq("nosuch", "x"), eq("cn", "a")), Undefined},
		{"nested", tree(FilterAnd, not(tree(FilterOr, eq("cn", "b"), eq("sn", "x"))), eq("sn", "B ")), True},
		{"imported unknown type", eq("OLDcolour", "red"), True},
		{"imported unknown type, other value", eq("oldcolour", "blue"), Undefined},
		{"imported unknown type is there", node(FilterPresent, "oldColour", ""), True},
		{"class", eq("objectClass", "person"), True},
		{"superclass that is not listed", eq("objectClass", "top"), True},
		{"another class", eq("objectClass", "organization"), False},
		{"imported unknown class", eq("objectClass", "SUNoldthing"), True},
		{"unknown class", eq("objectClass", "nosuch"), Undefined},
		{"not unknown class", not(eq("objectClass", "nosuch")), Undefined},
		{"integer", eq("uidNumber", "7"), True},
		{"integer with zeros", eq("uidNumber", "007"), Undefined},
		{"value of the wrong syntax", eq("uidNumber", "seven"), Undefined},
		{"no ordering rule", node(FilterGreaterOrEqual, "cn", "a"), Undefined},
		{"greater or equal", node(FilterGreaterOrEqual, "uidNumber", "-10"), True},
		{"less or equal", node(FilterLessOrEqual, "uidNumber", "6"), False},
		{"empty filter", nil, Undefined},
	} {
		f := Filter{Nodes: c.nodes}
		f.Resolve(s, nil)
		if got := f.Match(s, v); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestHiddenTypesAreUndefined(t *testing.T) {
	s := mustDefault(t)
	e, err := s.NewEntry("cn=A,o=u", raw("objectclass: person", "cn: A", "sn: b", "userPassword: x"), false)
	if err != nil {
		t.Fatal(err)
	}
	v := s.View(e, []byte("o=u\x00cn=a"))
	secret := func(t *AttributeType) bool { return t.Secret }
	for _, nodes := range [][]FilterNode{node(FilterEquality, "userPassword", "x"), node(FilterPresent, "userPassword", ""),
		tree(FilterNot, node(FilterEquality, "userPassword", "y"))} {
		f := Filter{Nodes: nodes}
		f.Resolve(s, nil)
		if f.Match(s, v) != True {
			t.Errorf("%+v does not match", nodes)
		}
		f.Resolve(s, secret)
		if f.Match(s, v) != Undefined {
			t.Errorf("%+v tells about what is hidden", nodes)
		}
	}
}
