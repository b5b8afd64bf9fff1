package schema

import (
	"bytes"

	"github.com/sunray-ds/utdsd/schema/ber"
)

// UUID identifies an entry for its whole life, whatever its name (RFC 4530).
type UUID [16]byte

// View is an entry in its stored form: each attribute is already the
// PartialAttribute (RFC 4511 4.1.7) that a search result carries. A View that
// a store hands to a callback is valid only during the callback.
type View struct {
	ID   uint64
	UUID UUID
	DN   []byte // as typed, RFC 4514 text
	Key  []byte // normalised name, see AppendDNKey
	// User and Operational are BER PartialAttributes, one behind the other.
	// Attribute descriptions are in canonical form (AttributeDescription).
	User        []byte
	Operational []byte
	Kind        EntryKind
	// Live answers for attributes that are computed and not stored; nil for
	// an entry that has none.
	Live Live
}

// EntryKind marks the entries that the server must treat specially.
type EntryKind uint8

// Bits of EntryKind.
const (
	KindReferral EntryKind = 1 << iota // objectClass referral (RFC 3296)
	KindAlias                          // objectClass alias (RFC 4512 2.6)
)

// Live computes the attributes that depend on other entries or on the state of
// the whole store.
type Live interface {
	// NumSubordinates counts the direct children of the entry with the given
	// key; it may stop at max, if max is not 0.
	NumSubordinates(key []byte, max int) int
	// ContextCSN appends the CSN of the newest change.
	ContextCSN(dst []byte) []byte
}

// StoredAttribute is one attribute within a View.
type StoredAttribute struct {
	Raw    []byte // the whole PartialAttribute element
	Desc   []byte // attribute description, canonical
	Values []byte // content of the SET: OCTET STRING elements
}

// NextAttribute takes the first attribute off a User or Operational list; ok
// is false at the end. A list that is not well formed ends early: stored lists
// are covered by a checksum, so this does not happen to them.
func NextAttribute(list []byte) (a StoredAttribute, rest []byte, ok bool) {
	p := nextPlace(list)
	if p.end == 0 {
		return a, nil, false
	}
	return StoredAttribute{Raw: list[:p.end], Desc: list[p.desc:p.descEnd], Values: list[p.values:p.end]}, list[p.end:], true
}

// partsAt is where the parts of an attribute are in a list that it begins. It fits
// into registers, unlike the parts themselves.
type partsAt struct{ desc, descEnd, values, end int }

// nextPlace finds the first attribute of a list; end is 0 at the end.
func nextPlace(list []byte) partsAt {
	// Most attributes are short, and all lengths are single bytes then.
	if len(list) > 5 && list[0] == ber.TagSequence && list[2] == ber.TagOctetString {
		end, set := 2+int(list[1]), 4+int(list[3])
		if end <= len(list) && end < 0x82 && set+2 <= end && list[set] == ber.TagSet && set+2+int(list[set+1]) == end {
			return partsAt{4, set, set + 2, end}
		}
	}
	return longPlace(list)
}

// longPlace is nextPlace for lengths of any form.
func longPlace(list []byte) partsAt {
	content, rest, err := ber.Expect(list, ber.TagSequence)
	if err != nil {
		return partsAt{}
	}
	end := len(list) - len(rest)
	desc, set, err := ber.Expect(content, ber.TagOctetString)
	if err != nil {
		return partsAt{}
	}
	values, behind, err := ber.Expect(set, ber.TagSet)
	if err != nil || len(behind) > 0 {
		return partsAt{}
	}
	return partsAt{end - len(set) - len(desc), end - len(set), end - len(values), end}
}

// NextValue takes the first value off StoredAttribute.Values.
func NextValue(values []byte) (value, rest []byte, ok bool) {
	value, rest, err := ber.Expect(values, ber.TagOctetString)
	return value, rest, err == nil
}

// AppendAttribute appends an attribute in stored form.
func AppendAttribute(dst []byte, desc string, values ...[]byte) []byte {
	dst, seq := ber.Begin(dst, ber.TagSequence)
	dst = ber.AppendString(dst, ber.TagOctetString, desc)
	dst, set := ber.Begin(dst, ber.TagSet)
	for _, v := range values {
		dst = ber.AppendBytes(dst, ber.TagOctetString, v)
	}
	return ber.End(ber.End(dst, set), seq)
}

// Find gives the stored attribute with exactly the given canonical
// description, user or operational.
func (v *View) Find(desc string) (StoredAttribute, bool) {
	for _, list := range [2][]byte{v.User, v.Operational} {
		for {
			a, rest, ok := NextAttribute(list)
			if !ok {
				break
			}
			if string(a.Desc) == desc {
				return a, true
			}
			list = rest
		}
	}
	return StoredAttribute{}, false
}

// Clone copies a View so that it outlives its callback.
func (v *View) Clone() *View {
	c := *v
	c.DN = bytes.Clone(v.DN)
	c.Key = bytes.Clone(v.Key)
	c.User = bytes.Clone(v.User)
	c.Operational = bytes.Clone(v.Operational)
	c.Live = nil
	return &c
}
