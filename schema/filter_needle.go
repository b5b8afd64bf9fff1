package schema

import "bytes"

// holdsParts are the equality rules whose normal forms tell about substrings:
// but for spaces they are the forms of the substrings rules beside them.
var holdsParts = map[string]string{
	"caseIgnoreMatch":      "caseIgnoreSubstringsMatch",
	"caseExactMatch":       "caseExactSubstringsMatch",
	"caseIgnoreIA5Match":   "caseIgnoreIA5SubstringsMatch",
	"caseExactIA5Match":    "caseExactIA5SubstringsMatch",
	"numericStringMatch":   "numericStringSubstringsMatch",
	"telephoneNumberMatch": "telephoneNumberSubstringsMatch",
}

// Needle appends to dst what the equality form of every value contains that a
// substrings item matches; initial tells that it begins so. It is the longest
// part, with spaces as equality forms have them. Nothing is appended if the forms
// of the two rules have nothing to do with each other, if the parts are spaces, or
// if there is a space before a combining mark, which is no space. The forms may
// contain it and the value not match all the same. n has been resolved.
func (f *Filter) Needle(dst []byte, n *FilterNode) (needle []byte, initial bool) {
	t := n.Desc.Type
	if n.Kind != FilterSubstrings || t == nil || t.Equality == nil || n.Matching == nil || holdsParts[t.Equality.Name] != n.Matching.Name {
		return dst, false
	}
	var best []byte
	start := len(dst)
	for i := n.PartsFrom; i < n.PartsTo; i++ {
		p := &f.Parts[i]
		form := bytes.Trim(p.Form, " ")
		if initial = p.At == PartInitial && len(form) > 0; initial {
			best = form
			break
		}
		if len(form) > len(best) {
			best = form
		}
	}
	if startsWithMark(best) {
		return dst, false
	}
	for i, c := range best {
		if c == ' ' && startsWithMark(best[i+1:]) {
			return dst[:start], false
		}
		if c != ' ' || best[i-1] != ' ' { // trimmed: it begins with none
			dst = append(dst, c)
		}
	}
	return dst, initial
}
