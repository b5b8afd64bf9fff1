package replica

// What a consumer of RFC 4533, or a persistent search, has been told of.

import (
	"github.com/sunray-ds/utdsd/schema"
)

// contents remembers which entries a consumer has, so that one that leaves is a
// delete and one that never was there is nothing. An entry leaves by being
// deleted, by a change after which the filter does not match, by a change of
// name, or because the session may not see it any more.
type contents struct {
	kind contentsKind
	set  map[schema.UUID]struct{}
}

type contentsKind uint8

const (
	// notKnown: a consumer came back with a cookie, and the state that it had
	// is gone. It may have any entry.
	notKnown contentsKind = iota
	// allBut: the search is for everything; the set has what is there and may
	// not be seen.
	allBut
	// just: the set has the entries.
	just
)

// has tells whether the consumer has, or may have, an entry that was there
// when it was last told anything.
func (c *contents) has(id schema.UUID) bool {
	_, in := c.set[id]
	return c.kind == notKnown || in == (c.kind == just)
}

// put notes whether it has the entry from now on.
func (c *contents) put(id schema.UUID, has bool) {
	switch {
	case c.kind == notKnown:
	case has == (c.kind == just):
		if c.set == nil {
			c.set = map[schema.UUID]struct{}{}
		}
		c.set[id] = struct{}{}
	default:
		delete(c.set, id)
	}
}

// drop forgets an entry that is no more.
func (c *contents) drop(id schema.UUID) { delete(c.set, id) }

// wanted tells whether an entry is in the content of the session's search.
func (f *feed) wanted(v *schema.View) bool {
	q := f.q.Search
	return (f.whole || schema.KeyInScope(v.Key, q.Base, q.Scope)) && q.Filter.Match(f.p.o.Schema, v) == schema.True
}
