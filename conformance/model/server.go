// server.go: the map of entries and what all operations need of it.

package model

import (
	"slices"
	"strings"
)

// attr is an attribute of an entry.
type attr struct {
	desc   description
	values []string
}

// entry is an entry of the tree.
type entry struct {
	name       Name
	id         int
	revision   int
	attributes []attr
}

// Server is the model. Its methods are for one caller at a time.
type Server struct {
	// Deviations is empty for what the RFCs want.
	Deviations Deviations

	suffix  Name
	entries map[string]*entry // by Key
	sorted  []string          // the keys of entries; nil when they have changed
	nextID  int
	admin   string // password of cn=admin below the suffix
}

// New makes a model whose only entry is the suffix, an organization.
// password is that of cn=admin below the suffix, which has no entry.
func New(suffix, password string, d Deviations) *Server {
	name, ok := ParseName(suffix)
	if !ok || len(name) == 0 {
		panic("model: the suffix " + suffix + " is no name") // a mistake of the test
	}
	m := &Server{Deviations: d, suffix: name, entries: make(map[string]*entry), admin: password}
	ava := name[0][0]
	m.put(&entry{name: name, attributes: []attr{
		{description{typ: attributeIndex["objectclass"]}, []string{"organization"}},
		{description{typ: ava.typ}, []string{ava.Value}},
	}})
	return m
}

// Do answers one request.
func (m *Server) Do(o Operation) Answer {
	switch o.Kind {
	case Add:
		return m.add(o)
	case Modify:
		return m.modify(o)
	case Delete:
		return m.delete(o)
	case Rename:
		return m.rename(o)
	case Compare:
		return m.compare(o)
	case Bind:
		return m.bind(o)
	}
	return m.search(o)
}

// Size is the number of entries.
func (m *Server) Size() int { return len(m.entries) }

// Names are the names of all entries below base and of base itself, sorted.
func (m *Server) Names(base Name) []Name {
	if m.sorted == nil {
		for key := range m.entries {
			m.sorted = append(m.sorted, key)
		}
		slices.Sort(m.sorted)
	}
	var list []Name
	for _, key := range m.sorted {
		if n := m.entries[key].name; n.Under(base) {
			list = append(list, n)
		}
	}
	return list
}

// put stores an entry that is new or changed.
func (m *Server) put(e *entry) {
	if e.id == 0 {
		m.nextID++
		e.id = m.nextID
	}
	e.revision++
	m.sorted = nil
	m.entries[e.name.Key()] = e
}

// notFound is the answer for a name that has no entry: with the name of the
// nearest entry above it (RFC 4511 4.1.9).
func (m *Server) notFound(n Name) Answer {
	for len(n) > 0 {
		n = n.Parent()
		if m.entries[n.Key()] != nil {
			return Answer{Code: NoSuchObject, MatchedDN: n.Key()}
		}
	}
	return Answer{Code: NoSuchObject}
}

// badName are the codes for a name that ParseName refuses. A type that is not
// known is no fault of syntax (RFC 4514 3), but there can be no such entry.
func badName(dn string) faults {
	f := faults{InvalidDNSyntax}
	if strings.HasPrefix(dn, unknownType) {
		f = append(f, NoSuchObject, UndefinedAttributeType, NamingViolation, ObjectClassViolation)
	}
	return f
}

// target reads the name of an entry that a request is to change. A code other
// than Success ends the request.
func (m *Server) target(dn string) (Name, int) {
	n, ok := ParseName(dn)
	switch {
	case !ok:
		return nil, InvalidDNSyntax
	case !n.Under(m.suffix):
		return n, UnwillingToPerform
	}
	return n, Success
}

// hasChildren tells whether there are entries below e.
func (m *Server) hasChildren(e *entry) bool {
	for _, o := range m.entries {
		if o != e && o.name.Under(e.name) {
			return true
		}
	}
	return false
}

// copy is for changes that may yet be refused.
func (e *entry) copy() *entry {
	c := *e
	c.attributes = make([]attr, len(e.attributes))
	for i, a := range e.attributes {
		c.attributes[i] = attr{a.desc, slices.Clone(a.values)}
	}
	return &c
}

// find gives the attribute with exactly this description; nil if absent.
func (e *entry) find(d description) *attr {
	for i := range e.attributes {
		if e.attributes[i].desc == d {
			return &e.attributes[i]
		}
	}
	return nil
}

// values are those of a type without options.
func (e *entry) values(name string) []string {
	if a := e.find(description{typ: attributeIndex[strings.ToLower(name)]}); a != nil {
		return a.values
	}
	return nil
}

// hasType tells whether e has an attribute of the type, with or without options.
func (e *entry) hasType(name string) bool {
	t := attributeIndex[strings.ToLower(name)]
	return slices.ContainsFunc(e.attributes, func(a attr) bool { return a.desc.typ == t })
}

// index finds a value that equals v; -1 if there is none.
func (a *attr) index(v string) int {
	want, _ := a.desc.typ.syntax.normalize(v)
	return slices.IndexFunc(a.values, func(have string) bool {
		norm, _ := a.desc.typ.syntax.normalize(have)
		return norm == want
	})
}

// set replaces the values of a description, dropping it when there are none.
func (e *entry) set(d description, values []string) {
	a := e.find(d)
	switch {
	case a != nil && len(values) > 0:
		a.values = values
	case a != nil:
		e.attributes = slices.DeleteFunc(e.attributes, func(a attr) bool { return a.desc == d })
	case len(values) > 0:
		e.attributes = append(e.attributes, attr{d, values})
	}
}

// hasNamingValues tells whether the values in the name are in the entry.
func (e *entry) hasNamingValues() bool {
	for _, ava := range e.name[0] {
		if a := e.find(description{typ: ava.typ}); a == nil || a.index(ava.Value) < 0 {
			return false
		}
	}
	return true
}
