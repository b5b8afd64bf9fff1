// universe.go: the few names and values that random operations are made of, so
// that they meet each other often.

package model

import (
	"math/rand/v2"
	"strings"
)

// words are values of Directory String that can also name entries.
var words = []string{"alpha", "beta", "gamma", "Delta One", "delta two", "a,b", "#hash", "plus+minus",
	"back\\slash", `quo"te`, "Ärger", "café", "x=y", "<tag>", "semi;colon"}

// large is an integer beyond 64 bits. It is a value of utflags alone, so that
// the bit rules, which servers have for machine words, need not work on it.
const large = "12345678901234567890"

// unknownType is a type that no schema has.
const unknownType = "nosuchtype"

// good are values of each syntax, and bad ones are of none.
var good = map[syntax][]string{
	directoryString:  append([]string{"room 1", "room 2", " spaced  out ", "A\u0308rger", "cafe\u0301"}, words...),
	ia5String:        {"a@example.com", "A@Example.COM", "b@example.com", "two words@example.com", "*star*"},
	integer:          {"0", "1", "-1", "7", "42", "255", "1000", "-70000", large},
	boolean:          {"TRUE", "FALSE"},
	telephoneNumber:  {"+1 555 0101", "+15550101", "555-0102", "+49 89 123"},
	octetString:      {"secret", "Secret", "geheim"},
	objectIdentifier: {"person", "inetOrgPerson", "utUser", "2.5.6.5", "groupOfNames", "top", "extensibleObject", "utContainer"},
	facsimile:        {"+1 555 0199", "+1 555 0198"},
	generalizedTime: {"20240101120000Z", "202401011200Z", "2024010112Z", "20240101130000+0100", "20240101120000.0Z",
		"20240101120000.5Z", "20231231235959Z", "20250630000000Z", "20240101070000-0500"},
}

var bad = map[syntax][]string{
	directoryString:   {"", "\xff\xfe"},
	ia5String:         {"ä@example.com"},
	integer:           {"", "abc", "007", "1.5", "-", "-0", " 1"},
	boolean:           {"yes", "", "1"},
	telephoneNumber:   {"#", "", "a_b"},
	generalizedTime:   {"", "2024", "20241301000000Z", "20240101120000", "yesterday", "20240101250000Z"},
	distinguishedName: {"no name", "cn", "cn=a,,o=utdata", "=x", "cn=a\\zz"},
	objectIdentifier:  {"no class", "", "1..2"},
	facsimile:         {"#", ""},
}

// userTypes are the attributes that operations write.
var userTypes = func() []*attributeType {
	var list []*attributeType
	for _, t := range attributeTypes {
		if !t.operational && t.name() != "objectClass" && t.name() != "name" {
			list = append(list, t)
		}
	}
	return list
}()

// Generator makes random operations. The same seed makes the same ones, as
// they depend on nothing but it and the model.
type Generator struct {
	random *rand.Rand
	model  *Server
	base   string // entry that all others are below; never changed
	top    Name   // the same
}

const (
	most    = 60 // entries, about
	deepest = 12 // RDNs of a name: slapd's back-mdb ends at 16
)

// NewGenerator makes operations for the tree below base, which must be in m.
func NewGenerator(seed uint64, m *Server, base string) *Generator {
	top, _ := ParseName(base)
	return &Generator{random: rand.New(rand.NewPCG(seed, 2)), model: m, base: base, top: top}
}

func (g *Generator) chance(percent int) bool { return g.random.IntN(100) < percent }

func pick[T any](g *Generator, list []T) T { return list[g.random.IntN(len(list))] }

// vary writes a value in another way that is equal where case and the number
// of spaces do not count.
func (g *Generator) vary(v string) string {
	switch g.random.IntN(6) {
	case 0:
		return strings.ToUpper(v)
	case 1:
		return strings.ReplaceAll(v, " ", "   ")
	case 2:
		return strings.ToLower(v)
	case 3:
		if g.chance(30) {
			return " " + v + " "
		}
	}
	return v
}

// value makes a value for t; one in a few is of the wrong syntax.
func (g *Generator) value(t *attributeType) string {
	if list := bad[t.syntax]; len(list) > 0 && g.chance(3) {
		return pick(g, list)
	}
	if t.syntax == distinguishedName {
		return g.nameText(g.someName())
	}
	v := pick(g, good[t.syntax])
	if t.name() != "utflags" && v == large {
		v = "255"
	}
	if t.syntax == directoryString || t.syntax == ia5String {
		return g.vary(v)
	}
	return v
}

// again is a value that an entry has, perhaps written in another way.
func (g *Generator) again(t *attributeType, v string) string {
	if t.syntax == directoryString || t.syntax == ia5String {
		return g.vary(v)
	}
	return v
}

// typeText names a type: by any of its names, in any case.
func (g *Generator) typeText(t *attributeType) string {
	n := t.name()
	if g.chance(15) {
		n = pick(g, t.names)
	}
	if g.chance(20) {
		n = strings.ToUpper(n)
	}
	return n
}

// describe is typeText, sometimes with options.
func (g *Generator) describe(t *attributeType) string {
	n := g.typeText(t)
	if t.name() != "userPassword" && g.chance(8) {
		n += pick(g, []string{";lang-de", ";lang-en", ";x-a;lang-de", ";LANG-DE;x-a"})
	}
	return n
}

// nameText writes a name down in one of its forms.
func (g *Generator) nameText(n Name) string {
	parts := make([]string, len(n))
	for i, rdn := range n {
		parts[i] = g.rdnText(rdn)
	}
	separator := ","
	if g.chance(10) {
		separator = " , "
	}
	return strings.Join(parts, separator)
}

func (g *Generator) rdnText(r RDN) string {
	parts := make([]string, len(r))
	for i, j := range g.random.Perm(len(r)) {
		a := r[j]
		value := escape(a.Value)
		if g.chance(25) {
			value = escape(g.vary(a.Value))
		}
		if g.chance(5) {
			value = hexEscape(a.Value)
		}
		equals := "="
		if g.chance(5) {
			equals = " = "
		}
		parts[i] = g.typeText(a.typ) + equals + value
	}
	return strings.Join(parts, "+")
}

// hexEscape writes a value in pairs of hexadecimal digits.
func hexEscape(v string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		b.WriteByte('\\')
		b.WriteByte(digits[v[i]>>4])
		b.WriteByte(digits[v[i]&15])
	}
	return b.String()
}
