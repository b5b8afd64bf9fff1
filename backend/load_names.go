package backend

// The tree of names: here show duplicates and entries without a superior.

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
)

// nameValue is a value of the sorter of names: id, kind, line, name as typed.
const (
	nameKind = idSize
	nameLine = idSize + 1
	nameText = idSize + 9
)

// nameTree writes dn2id. Keys come with the superiors before what lies below.
type nameTree struct {
	*loader
	tree *treeBuilder
	seal seal
	last []byte // key written last
	ends []int  // where last and its superiors end, from the root down
	buf  []byte
}

func (l *loader) buildNames(ctx context.Context, space *pageSpace) (built, error) {
	t := &nameTree{loader: l, tree: space.newTree(), seal: newSeal(bucketNames)}
	err := l.names.each(func(key, value []byte) error {
		if t.tree.keys%progressStep == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		return t.name(key, value)
	})
	return endTree(t.tree, bucketNames, err)
}

// name takes one name of the input.
func (t *nameTree) name(key, value []byte) error {
	id := binary.BigEndian.Uint64(value)
	line := int(binary.BigEndian.Uint64(value[nameLine:]))
	if bytes.Equal(key, t.last) {
		t.dropped.add(id)
		t.left++
		return t.problems.add(LoadProblem{Line: line, DN: string(value[nameText:]), Text: "left out: an entry of this name was there before"})
	}
	if err := t.superiors(key, string(value[nameText:]), line); err != nil {
		return err
	}
	return t.put(key, id, schema.EntryKind(value[nameKind]))
}

// superiors sees to it that the superior of key is there.
func (t *nameTree) superiors(key []byte, dn string, line int) error {
	for n := len(t.ends); n > 0 && !schema.KeyUnder(key, t.last[:t.ends[n-1]]); n-- {
		t.ends = t.ends[:n-1]
	}
	from := 0 // depth of the deepest superior that is there
	if n := len(t.ends); n > 0 {
		from = schema.KeyDepth(t.last[:t.ends[n-1]])
	} else {
		from = schema.KeyDepth(t.suffixKey) - 1
	}
	depth := schema.KeyDepth(key)
	for d := from + 1; d < depth; d++ {
		_, missing, _ := schema.SplitDN(dn, depth-d)
		if err := t.placeholder(missing, dn, line); err != nil {
			return err
		}
	}
	return nil
}

// put writes one name.
func (t *nameTree) put(key []byte, id uint64, kind schema.EntryKind) error {
	t.last = append(t.last[:0], key...)
	t.ends = append(t.ends, len(key))
	t.buf = appendName(t.buf[:0], t.final(id), kind)
	return t.tree.add(key, t.seal.close(key, t.buf), 0)
}

// placeholder makes an entry in the place of one that is missing above dn.
func (t *nameTree) placeholder(missing, dn string, line int) error {
	err := t.problems.add(LoadProblem{Line: line, DN: dn, Text: fmt.Sprintf("its superior %q is missing: a placeholder was made", missing)})
	if err != nil {
		return err
	}
	v, err := t.makePlaceholder(missing)
	if err != nil {
		return fmt.Errorf("make a placeholder for %q: %w", missing, err)
	}
	t.lostNames++
	t.given++
	v.ID = unnumbered | t.given
	if err := t.putRecord(v, appendHashed(nil, v)); err != nil {
		return err
	}
	if err := t.putKeys(v); err != nil {
		return err
	}
	return t.put(v.Key, v.ID, v.Kind)
}

// placeholderClasses are the classes for what names an entry.
var placeholderClasses = map[string]string{
	"o": "organization", "ou": "organizationalUnit", "utname": "utContainer", "c": "country", "l": "locality",
	"cn": "applicationProcess", "uid": "account", "dc": "domain",
}

// makePlaceholder makes an entry of that name that fits the schema, if its
// naming attribute allows that.
func (l *loader) makePlaceholder(dn string) (*schema.View, error) {
	key, err := l.schema.AppendDNKey(nil, []byte(dn))
	if err != nil {
		return nil, err
	}
	class := "extensibleObject"
	if name, err := l.schema.ParseDN([]byte(dn)); err == nil && len(name) > 0 && len(name[0]) == 1 {
		if c, ok := placeholderClasses[name[0][0].Desc.Name]; ok {
			class = c
		}
	}
	attrs := []schema.RawAttribute{
		{Attr: "objectClass", Values: [][]byte{[]byte("top"), []byte(class)}},
		{Attr: "description", Values: [][]byte{[]byte("Made up by utldif2ldbm: this entry was missing in the input.")}},
	}
	e, err := l.schema.NewEntry(dn, attrs, false)
	if err != nil { // an attribute that may not name an entry
		if e, err = l.schema.NewEntry(dn, attrs, true); err != nil {
			return nil, err
		}
	}
	e.DN, e.UUID = dn, newUUID(l.began)
	l.csn = l.csn.next(l.began)
	actor := []byte(l.opts.Actor)
	for i, v := range [stamps][]byte{stampUUID: uuidText(e.UUID), stampCreated: l.now, stampCreator: actor,
		stampCSN: []byte(l.csn.String()), stampModified: l.now, stampModifier: actor} {
		if v != nil {
			l.schema.SetOperational(e, stampNames[i], v)
		}
	}
	return l.schema.View(e, key), nil
}
