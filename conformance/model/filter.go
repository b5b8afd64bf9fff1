// filter.go: search filters, their text and their three-valued logic.

package model

import (
	"fmt"
	"math/big"
	"strings"
)

// FilterKind is the choice of a Filter, as on the wire.
type FilterKind int

// The choices of RFC 4511 4.5.1.7.
const (
	And FilterKind = iota
	Or
	Not
	Equal
	Substrings
	GreaterOrEqual
	LessOrEqual
	Present
	Approx
	Extensible
)

// Filter is a search filter.
type Filter struct {
	Kind      FilterKind
	Sub       []Filter // And, Or, Not
	Attribute string
	Value     string
	Initial   string // Substrings; empty: none
	Any       []string
	Final     string
	Rule      string // Extensible
	NameToo   bool   // Extensible: the :dn: flag
}

// String is the filter as RFC 4515 writes it.
func (f Filter) String() string {
	switch f.Kind {
	case And, Or, Not:
		var b strings.Builder
		for _, s := range f.Sub {
			b.WriteString(s.String())
		}
		return "(" + "&|!"[f.Kind:f.Kind+1] + b.String() + ")"
	case Present:
		return "(" + f.Attribute + "=*)"
	case Substrings:
		parts := []string{escaped(f.Initial)}
		for _, p := range f.Any {
			parts = append(parts, escaped(p))
		}
		return "(" + f.Attribute + "=" + strings.Join(append(parts, escaped(f.Final)), "*") + ")"
	case Extensible:
		s := f.Attribute
		if f.NameToo {
			s += ":dn"
		}
		if f.Rule != "" {
			s += ":" + f.Rule
		}
		return "(" + s + ":=" + escaped(f.Value) + ")"
	}
	operator := map[FilterKind]string{Equal: "=", GreaterOrEqual: ">=", LessOrEqual: "<=", Approx: "~="}[f.Kind]
	return "(" + f.Attribute + operator + escaped(f.Value) + ")"
}

// ordersText tells whether text is compared by order anywhere in f.
func (f *Filter) ordersText() bool {
	for i := range f.Sub {
		if f.Sub[i].ordersText() {
			return true
		}
	}
	d, ok := parseDescription(f.Attribute)
	return ok && d.typ.syntax == directoryString && (f.Kind == GreaterOrEqual || f.Kind == LessOrEqual)
}

func escaped(v string) string {
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if c := v[i]; c < ' ' || c >= 0x7f || strings.IndexByte(`*()\`, c) >= 0 {
			fmt.Fprintf(&b, `\%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// truth is a value of three-valued logic; the order makes And a minimum and
// Or a maximum.
type truth int

const (
	no truth = iota
	undefined
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// match evaluates f for e.
func (m *Server) match(e *entry, f *Filter) truth {
	switch f.Kind {
	case And:
		out := yes
		for i := range f.Sub {
			out = min(out, m.match(e, &f.Sub[i]))
		}
		return out
	case Or:
		out := no
		for i := range f.Sub {
			out = max(out, m.match(e, &f.Sub[i]))
		}
		return out
	case Not:
		return yes - m.match(e, &f.Sub[0])
	case Extensible:
		return m.matchExtensible(e, f)
	}
	d, ok := parseDescription(f.Attribute)
	if !ok {
		return undefined
	}
	if f.Kind == Present && d.typ.operational {
		return yes // every entry has all that the model knows
	}
	out := no
	for _, a := range m.withComputed(e) {
		if d.covers(a.desc) {
			out = max(out, m.matchItem(a, f))
		}
	}
	if out == no {
		return m.asserted(d.typ, f)
	}
	return out
}

// asserted is no, or undefined when the assertion makes no sense for the type
// whatever an entry has.
func (m *Server) asserted(t *attributeType, f *Filter) truth {
	switch f.Kind {
	case Present:
		return no
	case Substrings:
		if !t.substrings {
			return undefined
		}
		return no
	case GreaterOrEqual, LessOrEqual:
		if !t.ordering {
			return undefined
		}
	}
	if !t.hasEquality() || !t.syntax.valid(f.Value) {
		return undefined
	}
	return m.equals(t, nil, f.Value)
}

// matchItem evaluates a simple item for one attribute.
func (m *Server) matchItem(a attr, f *Filter) truth {
	if f.Kind == Present {
		return yes
	}
	if m.asserted(a.desc.typ, f) == undefined {
		return undefined
	}
	if f.Kind == Equal || f.Kind == Approx {
		return m.equals(a.desc.typ, a.values, f.Value)
	}
	s := a.desc.typ.syntax
	want, _ := s.normalize(f.Value)
	for _, v := range a.values {
		have, _ := s.normalize(v)
		switch f.Kind {
		case GreaterOrEqual:
			if !s.less(have, want) {
				return yes
			}
		case LessOrEqual:
			if !s.less(want, have) {
				return yes
			}
		case Substrings:
			if m.contains(s, v, f) {
				return yes
			}
		}
	}
	return no
}

// equals applies the equality rule of t. A class name that is not known has
// no truth (RFC 4517 4.2.26); a superclass matches (RFC 4512 2.4).
func (m *Server) equals(t *attributeType, values []string, asserted string) truth {
	if t.syntax == objectIdentifier {
		c := findClass(asserted)
		if c == nil {
			return undefined
		}
		for _, v := range values {
			have := findClass(v)
			above := t.name() == "objectClass" || m.Deviations.StructuralClassIsInherited
			if have == c || (above && have != nil && have.is(c)) {
				return yes
			}
		}
		return no
	}
	a := attr{description{typ: t}, values}
	return truthOf(a.index(asserted) >= 0)
}

// contains tells whether v has the parts of f in order (RFC 4518 2.6.1): a
// space at an end of a part stands for one, and between words there are two.
func (m *Server) contains(s syntax, v string, f *Filter) bool {
	prepare := func(p string, first, last bool) string {
		switch {
		case s == telephoneNumber:
			norm, _ := s.normalize(p + "0")
			return norm[:len(norm)-1]
		case m.Deviations.NoSpacesAroundValues:
			return spacedOnce(s, fold(p), first, last)
		}
		return spaced(fold(p), first, last)
	}
	have := prepare(v, true, true)
	if f.Initial != "" {
		p := prepare(f.Initial, true, false)
		if !strings.HasPrefix(have, p) {
			return false
		}
		have = have[len(p):]
	}
	for _, part := range f.Any {
		p := prepare(part, false, false)
		i := strings.Index(have, p)
		if i < 0 {
			return false
		}
		have = have[i+len(p):]
	}
	return f.Final == "" || strings.HasSuffix(have, prepare(f.Final, false, true))
}

// spaced prepares a value (first and last) or a part of an assertion for the
// search of substrings.
func spaced(v string, first, last bool) string {
	words := strings.FieldsFunc(v, isSpace)
	if len(words) == 0 {
		if first && last {
			return "  "
		}
		return " "
	}
	out := strings.Join(words, "  ")
	if first || strings.HasPrefix(v, " ") {
		out = " " + out
	}
	if last || strings.HasSuffix(v, " ") {
		out += " "
	}
	return out
}

// spacedOnce is spaced as Deviations.NoSpacesAroundValues has it.
func spacedOnce(s syntax, v string, first, last bool) string {
	out := squeeze(v)
	whole := first && last
	switch {
	case out == " " && !whole && (last || s == ia5String):
		return ""
	case out == " " || s == ia5String:
		return out
	}
	if !first && strings.HasPrefix(v, " ") {
		out = " " + out
	}
	if !last && strings.HasSuffix(v, " ") {
		out += " "
	}
	return out
}

// matchExtensible evaluates an extensible match (RFC 4511 4.5.1.7.7).
func (m *Server) matchExtensible(e *entry, f *Filter) truth {
	var d description
	if f.Attribute != "" {
		var ok bool
		if d, ok = parseDescription(f.Attribute); !ok {
			return undefined
		}
	}
	rule, ok := rules[strings.ToLower(f.Rule)]
	if f.Rule != "" && (!ok || !rule.takes(f.Value) || (d.typ != nil && !rule.fits(d.typ.syntax))) {
		return undefined
	}
	if f.Rule == "" && (!d.typ.hasEquality() || !d.typ.syntax.valid(f.Value)) {
		return undefined
	}
	list := m.withComputed(e)
	if f.NameToo {
		for _, r := range e.name {
			for _, ava := range r {
				list = append(list, attr{description{typ: ava.typ}, []string{ava.Value}})
			}
		}
	}
	out := no
	for _, a := range list {
		switch {
		case d.typ != nil && !d.covers(a.desc):
		case f.Rule == "":
			out = max(out, m.equals(a.desc.typ, a.values, f.Value))
		case rule.fits(a.desc.typ.syntax):
			for _, v := range a.values {
				out = max(out, truthOf(rule.holds(v, f.Value)))
			}
		}
	}
	if out == no && f.Rule == "" {
		return m.equals(d.typ, nil, f.Value)
	}
	return out
}

// rule is a matching rule that extensible filters name.
type rule struct {
	syntaxes []syntax
	takes    func(asserted string) bool
	holds    func(value, asserted string) bool
}

func (r rule) fits(s syntax) bool {
	for _, have := range r.syntaxes {
		if have == s {
			return true
		}
	}
	return false
}

// rules are those of RFC 4517, and the bit rules.
var rules = func() map[string]rule {
	caseExact := rule{syntaxes: []syntax{directoryString, telephoneNumber}, takes: directoryString.valid,
		holds: func(v, a string) bool { return squeeze(exact(v)) == squeeze(exact(a)) }}
	ignore := rule{syntaxes: caseExact.syntaxes, takes: directoryString.valid,
		holds: func(v, a string) bool { return squeeze(fold(v)) == squeeze(fold(a)) }}
	number := rule{syntaxes: []syntax{integer}, takes: isInteger, holds: func(v, a string) bool { return v == a }}
	bits := func(any bool) rule {
		return rule{syntaxes: number.syntaxes, takes: isInteger, holds: func(v, a string) bool {
			have, _ := new(big.Int).SetString(v, 10)
			mask, _ := new(big.Int).SetString(a, 10)
			both := new(big.Int).And(have, mask)
			return (any && both.Sign() != 0) || (!any && both.Cmp(mask) == 0)
		}}
	}
	return map[string]rule{
		"caseexactmatch": caseExact, "2.5.13.5": caseExact, "caseignorematch": ignore, "2.5.13.2": ignore,
		"integermatch": number, "2.5.13.14": number,
		"1.2.840.113556.1.4.803": bits(false), "1.2.840.113556.1.4.804": bits(true),
	}
}()
