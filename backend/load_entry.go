package backend

// From a record of the input to an entry in its stored form. What goes in comes
// out again: nothing is checked that could be refused, and operational
// attributes are only added where they are missing.

import (
	"encoding/binary"
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

const hashSize = len(schema.StateHash{})

// loadedAttr is what is known about an attribute description of the input.
type loadedAttr struct {
	desc        string // canonical
	operational bool
	left        bool // computed when it is read, so never stored
	indexes     []int
	stamp       stamp
	mark        int // number of the last entry that had it
}

// loadedClass is what is known about a value of objectClass.
type loadedClass struct {
	kind  schema.EntryKind
	forms [][]byte // for the index
}

// loadedEntry is one entry of a block. Its hash and record lie in the arena.
type loadedEntry struct {
	line     int
	id       uint64 // 0: the input has none
	uuid     schema.UUID
	brought  bool // uuid was in the input
	at, size int
	keys     int // index keys of the block up to and with those of this entry
}

// loadedBlock is a block of input after it was read.
type loadedBlock struct {
	text     *textBlock
	entries  []loadedEntry
	arena    []byte // for each entry its hash and its record
	keys     []byte // for each index key: index (2 bytes), length (2 bytes), key with id 0
	problems []LoadProblem
	left     int // entries left out
	unknown  []unknownName
	csn      csn // the largest
	err      error
}

// entryMaker turns records into entries; each goroutine has its own.
type entryMaker struct {
	*loader
	reader  ldif.Reader
	attrs   map[string]*loadedAttr // by description as in the input
	byDesc  map[string]*loadedAttr // by canonical description
	classes map[string]*loadedClass
	out     *loadedBlock
	entry   int // number of the entry, for marks
	kind    schema.EntryKind
	scratch []byte
	addForm func(form []byte)
	index   int // that addForm adds to
	stamps  [stamps]*loadedAttr
}

func newEntryMaker(l *loader) *entryMaker {
	m := &entryMaker{loader: l, attrs: map[string]*loadedAttr{}, byDesc: map[string]*loadedAttr{}, classes: map[string]*loadedClass{}}
	m.addForm = m.addKey
	m.reader.Reuse, m.reader.Dialect = true, l.dialect
	m.out = &loadedBlock{}
	for i, name := range stampNames {
		if name != "" {
			m.stamps[i] = m.attr(name, 0)
		}
	}
	return m
}

// attr looks up a description.
func (m *entryMaker) attr(name string, line int) *loadedAttr {
	if a, ok := m.attrs[name]; ok {
		return a
	}
	d, err := m.schema.ParseDescription([]byte(name))
	if err != nil {
		d = schema.AttributeDescription{Name: name}
	}
	a := m.byDesc[d.String()]
	if a == nil {
		a = &loadedAttr{desc: d.String()}
		if d.Type != nil {
			a.operational, a.left = d.Type.Operational(), schema.Computed(d.Type.Name)
		}
		for i, ix := range m.indexes {
			if ix.attr.Operational() == a.operational && ix.covers([]byte(a.desc)) {
				a.indexes = append(a.indexes, i)
			}
		}
		for i, n := range stampNames {
			if n != "" && n == a.desc {
				a.stamp = stamp(i)
			}
		}
		if len(m.byDesc) < maxTold && len(name) <= maxShownName {
			m.byDesc[a.desc] = a
		}
	}
	if d.Type == nil {
		m.out.unknown = append(m.out.unknown, unknownName{"attribute type", a.desc, line})
	}
	if len(m.attrs) < maxTold && len(name) <= maxShownName {
		m.attrs[name] = a
	}
	return a
}

// class looks up an object class.
func (m *entryMaker) class(value []byte, line int) *loadedClass {
	if c, ok := m.classes[string(value)]; ok {
		return c
	}
	c := &loadedClass{}
	switch known := m.schema.ObjectClass(value); {
	case known == nil:
		m.out.unknown = append(m.out.unknown, unknownName{"object class", string(value), line})
	case known.Name == "referral":
		c.kind = schema.KindReferral
	case known.Name == "alias":
		c.kind = schema.KindAlias
	}
	m.scratch = m.schema.IndexForms(m.schema.ObjectClassType, value, m.scratch, func(form []byte) {
		c.forms = append(c.forms, append([]byte(nil), form...))
	})
	if len(m.classes) < maxTold && len(value) <= maxShownName {
		m.classes[string(value)] = c
	}
	return c
}

// problem reports something about the record at hand.
func (m *entryMaker) problem(rec *ldif.Record, format string, args ...any) {
	m.out.problems = append(m.out.problems, LoadProblem{Line: m.out.text.line + rec.Line, DN: rec.DN, Text: fmt.Sprintf(format, args...)})
}

// leaveOut reports a record that cannot be an entry of the store.
func (m *entryMaker) leaveOut(rec *ldif.Record, format string, args ...any) {
	m.out.left++
	m.problem(rec, "left out: "+format, args...)
}

// make turns one content record into an entry at the end of the block.
func (m *entryMaker) make(rec *ldif.Record) {
	out := m.out
	at := len(out.arena)
	var room [hashSize + recordHeader]byte
	out.arena = append(out.arena, room[:]...)
	e := loadedEntry{line: out.text.line + rec.Line, id: rec.ID, at: at}
	if !m.name(rec) {
		out.arena = out.arena[:at]
		return
	}
	m.entry++
	m.kind = 0
	m.body(rec, &e)
	e.size = len(out.arena) - at
	e.keys = len(out.keys)
	out.entries = append(out.entries, e)
}

// name appends key and name of rec to the record. It is false if the name
// cannot be stored.
func (m *entryMaker) name(rec *ldif.Record) bool {
	out := m.out
	start := len(out.arena)
	arena, err := m.schema.AppendDNKey(out.arena, []byte(rec.DN))
	if err != nil {
		m.leaveOut(rec, "it has no valid name: %v", err)
		return false
	}
	key := arena[start:]
	switch {
	case len(key) == 0 && rec.DN == "":
		m.leaveOut(rec, "the root of all names is no entry of a store")
		return false
	case !m.holds(key):
		m.leaveOut(rec, "it is not below %s", m.opts.Suffix)
		out.problems[len(out.problems)-1].Outside = true
		return false
	case len(key) > maxKey:
		m.leaveOut(rec, "its name is too long")
		return false
	}
	out.arena = append(arena, rec.DN...)
	head := out.arena[start-recordHeader:]
	binary.BigEndian.PutUint32(head[18:], uint32(len(key)))
	binary.BigEndian.PutUint32(head[22:], uint32(len(rec.DN)))
	return true
}

// body appends the attributes and completes record and hash.
func (m *entryMaker) body(rec *ldif.Record, e *loadedEntry) {
	out := m.out
	list := m.merged(rec)
	user := len(out.arena)
	for i := range list {
		if a := m.attr(list[i].Attr, e.line); !a.operational && !a.left {
			m.values(a, list[i].Values, e.line)
		}
	}
	operational := len(out.arena)
	var have [stamps][]byte
	for i := range list {
		a := m.attr(list[i].Attr, e.line)
		if !a.operational || a.left {
			if a.desc == "contextCSN" {
				m.note(list[i].Values)
			}
			continue
		}
		values := list[i].Values
		if a.stamp != noStamp && len(values) > 0 {
			have[a.stamp] = values[0]
			if a.stamp == stampUUID {
				if values = m.uuid(rec, values, e); values == nil {
					have[stampUUID] = nil
					continue
				}
			} else if a.stamp == stampCSN {
				m.note(values)
			}
		}
		m.values(a, values, e.line)
	}
	m.complete(e, &have)
	head := out.arena[e.at+hashSize:]
	head[0], head[1] = recordVersion, byte(m.kind)
	copy(head[2:], e.uuid[:])
	binary.BigEndian.PutUint32(head[26:], uint32(operational-user))
	binary.BigEndian.PutUint32(head[30:], uint32(len(out.arena)-operational))
	var v schema.View
	readRecord(head, &v)
	hash := entryHash(&v)
	copy(out.arena[e.at:], hash[:])
}

// merged is the attributes of rec, those that are one under two names put
// together, as they would be in an add request.
func (m *entryMaker) merged(rec *ldif.Record) []schema.RawAttribute {
	twice := false
	for i := range rec.Attributes {
		a := m.attr(rec.Attributes[i].Attr, m.out.text.line+rec.Line)
		twice = twice || a.mark == m.entry
		a.mark = m.entry
	}
	if !twice {
		return rec.Attributes
	}
	var list []schema.RawAttribute
	place := map[string]int{}
	for i := range rec.Attributes {
		a := m.attr(rec.Attributes[i].Attr, m.out.text.line+rec.Line)
		at, ok := place[a.desc]
		if !ok {
			at = len(list)
			place[a.desc] = at
			list = append(list, schema.RawAttribute{Attr: rec.Attributes[i].Attr})
		}
		list[at].Values = append(list[at].Values, rec.Attributes[i].Values...)
	}
	return list
}

// values appends an attribute in stored form, and its index keys.
func (m *entryMaker) values(a *loadedAttr, values [][]byte, line int) {
	out := m.out
	out.arena = appendValues(out.arena, a.desc, values)
	if a.desc == "objectClass" {
		for _, v := range values {
			m.kind |= m.class(v, line).kind
		}
	}
	for _, i := range a.indexes {
		m.index = i
		ix := m.indexes[i]
		for _, v := range values {
			switch {
			case ix.sub:
				m.grams(ix, v)
			case ix.attr == m.schema.ObjectClassType:
				for _, form := range m.class(v, line).forms {
					m.addKey(form)
				}
			default:
				m.scratch = m.schema.IndexForms(ix.attr, v, m.scratch, m.addForm)
			}
		}
	}
}

// appendValues is schema.AppendAttribute without a slice for the values.
func appendValues(dst []byte, desc string, values [][]byte) []byte {
	dst, seq := ber.Begin(dst, ber.TagSequence)
	dst = ber.AppendString(dst, ber.TagOctetString, desc)
	dst, set := ber.Begin(dst, ber.TagSet)
	for _, v := range values {
		dst = ber.AppendBytes(dst, ber.TagOctetString, v)
	}
	return ber.End(ber.End(dst, set), seq)
}

// addKey appends an index key.
func (m *entryMaker) addKey(form []byte) {
	out := m.out
	at := len(out.keys)
	out.keys = append(out.keys, byte(m.index>>8), byte(m.index), 0, 0)
	out.keys = appendTerm(out.keys, form)
	out.keys = append(out.keys, 0, 0, 0, 0, 0, 0, 0, 0)
	binary.BigEndian.PutUint16(out.keys[at+2:], uint16(len(out.keys)-at-4))
}

// grams adds the keys of a substring index.
func (m *entryMaker) grams(ix *index, value []byte) {
	form, err := ix.attr.Substr.Normalize(m.schema, m.scratch[:0], value)
	if err != nil {
		return
	}
	m.scratch = form
	for gram := range grams(form) {
		m.addKey(gram)
	}
}
