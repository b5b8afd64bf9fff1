// read.go: search, compare and bind (RFC 4511 4.2, 4.5, 4.10).

package model

import (
	"slices"
	"strings"
)

// Unchecked as a MatchedDN says that the RFCs leave it open.
const Unchecked = "*"

// chosen are the operational attributes whose values the server chooses; a
// "+" brings them all (RFC 3673).
var chosen = []string{"entryUUID", "createTimestamp", "modifyTimestamp", "creatorsName", "modifiersName",
	"entryCSN", "subschemaSubentry"}

// computed are the operational attributes that the model knows the value of.
var computed = []string{"structuralObjectClass", "hasSubordinates", "entryDN"}

func (m *Server) search(o Operation) Answer {
	base, ok := ParseName(o.DN)
	if !ok {
		return badName(o.DN).answer()
	}
	if m.entries[base.Key()] == nil {
		return m.notFound(base)
	}
	a := Answer{Open: m.Deviations.TextHasOrder && o.Filter.ordersText()}
	for _, n := range m.Names(base) {
		depth := len(n) - len(base)
		in := o.Scope == ScopeSubtree || (o.Scope == ScopeBase && depth == 0) ||
			(o.Scope == ScopeOne && depth == 1) || (o.Scope == ScopeChildren && depth > 0)
		if e := m.entries[n.Key()]; in && m.match(e, &o.Filter) == yes {
			a.Entries = append(a.Entries, m.selectFrom(e, o.Selection, o.TypesOnly))
		}
	}
	if o.SizeLimit > 0 && len(a.Entries) > o.SizeLimit {
		a.Code = SizeLimitExceeded
	}
	return a
}

// selectFrom gives what a search shows of e (RFC 4511 4.5.1.8).
func (m *Server) selectFrom(e *entry, selection []string, typesOnly bool) Found {
	f := Found{Key: e.name.Key(), ID: e.id, Revision: e.revision, Attributes: make(map[string][]string)}
	user := len(selection) == 0 || slices.Contains(selection, "*")
	all := slices.Contains(selection, "+")
	var asked []description
	for _, s := range selection {
		if d, ok := parseDescription(s); ok {
			asked = append(asked, d)
		}
	}
	for _, a := range m.withComputed(e) {
		shown := (user && !a.desc.typ.operational) || (all && a.desc.typ.operational)
		for _, d := range asked {
			shown = shown || d.covers(a.desc)
		}
		switch {
		case shown && typesOnly:
			f.Attributes[a.desc.String()] = []string{}
		case shown:
			f.Attributes[a.desc.String()] = a.values
		}
	}
	for _, name := range chosen {
		if all || slices.ContainsFunc(selection, func(s string) bool { return strings.EqualFold(s, name) }) {
			f.Wanted = append(f.Wanted, name)
		}
	}
	return f
}

// withComputed are the attributes of e with those that follow from the tree.
func (m *Server) withComputed(e *entry) []attr {
	list := slices.Clone(e.attributes)
	sub := "FALSE"
	if m.hasChildren(e) {
		sub = "TRUE"
	}
	class := ""
	if c, code := e.structural(); code == Success {
		class = c.name
	}
	for i, v := range []string{class, sub, e.name.String()} {
		list = append(list, attr{description{typ: attributeIndex[strings.ToLower(computed[i])]}, []string{v}})
	}
	return list
}

func (m *Server) compare(o Operation) Answer {
	var f faults
	n, ok := ParseName(o.DN)
	if !ok {
		f = badName(o.DN)
	}
	d, wrong := checkValues(Values{o.Attribute, []string{o.Value}}, false, false)
	f.add(d.typ != nil && !d.typ.hasEquality(), InappropriateMatching)
	f.addAll(wrong)
	e := m.entries[n.Key()]
	if e == nil && len(f) == 0 {
		return m.notFound(n)
	}
	f.add(e == nil, NoSuchObject)
	if len(f) > 0 {
		f.add(e != nil && d.typ != nil && e.find(d) == nil, NoSuchAttribute)
		return f.answer()
	}
	a := Answer{Code: NoSuchAttribute}
	for _, at := range m.withComputed(e) {
		if !d.covers(at.desc) {
			continue
		}
		if m.equals(at.desc.typ, at.values, o.Value) == yes {
			return Answer{Code: CompareTrue}
		}
		a.Code = CompareFalse
	}
	return a
}

// bind is a simple bind on a connection of its own (RFC 4513 5.1).
func (m *Server) bind(o Operation) Answer {
	n, ok := ParseName(o.DN)
	switch {
	case !ok:
		f := badName(o.DN)
		f.add(o.Value != "", InvalidCredentials)
		f.add(o.Value == "", UnwillingToPerform)
		return f.answer()
	case o.DN == "" && o.Value == "":
		return Answer{}
	case o.Value == "":
		return Answer{Code: UnwillingToPerform} // 5.1.2: should be refused
	case len(n) == len(m.suffix)+1 && n.Under(m.suffix) && n[0].key() == "cn=admin":
		if o.Value == m.admin {
			return Answer{}
		}
	case m.entries[n.Key()] != nil:
		if slices.Contains(m.entries[n.Key()].values("userPassword"), o.Value) {
			return Answer{}
		}
	}
	return Answer{Code: InvalidCredentials}
}
