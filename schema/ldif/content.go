// The attributes of the record being read: grouping, order, memory.

package ldif

import "github.com/sunray-ds/utdsd/schema"

const (
	maxKeptArena = 1 << 20 // memory of a larger record is given back
	maxKeptAttrs = 1 << 10
	firstArena   = 512
	maxNames     = 4 << 10 // attribute names remembered
	maxNameKept  = 128     // bytes of one
	scanUpTo     = 24      // attributes found by comparing; more by a map
)

// content gathers lines into attributes. All memory is reused by the next
// record, so what leaves the Reader is either copied or lent.
type content struct {
	attrs []schema.RawAttribute
	arena []byte            // the values' bytes; earlier values may lie in arenas it outgrew
	index map[string]int    // lower-case name to place in attrs, when they are many
	names map[string]string // one string for each name ever seen
	key   []byte
}

func (c *content) clear() {
	if cap(c.arena) > maxKeptArena || cap(c.attrs) > maxKeptAttrs {
		c.arena, c.attrs, c.index = nil, nil, nil
	}
	if c.arena == nil { // never nil, so that an empty value is not a nil one
		c.arena = make([]byte, 0, firstArena)
	}
	c.arena, c.attrs = c.arena[:0], c.attrs[:0]
	if len(c.index) > 0 {
		c.index = nil
	}
}

// add appends a value to its attribute.
func (c *content) add(name, value []byte) {
	i := c.find(name)
	if i < 0 {
		i = len(c.attrs)
		c.grow(name)
	}
	c.attrs[i].Values = append(c.attrs[i].Values, value)
}

// find gives the place of name in attrs or -1. Values of one attribute mostly
// stand together, hence the last first.
func (c *content) find(name []byte) int {
	last := len(c.attrs) - 1
	if last < 0 {
		return -1
	}
	if sameName(c.attrs[last].Attr, name) {
		return last
	}
	if len(c.attrs) <= scanUpTo {
		for i := range c.attrs[:last] {
			if sameName(c.attrs[i].Attr, name) {
				return i
			}
		}
		return -1
	}
	if c.index == nil {
		c.index = make(map[string]int, 4*scanUpTo)
		for i := range c.attrs {
			c.index[string(c.lower(c.attrs[i].Attr))] = i
		}
	}
	if i, ok := c.index[string(c.lower(string(name)))]; ok {
		return i
	}
	return -1
}

// grow adds an attribute without values. Entries of one file resemble each
// other, so the name that stood at this place in the last record is tried first.
func (c *content) grow(name []byte) {
	n := len(c.attrs)
	if n < cap(c.attrs) {
		c.attrs = c.attrs[:n+1]
	} else {
		c.attrs = append(c.attrs, schema.RawAttribute{})
	}
	a := &c.attrs[n]
	if a.Attr != string(name) {
		a.Attr = c.intern(name)
	}
	a.Values = a.Values[:0]
	if c.index != nil {
		c.index[string(c.lower(a.Attr))] = n
	}
}

func (c *content) intern(name []byte) string {
	if s, ok := c.names[string(name)]; ok {
		return s
	}
	s := string(name)
	if len(c.names) < maxNames && len(s) <= maxNameKept {
		if c.names == nil {
			c.names = make(map[string]string)
		}
		c.names[s] = s
	}
	return s
}

// lower gives the key of name, valid until the next call.
func (c *content) lower(name string) []byte {
	c.key = c.key[:0]
	for i := range len(name) {
		c.key = append(c.key, lowerByte(name[i]))
	}
	return c.key
}

// owned copies the attributes into memory of their own, in three pieces.
func (c *content) owned() []schema.RawAttribute {
	values, size := 0, 0
	for i := range c.attrs {
		values += len(c.attrs[i].Values)
		for _, v := range c.attrs[i].Values {
			size += len(v)
		}
	}
	attrs := make([]schema.RawAttribute, len(c.attrs))
	list := make([][]byte, 0, values)
	bytes := make([]byte, 0, size)
	for i := range c.attrs {
		first := len(list)
		for _, v := range c.attrs[i].Values {
			from := len(bytes)
			bytes = append(bytes, v...)
			list = append(list, bytes[from:len(bytes):len(bytes)])
		}
		attrs[i] = schema.RawAttribute{Attr: c.attrs[i].Attr, Values: list[first:len(list):len(list)]}
	}
	return attrs
}

func sameName(attr string, name []byte) bool {
	if len(attr) != len(name) {
		return false
	}
	for i := range len(attr) {
		if attr[i] != name[i] && lowerByte(attr[i]) != lowerByte(name[i]) {
			return false
		}
	}
	return true
}
