// classes.go: the object classes of the model and the check of an entry.

package model

import (
	"slices"
	"strings"
)

type classKind int

const (
	abstract classKind = iota
	structural
	auxiliary
)

// objectClass is RFC 4512 2.4 as far as it is used.
type objectClass struct {
	name, oid string
	sup       string
	kind      classKind
	must, may []string
}

func class(name, oid, sup string, kind classKind, must, may string) *objectClass {
	return &objectClass{name, oid, sup, kind, strings.Fields(must), strings.Fields(may)}
}

// objectClasses are from RFC 4512, 4519, 2798 and the Sun Ray definitions,
// without the attribute types that the model does not know.
var objectClasses = []*objectClass{
	class("top", "2.5.6.0", "", abstract, "objectClass", ""),
	class("organization", "2.5.6.4", "top", structural, "o",
		"userPassword description telephoneNumber facsimileTelephoneNumber"),
	class("organizationalUnit", "2.5.6.5", "top", structural, "ou",
		"userPassword description telephoneNumber facsimileTelephoneNumber"),
	class("person", "2.5.6.6", "top", structural, "sn cn", "userPassword telephoneNumber description"),
	class("organizationalPerson", "2.5.6.7", "person", structural, "", "telephoneNumber facsimileTelephoneNumber ou"),
	class("inetOrgPerson", "2.16.840.1.113730.3.2.2", "organizationalPerson", structural, "", "mail o uid"),
	class("groupOfNames", "2.5.6.9", "top", structural, "member cn", "description o ou"),
	class("device", "2.5.6.14", "top", structural, "cn", "description o ou"),
	class("uidObject", "1.3.6.1.1.3.1", "top", auxiliary, "uid", ""),
	class("extensibleObject", "1.3.6.1.4.1.1466.101.120.111", "top", auxiliary, "", "*"),
	class("utContainer", "", "top", structural, "utname", "cn description"),
	class("utUser", "", "top", structural, "utname",
		"cn description sn uid userPassword utserver utport utcreated utlastseen utenabled utflags"),
	class("utToken", "", "top", structural, "utname",
		"cn description utowner utserver utport utcreated utlastseen utenabled utflags"),
	class("utDesktop", "", "top", structural, "utname",
		"cn description utmac utserver utlocation utlastseen utflags"),
	class("utCardType", "", "top", structural, "utname", "cn description utprobeorder"),
}

var classIndex = func() map[string]*objectClass {
	index := make(map[string]*objectClass)
	for _, c := range objectClasses {
		index[strings.ToLower(c.name)] = c
		if c.oid != "" {
			index[c.oid] = c
		}
	}
	return index
}()

// findClass finds a class by name or OID; nil if it is unknown.
func findClass(name string) *objectClass { return classIndex[strings.ToLower(name)] }

// is tells whether c is o or derived from it.
func (c *objectClass) is(o *objectClass) bool {
	for ; c != nil; c = classIndex[strings.ToLower(c.sup)] {
		if c == o {
			return true
		}
	}
	return false
}

// classes are the known classes that e lists.
func (e *entry) classes() []*objectClass {
	var list []*objectClass
	for _, v := range e.values("objectClass") {
		if c := findClass(v); c != nil {
			list = append(list, c)
		}
	}
	return list
}

// structural finds the most subordinate structural class; a code other than
// Success tells that there is none or that there are two (RFC 4512 2.4.2).
func (e *entry) structural() (*objectClass, int) {
	var most *objectClass
	for _, c := range e.classes() {
		switch {
		case c.kind != structural || (most != nil && most.is(c)):
		case most != nil && !c.is(most):
			return nil, ObjectClassViolation
		default:
			most = c
		}
	}
	if most == nil {
		return nil, ObjectClassViolation
	}
	return most, Success
}

// check tells what the schema has against e; old is its structural class
// before a change, nil for a new entry; unnamed is the code for values of the
// name that are not in e.
func (e *entry) check(old *objectClass, unnamed int) faults {
	var f faults
	for _, a := range e.attributes {
		f.add(a.desc.typ.single && len(a.values) > 1, ConstraintViolation)
	}
	now, code := e.structural()
	f.add(code != Success, code)
	f.add(code == Success && old != nil && now != old, ObjectClassModsProhibited)
	f.add(!e.hasNamingValues(), unnamed)
	f.add(!e.fitsClasses(), ObjectClassViolation)
	return f
}

// fitsClasses tells whether e has what its classes require and nothing that
// they do not allow.
func (e *entry) fitsClasses() bool {
	classes := e.classes()
	allowed := make(map[string]bool)
	anything := false
	for _, c := range classes {
		for ; c != nil; c = classIndex[strings.ToLower(c.sup)] {
			for _, name := range c.must {
				if !e.hasType(name) {
					return false
				}
				allowed[name] = true
			}
			for _, name := range c.may {
				allowed[name] = true
			}
			anything = anything || slices.Contains(c.may, "*")
		}
	}
	for _, a := range e.attributes {
		if !anything && !allowed[a.desc.typ.name()] {
			return false
		}
	}
	return true
}
