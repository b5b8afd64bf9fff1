package backend_test

// Records of the changelog made again, one by one, by a reader who knows nothing
// but RFC 4511: each must be possible where it stands.

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

// replay is a tree of entries by the keys of their names.
type replay struct {
	testing.TB
	schema  *schema.Schema
	entries map[string]*schema.Entry
}

// text is what v means: the order of attributes and values does not count.
func (r *replay) text(e *schema.Entry) string {
	var lines []string
	for _, list := range [...][]schema.Attribute{e.Attributes, e.Operational} {
		for i := range list {
			for _, v := range list[i].Values {
				lines = append(lines, fmt.Sprintf("%s: %q", list[i].Desc.String(), v))
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// tree is all of it.
func (r *replay) tree() map[string]string {
	out := map[string]string{}
	for k, e := range r.entries {
		out[k] = r.text(e)
	}
	return out
}

// treeOf reads a store.
func treeOf(m *member) *replay {
	r := &replay{m, m.schema, map[string]*schema.Entry{}}
	f, err := m.search(&schema.Search{Base: m.key(suffix), Scope: schema.ScopeSub, Filter: m.filter(present("objectClass")), ManageDsaIT: true})
	if err != nil && resultOf(err).Code != schema.NoSuchObject {
		m.Fatal(err)
	}
	for _, v := range f.views {
		r.entries[string(v.Key)] = m.schema.Entry(v)
	}
	return r
}

func (r *replay) key(dn string) string {
	r.Helper()
	k, err := r.schema.AppendDNKey(nil, []byte(dn))
	if err != nil {
		r.Fatalf("%q: %v", dn, err)
	}
	return string(k)
}

func (r *replay) children(key string) (out []string) {
	for k := range r.entries {
		if schema.KeyUnder([]byte(k), []byte(key)) {
			out = append(out, k)
		}
	}
	return out
}

// change makes one record.
func (r *replay) change(rec *schema.ChangeRecord) {
	r.Helper()
	kind := [...]string{schema.ChangeAdd: "add", schema.ChangeDelete: "delete", schema.ChangeModify: "modify", schema.ChangeModifyDN: "modrdn"}[rec.Kind]
	text := ldif.AppendLine(nil, "dn", []byte(rec.DN), 0)
	text = append(append(append(text, "changetype: "+kind+"\n"...), rec.LDIF...), '\n')
	read, err := ldif.NewReader(bytes.NewReader(text)).Next()
	if err != nil || read.Change == nil {
		r.Fatalf("record %d: %v\n%s", rec.Seq, err, text)
	}
	key := r.key(rec.DN)
	e := r.entries[key]
	if (e == nil) != (rec.Kind == schema.ChangeAdd) {
		r.Fatalf("record %d, %s of %q: the entry is there: %v", rec.Seq, kind, rec.DN, e != nil)
	}
	switch rec.Kind {
	case schema.ChangeAdd:
		if key != r.key(suffix) && r.entries[string(schema.KeyParent([]byte(key)))] == nil {
			r.Fatalf("record %d adds %q below nothing", rec.Seq, rec.DN)
		}
		if e, err = r.schema.NewEntry(rec.DN, read.Change.Attributes, true); err != nil {
			r.Fatal(err)
		}
		r.entries[key] = e
	case schema.ChangeDelete:
		if len(r.children(key)) > 0 {
			r.Fatalf("record %d deletes %q, and there are entries below it", rec.Seq, rec.DN)
		}
		delete(r.entries, key)
	case schema.ChangeModify:
		for _, m := range read.Change.Mods {
			r.modify(rec, e, m)
		}
	case schema.ChangeModifyDN:
		r.rename(rec, key, e, read.Change)
	}
}

func (r *replay) modify(rec *schema.ChangeRecord, e *schema.Entry, m schema.Modification) {
	r.Helper()
	now := slices.Clone(e.Get(m.Attr))
	for _, v := range m.Values {
		has := slices.ContainsFunc(now, func(o []byte) bool { return bytes.Equal(o, v) })
		switch {
		case m.Op == schema.ModAdd && has, m.Op == schema.ModDelete && !has:
			r.Fatalf("record %d, %q: operation %d with value %q of %s", rec.Seq, rec.DN, m.Op, v, m.Attr)
		case m.Op == schema.ModAdd:
			now = append(now, v)
		case m.Op == schema.ModDelete:
			now = slices.DeleteFunc(now, func(o []byte) bool { return bytes.Equal(o, v) })
		}
	}
	switch {
	case m.Op == schema.ModReplace:
		now = m.Values
	case m.Op == schema.ModDelete && len(m.Values) == 0:
		if now == nil {
			r.Fatalf("record %d, %q: deletes %s, which is not there", rec.Seq, rec.DN, m.Attr)
		}
		now = nil
	}
	set := func(list *[]schema.Attribute) bool {
		i := slices.IndexFunc(*list, func(a schema.Attribute) bool { return a.Desc.String() == m.Attr })
		if i >= 0 {
			(*list)[i].Values = now
		}
		return i >= 0
	}
	if set(&e.Attributes) || set(&e.Operational) {
		return
	}
	d, err := r.schema.ParseDescription([]byte(m.Attr))
	if err != nil {
		r.Fatal(err)
	}
	e.Attributes = append(e.Attributes, schema.Attribute{Desc: d, Values: now})
}

func (r *replay) rename(rec *schema.ChangeRecord, key string, e *schema.Entry, c *schema.Change) {
	r.Helper()
	parent := schema.ParentDN(rec.DN)
	if c.HasNewSuperior {
		parent = c.NewSuperior
	}
	to := r.key(c.NewRDN + "," + parent)
	if to != r.key(rec.NewDN) {
		r.Errorf("record %d leads to %q and tells of %q", rec.Seq, c.NewRDN+","+parent, rec.NewDN)
	}
	switch {
	case r.entries[r.key(parent)] == nil, schema.KeyUnder([]byte(to), []byte(key)):
		r.Fatalf("record %d moves %q below %q, where there is nothing or itself", rec.Seq, rec.DN, parent)
	case to != key && r.entries[to] != nil:
		r.Fatalf("record %d renames %q to %q, which is taken", rec.Seq, rec.DN, rec.NewDN)
	}
	name, err := r.schema.ParseDN([]byte(c.NewRDN))
	if err == nil {
		err = r.schema.ApplyRename(e, name[0], c.DeleteOldRDN)
	}
	if err != nil {
		r.Fatalf("record %d: %v", rec.Seq, err)
	}
	for _, k := range append(r.children(key), key) {
		moved := r.entries[k]
		delete(r.entries, k)
		r.entries[to+k[len(key):]] = moved
	}
}
