package schema

import (
	"bytes"
	"testing"
)

// TestNeedle: the equality form of what matches contains the needle.
func TestNeedle(t *testing.T) {
	s := mustDefault(t)
	for _, c := range []struct {
		attr    string
		parts   []SubstringPart
		needle  string
		initial bool
		value   string // that matches
	}{
		{"cn", []SubstringPart{{At: PartAny, Value: []byte("  Ab  C ")}}, "ab c", false, "xx ab   c d"},
		{"cn", []SubstringPart{{At: PartInitial, Value: []byte(" Ab ")}, {At: PartFinal, Value: []byte("much longer")}}, "ab", true, "AB much longer"},
		{"cn", []SubstringPart{{At: PartAny, Value: []byte("a")}, {At: PartFinal, Value: []byte("bcd")}}, "bcd", false, "xaxbcd"},
		{"cn", []SubstringPart{{At: PartAny, Value: []byte("ock ´n")}}, "", false, "Rock ´n Roll"},
		{"cn", []SubstringPart{{At: PartInitial, Value: []byte("´n")}}, "", false, "´n Roll"},
		{"cn", []SubstringPart{{At: PartAny, Value: []byte(" ")}}, "", false, "a b"},
		{"telephoneNumber", []SubstringPart{{At: PartAny, Value: []byte("4 5-6")}}, "456", false, "+123 456"},
		{"jpegPhoto", []SubstringPart{{At: PartAny, Value: []byte("abc")}}, "", false, ""},
	} {
		f := &Filter{Nodes: []FilterNode{{Kind: FilterSubstrings, End: 1, Attr: []byte(c.attr), PartsTo: int32(len(c.parts))}}, Parts: c.parts}
		f.Resolve(s, nil)
		needle, initial := f.Needle(nil, &f.Nodes[0])
		if string(needle) != c.needle || initial != c.initial {
			t.Errorf("%s %q: needle %q, initial %v", c.attr, c.parts, needle, initial)
		}
		if c.value == "" {
			continue
		}
		if !f.value(s, &f.Nodes[0], []byte(c.value)) {
			t.Errorf("%q does not match", c.value)
		}
		form, err := f.Nodes[0].Desc.Type.Equality.Normalize(s, nil, []byte(c.value))
		if err != nil || !bytes.Contains(form, needle) || initial && !bytes.HasPrefix(form, needle) {
			t.Errorf("the form of %q is %q, %v", c.value, form, err)
		}
	}
}
