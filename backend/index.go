package backend

// Indexes: under which keys an entry is listed. This is the one place that
// knows, for the writer, the building of an index and the check alike.

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"

	"github.com/sunray-ds/utdsd/schema"
)

// Long forms are cut, because keys of a B-tree should be short.
const (
	maxForm  = 512
	keptForm = 480
)

// Substring indexes have grams: each run of gramSize bytes of a normal form, and the
// last leastPart bytes alone. So each run of leastPart bytes begins a gram, and parts
// of values from that length on are found. Runs of leastPart bytes alone leave three
// times as many entries to look at (the benchmark's names).
const (
	gramSize  = 4
	leastPart = 3
)

// grams are those of a normal form, some of them more than once.
func grams(form []byte) iter.Seq[[]byte] {
	return func(yield func(gram []byte) bool) {
		for i := 0; i+leastPart <= len(form); i++ {
			if !yield(form[i:min(i+gramSize, len(form))]) {
				return
			}
		}
	}
}

// index is one attribute index.
type index struct {
	name string // of the bucket
	mark string
	attr *schema.AttributeType
	sub  bool // of substrings
	seal seal
}

// makeIndexes looks up the types of o. Order and bucket names do not depend on
// the order or spelling in the configuration.
func makeIndexes(s *schema.Schema, o Indexes) ([]*index, error) {
	var out []*index
	for i, list := range [...][]string{o.Eq, o.Sub} {
		for _, name := range list {
			t := s.AttributeType([]byte(name))
			if t == nil {
				return nil, fmt.Errorf("%w of %q: the schema has no such attribute type", ErrIndex, name)
			}
			ix := &index{name: "eq/" + t.Name, attr: t, sub: i == 1}
			rule := t.Equality
			if ix.sub {
				ix.name, rule = "sub/"+t.Name, t.Substr
			}
			if rule == nil || rule.Match != nil || schema.Computed(t.Name) {
				return nil, fmt.Errorf("%w %s: values of this type cannot be indexed so", ErrIndex, ix.name)
			}
			ix.seal = newSeal(ix.name)
			ix.mark = indexMark(s, t, rule, ix.sub)
			out = append(out, ix)
		}
	}
	slices.SortFunc(out, func(a, b *index) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	return slices.CompactFunc(out, func(a, b *index) bool { return a.name == b.name }), nil
}

// indexMark is a fingerprint of what decides about the keys of an index and of how
// they list ids; for object classes that includes their superclasses.
func indexMark(s *schema.Schema, t *schema.AttributeType, rule *schema.MatchingRule, sub bool) string {
	version := 2
	if sub {
		version = 3
	}
	classes := ""
	if t == s.ObjectClassType {
		classes = fingerprint(s)
	}
	names := make([]string, 0, len(t.Subtypes))
	for _, s := range t.Subtypes {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %q %s", version, rule.OID, names, classes))
	return hex.EncodeToString(sum[:8])
}

// isPart tells whether term is one of all grams that begin so. Terms of grams
// have a byte more at least.
func (ix *index) isPart(term []byte) bool { return ix.sub && len(term) == leastPart }

// covers tells whether values of a stored attribute belong into the index.
func (ix *index) covers(desc []byte) bool {
	d := schema.AttributeDescription{Type: ix.attr, Name: ix.attr.Name}
	return d.Covers(desc)
}

// changedAttributes appends the descriptions of the attributes that are not the
// same in both entries to dst; some may be there twice.
func changedAttributes(dst [][]byte, a, b *schema.View) [][]byte {
	return changedIn(changedIn(dst, a.User, b.User), a.Operational, b.Operational)
}

// changedIn is changedAttributes for two lists. Attributes mostly keep their places.
func changedIn(dst [][]byte, a, b []byte) [][]byte {
	for {
		one, restA, ok := schema.NextAttribute(a)
		if ok && bytes.HasPrefix(b, one.Raw) {
			a, b = restA, b[len(one.Raw):]
			continue
		}
		two, restB, _ := schema.NextAttribute(b)
		if !ok || !bytes.Equal(one.Desc, two.Desc) {
			return missingIn(missingIn(dst, a, b), b, a)
		}
		dst = append(dst, one.Desc)
		a, b = restA, restB
	}
}

// missingIn appends the descriptions of those of list that other does not have.
func missingIn(dst [][]byte, list, other []byte) [][]byte {
	for {
		at, rest, ok := schema.NextAttribute(list)
		if !ok {
			return dst
		}
		if !hasRaw(other, at.Raw) {
			dst = append(dst, at.Desc)
		}
		list = rest
	}
}

// hasRaw tells whether a list of attributes has exactly this one.
func hasRaw(list, raw []byte) bool {
	for {
		at, rest, ok := schema.NextAttribute(list)
		if !ok {
			return false
		}
		if bytes.Equal(at.Raw, raw) {
			return true
		}
		list = rest
	}
}

// appendTerm appends the part of an index key that stands before the id.
func appendTerm(dst, form []byte) []byte {
	if len(form) <= maxForm {
		return append(append(dst, form...), 0)
	}
	sum := sha256.Sum256(form)
	return append(append(append(dst, form[:keptForm]...), sum[:]...), 0)
}

// indexKeys collects the keys that one entry would have in an index alone, each of
// a term and its id: see posting.go for what becomes of them.
type indexKeys struct {
	list    [][]byte // sorted, each once, after sort
	scratch []byte
}

// of sets list to the keys of v in ix.
func (k *indexKeys) of(s *schema.Schema, ix *index, v *schema.View) [][]byte {
	k.list = k.list[:0]
	attrs := v.User
	if ix.attr.Operational() {
		attrs = v.Operational
	}
	for {
		a, rest, ok := schema.NextAttribute(attrs)
		if !ok {
			break
		}
		attrs = rest
		if !ix.covers(a.Desc) {
			continue
		}
		for values := a.Values; ; {
			value, more, ok := schema.NextValue(values)
			if !ok {
				break
			}
			values = more
			k.value(s, ix, value, v.ID)
		}
	}
	slices.SortFunc(k.list, bytes.Compare)
	k.list = slices.CompactFunc(k.list, bytes.Equal)
	return k.list
}

// value adds the keys of one value. A value that does not fit its syntax
// (tolerated at import) has none: it matches nothing either.
func (k *indexKeys) value(s *schema.Schema, ix *index, value []byte, id uint64) {
	if !ix.sub {
		k.scratch = s.IndexForms(ix.attr, value, k.scratch, func(form []byte) { k.add(form, id) })
		return
	}
	form, err := ix.attr.Substr.Normalize(s, k.scratch[:0], value)
	if err != nil {
		return
	}
	k.scratch = form
	for gram := range grams(form) {
		k.add(gram, id)
	}
}

func (k *indexKeys) add(form []byte, id uint64) {
	key := appendTerm(make([]byte, 0, min(len(form), maxForm)+1+idSize), form)
	k.list = append(k.list, binary.BigEndian.AppendUint64(key, id))
}
