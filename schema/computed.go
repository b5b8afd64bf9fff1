package schema

import "strconv"

// computed names an attribute that is made up when it is asked for, because it
// depends on the entry's place in the tree or on the whole store.
type computed uint8

const (
	notComputed computed = iota
	computedEntryDN
	computedHasSubordinates
	computedNumSubordinates
	computedSubschemaSubentry
	computedContextCSN
)

// SubschemaDN names the subschema entry (RFC 4512 4.2). Our choice of name.
const SubschemaDN = "cn=schema"

// ComputedNames lists the attributes that AppendComputed knows.
var ComputedNames = [...]string{
	computedEntryDN:           "entryDN",
	computedHasSubordinates:   "hasSubordinates",
	computedNumSubordinates:   "numSubordinates",
	computedSubschemaSubentry: "subschemaSubentry",
	computedContextCSN:        "contextCSN",
}

func computedOf(name string) computed {
	for c := computedEntryDN; int(c) < len(ComputedNames); c++ {
		if ComputedNames[c] == name {
			return c
		}
	}
	return notComputed
}

// Computed tells whether values of the type with this canonical name are made
// up by AppendComputed.
func Computed(name string) bool { return computedOf(name) != notComputed }

// AppendComputed appends the one value of a computed attribute of v; ok is
// false if v has none.
func AppendComputed(dst []byte, v *View, name string) (out []byte, ok bool) {
	return appendComputed(dst, v, computedOf(name))
}

func appendComputed(dst []byte, v *View, c computed) ([]byte, bool) {
	switch c {
	case computedEntryDN:
		return append(dst, v.DN...), true
	case computedSubschemaSubentry:
		return append(dst, SubschemaDN...), true
	}
	if v.Live == nil {
		return dst, false
	}
	switch c {
	case computedHasSubordinates:
		if v.Live.NumSubordinates(v.Key, 1) > 0 {
			return append(dst, "TRUE"...), true
		}
		return append(dst, "FALSE"...), true
	case computedNumSubordinates:
		return strconv.AppendInt(dst, int64(v.Live.NumSubordinates(v.Key, 0)), 10), true
	case computedContextCSN:
		if KeyDepth(v.Key) != 1 {
			return dst, false
		}
		n := len(dst)
		dst = v.Live.ContextCSN(dst)
		return dst, len(dst) > n
	}
	return dst, false
}
