package server

import (
	"bytes"
	"slices"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// sorter collects the entries of a search and gives them out in order
// (RFC 2891). Memory is bounded by Limits.SortLimit.
type sorter struct {
	keys    []sortKey
	failed  schema.ResultCode // why the answer is not sorted; success if it is
	attr    []byte            // the attribute that was in the way
	entries []sortedEntry
	memory  []byte // of all entries
	next    int
	limit   int
	ready   bool
	off     bool // the answer comes as it is found
}

type sortKey struct {
	desc    schema.AttributeDescription
	rule    *schema.MatchingRule
	reverse bool
}

// The bytes that an entry and each of its keys take beside memory.
const (
	entryOverhead = 48
	keyOverhead   = 16
)

// sortedEntry is where the name, the encoded attributes and the forms of the
// keys of an entry are. The message around them is made when it is sent: in a
// paged search it belongs to a later request.
type sortedEntry struct {
	dn, attributes, end int
	keys                [][2]int // empty range: the entry has no such attribute
}

// prepareSort reads the sort control. A key that cannot be sorted by refuses
// the search if the control is critical, else the answer comes unsorted and
// says so.
func (op *searchOp) prepareSort(k *controls) error {
	s := op.conn.srv.Schema
	list, err := wire.DecodeSort(nil, k.sort)
	if err != nil {
		return badControl("sort")
	}
	st := &sorter{limit: op.conn.srv.Limits.SortLimit}
	op.sort = st
	for _, key := range list {
		d, err := s.ParseDescription(key.Attr)
		if err != nil || d.Type == nil || op.rights.hides(d.Type) {
			st.fail(schema.NoSuchAttribute, key.Attr)
			break
		}
		rule := orderingOf(s, d.Type)
		if len(key.Rule) > 0 {
			rule = s.MatchingRule(key.Rule)
		}
		if rule == nil || rule.Normalize == nil || rule.Match != nil || rule.Kind == schema.SubstringsRule {
			st.fail(schema.InappropriateMatching, key.Attr)
			break
		}
		st.keys = append(st.keys, sortKey{d, rule, key.Reverse})
	}
	st.off = st.failed != schema.Success
	if st.off && k.sortCritical {
		return schema.Refuse(schema.UnavailableCriticalExtension, "the search cannot be sorted by that attribute")
	}
	return nil
}

// orderingOf is the rule by which values of t are sorted: its own, or for the
// many string types that have none, that which belongs to their equality rule.
func orderingOf(s *schema.Schema, t *schema.AttributeType) *schema.MatchingRule {
	if t.Ordering != nil || t.Equality == nil {
		return t.Ordering
	}
	switch t.Equality.Name {
	case "caseIgnoreMatch", "caseIgnoreIA5Match":
		return s.MatchingRule([]byte("caseIgnoreOrderingMatch"))
	case "caseExactMatch", "caseExactIA5Match":
		return s.MatchingRule([]byte("caseExactOrderingMatch"))
	case "numericStringMatch":
		return s.MatchingRule([]byte("numericStringOrderingMatch"))
	}
	return nil
}

func (st *sorter) fail(code schema.ResultCode, attr []byte) {
	st.failed, st.attr, st.keys = code, bytes.Clone(attr), nil
}

// collect keeps an entry, already encoded, with the forms of its keys.
func (st *sorter) collect(op *searchOp, v *schema.View) schema.Next {
	e := sortedEntry{keys: make([][2]int, len(st.keys))}
	for i := range st.keys {
		if k := &st.keys[i]; op.rights.least(v.Key, k.desc.Type) >= RightRead {
			e.keys[i] = st.smallest(op.conn.srv.Schema, v, k)
		}
	}
	e.dn = len(st.memory)
	st.memory = append(st.memory, v.DN...)
	e.attributes = len(st.memory)
	st.memory = op.show.appendAttributes(st.memory, op.conn.srv.Schema, v)
	e.end = len(st.memory)
	st.entries = append(st.entries, e)
	op.sent++
	if len(st.memory)+len(st.entries)*(entryOverhead+len(st.keys)*keyOverhead) > st.limit {
		st.fail(schema.AdminLimitExceeded, nil)
		op.over = true
		return schema.Stop
	}
	return schema.Continue
}

// smallest puts the least value of a key into memory: RFC 2891 2 sorts an
// attribute with several values by that one.
func (st *sorter) smallest(s *schema.Schema, v *schema.View, k *sortKey) [2]int {
	var best [2]int
	list := v.User
	if k.desc.Type.Operational() {
		list = v.Operational
	}
	for {
		a, rest, ok := schema.NextAttribute(list)
		if !ok {
			return best
		}
		list = rest
		if !k.desc.Covers(a.Desc) {
			continue
		}
		for vals := a.Values; ; {
			value, more, ok := schema.NextValue(vals)
			if !ok {
				break
			}
			vals = more
			at := len(st.memory)
			form, err := k.rule.Normalize(s, st.memory, value)
			if err != nil || len(form) == at {
				continue
			}
			if best[1] == 0 || bytes.Compare(form[at:], form[best[0]:best[1]]) < 0 {
				st.memory, best = form, [2]int{at, len(form)}
			}
		}
	}
}

// emit sorts what was collected, once, and appends it to the answer; it tells
// whether everything (or a whole page) is out.
func (st *sorter) emit(op *searchOp) bool {
	if st.off {
		return true
	}
	if !st.ready {
		st.ready = true
		slices.SortStableFunc(st.entries, st.compare)
	}
	for st.next < len(st.entries) {
		full := op.page != nil && op.page.full()
		if len(op.buf) >= flushAt || full {
			return full
		}
		e := st.entries[st.next]
		op.appendEncoded(st.memory[e.dn:e.attributes], st.memory[e.attributes:e.end])
		st.next++
	}
	return true
}

// compare orders by the keys in turn. Entries without the attribute come last,
// as if it had the largest possible value (RFC 2891 2), or first in reverse.
func (st *sorter) compare(a, b sortedEntry) int {
	for i := range st.keys {
		ka, kb := st.memory[a.keys[i][0]:a.keys[i][1]], st.memory[b.keys[i][0]:b.keys[i][1]]
		var c int
		switch {
		case len(ka) == 0 && len(kb) == 0:
		case len(ka) == 0:
			c = 1
		case len(kb) == 0:
			c = -1
		default:
			c = bytes.Compare(ka, kb)
		}
		if st.keys[i].reverse {
			c = -c
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

func (st *sorter) left() int { return len(st.entries) - st.next }

// drop forgets what is still to be given out.
func (st *sorter) drop() { st.next, st.ready = len(st.entries), true }

// appendResponse appends the sort response control.
func (st *sorter) appendResponse(dst []byte) []byte {
	return wire.AppendControl(dst, oidSortResponse, false, wire.AppendSortResponse(nil, st.failed, st.attr))
}
