// types.go: the attribute types and object classes that the model knows.

package model

import (
	"slices"
	"strings"
)

// syntax is the form of an attribute's values and, with it, how they compare
// (RFC 4517): each syntax has one equality rule here.
type syntax int

const (
	directoryString syntax = iota // caseIgnoreMatch
	ia5String                     // caseIgnoreIA5Match
	integer
	boolean
	generalizedTime
	distinguishedName
	telephoneNumber
	octetString
	objectIdentifier
	facsimile // has no equality rule
)

// attributeType is RFC 4512 2.5.1 as far as it is used.
type attributeType struct {
	names       []string // the first is how it is shown; the last is the OID
	sup         string
	syntax      syntax
	single      bool
	ordering    bool
	substrings  bool
	operational bool // and not to be modified by users
}

func (t *attributeType) name() string { return t.names[0] }

// hasEquality tells whether values can be compared at all.
func (t *attributeType) hasEquality() bool { return t.syntax != facsimile }

const text, ordered, one = 1, 2, 4

func attribute(names string, sup string, s syntax, flags int) *attributeType {
	return &attributeType{names: strings.Fields(names), sup: sup, syntax: s,
		substrings: flags&text != 0, ordering: flags&ordered != 0, single: flags&one != 0}
}

func operational(names string, s syntax, flags int) *attributeType {
	t := attribute(names, "", s, flags)
	t.operational = true
	return t
}

// attributeTypes are from RFC 4519, 4524, 2798, 4512, 4530 and the Sun Ray
// definitions.
var attributeTypes = []*attributeType{
	attribute("objectClass 2.5.4.0", "", objectIdentifier, 0),
	attribute("name 2.5.4.41", "", directoryString, text),
	attribute("cn commonName 2.5.4.3", "name", directoryString, text),
	attribute("sn surname 2.5.4.4", "name", directoryString, text),
	attribute("o organizationName 2.5.4.10", "name", directoryString, text),
	attribute("ou organizationalUnitName 2.5.4.11", "name", directoryString, text),
	attribute("description 2.5.4.13", "", directoryString, text),
	attribute("uid userid 0.9.2342.19200300.100.1.1", "", directoryString, text),
	attribute("mail rfc822Mailbox 0.9.2342.19200300.100.1.3", "", ia5String, text),
	attribute("telephoneNumber 2.5.4.20", "", telephoneNumber, text),
	attribute("facsimileTelephoneNumber fax 2.5.4.23", "", facsimile, 0),
	attribute("userPassword 2.5.4.35", "", octetString, 0),
	attribute("member 2.5.4.31", "", distinguishedName, 0),
	attribute("utname", "", directoryString, text),
	attribute("utlocation", "", directoryString, text),
	attribute("utserver", "", directoryString, 0),
	attribute("utmac", "", directoryString, one),
	attribute("utport", "", integer, ordered|one),
	attribute("utflags", "", integer, ordered|one),
	attribute("utprobeorder", "", integer, ordered),
	attribute("utcreated", "", generalizedTime, ordered|one),
	attribute("utlastseen", "", generalizedTime, ordered|one),
	attribute("utenabled", "", boolean, one),
	attribute("utowner", "", distinguishedName, 0),
	operational("entryUUID", octetString, one),
	operational("createTimestamp", generalizedTime, ordered|one),
	operational("modifyTimestamp", generalizedTime, ordered|one),
	operational("creatorsName", distinguishedName, one),
	operational("modifiersName", distinguishedName, one),
	operational("entryDN", distinguishedName, one),
	operational("structuralObjectClass", objectIdentifier, one),
	operational("hasSubordinates", boolean, one),
}

// attributeIndex finds a type by any of its names in lower case.
var attributeIndex = func() map[string]*attributeType {
	index := make(map[string]*attributeType)
	for _, t := range attributeTypes {
		for _, n := range t.names {
			index[strings.ToLower(n)] = t
		}
	}
	return index
}()

// is tells whether t is o or a subtype of it.
func (t *attributeType) is(o *attributeType) bool {
	return t == o || (t.sup != "" && attributeIndex[t.sup] == o)
}

// description is an attribute description (RFC 4512 2.5): a type and options.
type description struct {
	typ     *attributeType
	options string // ";a;b" in lower case, sorted
}

// String is the canonical form.
func (d description) String() string { return d.typ.name() + d.options }

// parseDescription reads a description; false means an unknown type.
func parseDescription(s string) (description, bool) {
	parts := strings.Split(strings.ToLower(s), ";")
	t := attributeIndex[parts[0]]
	if t == nil {
		return description{}, false
	}
	options := parts[1:]
	slices.Sort(options)
	options = slices.Compact(options)
	d := description{typ: t}
	for _, o := range options {
		if o == "" {
			return description{}, false
		}
		d.options += ";" + o
	}
	return d, true
}

// covers tells whether an attribute stored as o is asked for by d: the same
// type or a subtype, with at least d's options (RFC 4512 2.5.3).
func (d description) covers(o description) bool {
	if !o.typ.is(d.typ) {
		return false
	}
	if d.options == "" {
		return true
	}
	for _, option := range strings.Split(d.options, ";")[1:] {
		if !strings.Contains(o.options+";", ";"+option+";") {
			return false
		}
	}
	return true
}
