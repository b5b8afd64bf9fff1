package backend_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

func TestMain(m *testing.M) {
	runAsCrashingServer()
	runAsCrashingFollower()
	goleak.VerifyTestMain(m)
}

const (
	suffix = "o=utdata"
	people = "ou=people,o=utdata"
	admin  = "cn=admin,o=utdata"
)

// world is a store with what tests do to it.
type world struct {
	testing.TB
	*backend.Store
	schema *schema.Schema
}

var indexes = backend.Indexes{Eq: []string{"objectClass", "cn", "uid"}, Sub: []string{"cn"}}

// newWorld has the suffix and ou=people.
func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldWith(t, backend.Options{Indexes: indexes})
}

func newWorldWith(t testing.TB, o backend.Options) *world {
	t.Helper()
	if o.Schema == nil {
		o.Schema = storetest.Schema(t)
	}
	w := &world{t, storetest.New(t, o), o.Schema}
	w.must(add(suffix, "objectClass: organization", "o: utdata"))
	w.must(add(people, "objectClass: organizationalUnit"))
	return w
}

// do makes a change and waits for what becomes of it.
func (w *world) do(c *schema.Change) schema.ChangeDone {
	w.Helper()
	if c.Actor == "" {
		c.Actor = admin
	}
	got := make(chan schema.ChangeDone, 1)
	w.Apply(context.Background(), c, func(d schema.ChangeDone) { got <- d })
	return <-got
}

func (w *world) must(c *schema.Change) schema.ChangeDone {
	w.Helper()
	d := w.do(c)
	if d.Result.Code != schema.Success {
		w.Fatalf("change of %q: %v", c.DN, &d.Result)
	}
	return d
}

func (w *world) refused(c *schema.Change, code schema.ResultCode) schema.Result {
	w.Helper()
	before := w.Position()
	d := w.do(c)
	if d.Result.Code != code {
		w.Errorf("change of %q: result %v, want %d", c.DN, &d.Result, code)
	}
	if d.Result.Code != schema.Success && w.Position() != before {
		w.Errorf("change of %q was refused and moved the position", c.DN)
	}
	return d.Result
}

func attributes(lines []string) []schema.RawAttribute {
	var out []schema.RawAttribute
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		i := slices.IndexFunc(out, func(a schema.RawAttribute) bool { return a.Attr == name })
		if i < 0 {
			out, i = append(out, schema.RawAttribute{Attr: name}), len(out)
		}
		out[i].Values = append(out[i].Values, []byte(value))
	}
	return out
}

func add(dn string, lines ...string) *schema.Change {
	return &schema.Change{Kind: schema.ChangeAdd, DN: dn, Attributes: attributes(lines)}
}

// person adds cn=NAME below ou=people.
func person(name string, lines ...string) *schema.Change {
	return add("cn="+name+","+people, append([]string{"objectClass: inetOrgPerson", "sn: " + name}, lines...)...)
}

func remove(dn string) *schema.Change { return &schema.Change{Kind: schema.ChangeDelete, DN: dn} }

func replace(dn, attr string, values ...string) *schema.Change {
	m := schema.Modification{Op: schema.ModReplace, Attr: attr}
	for _, v := range values {
		m.Values = append(m.Values, []byte(v))
	}
	return &schema.Change{Kind: schema.ChangeModify, DN: dn, Mods: []schema.Modification{m}}
}

func rename(dn, rdn string) *schema.Change {
	return &schema.Change{Kind: schema.ChangeModifyDN, DN: dn, NewRDN: rdn, DeleteOldRDN: true}
}

func move(dn, rdn, superior string) *schema.Change {
	c := rename(dn, rdn)
	c.HasNewSuperior, c.NewSuperior = true, superior
	return c
}

// key is the key of a name.
func (w *world) key(dn string) []byte {
	w.Helper()
	k, err := w.schema.AppendDNKey(nil, []byte(dn))
	if err != nil {
		w.Fatalf("%q: %v", dn, err)
	}
	return k
}

// Filters, put together node by node.
func item(kind schema.FilterKind, attr, value string) []schema.FilterNode {
	return []schema.FilterNode{{Kind: kind, End: 1, Attr: []byte(attr), Value: []byte(value)}}
}
func eq(attr, value string) []schema.FilterNode { return item(schema.FilterEquality, attr, value) }
func present(attr string) []schema.FilterNode   { return item(schema.FilterPresent, attr, "") }

// set is an And, Or or Not of others.
func set(kind schema.FilterKind, parts ...[]schema.FilterNode) []schema.FilterNode {
	out := []schema.FilterNode{{Kind: kind}}
	for _, p := range parts {
		at := int32(len(out))
		for _, n := range p {
			n.End += at
			out = append(out, n)
		}
	}
	out[0].End = int32(len(out))
	return out
}

func (w *world) filter(nodes []schema.FilterNode, parts ...schema.SubstringPart) *schema.Filter {
	f := &schema.Filter{Nodes: nodes, Parts: parts}
	if len(parts) > 0 {
		f.Nodes[0].PartsTo = int32(len(parts))
	}
	f.Resolve(w.schema, nil)
	return f
}

// found collects an answer.
type found struct {
	dns        []string
	references []string
	views      []*schema.View
	every      func() schema.Next // what to say after each; nil: Continue
}

func (f *found) Entry(v *schema.View) schema.Next {
	f.dns, f.views = append(f.dns, string(v.DN)), append(f.views, v.Clone())
	return f.next()
}

func (f *found) Reference(v *schema.View, scope schema.Scope) schema.Next {
	a, _ := v.Find("ref")
	value, _, _ := schema.NextValue(a.Values)
	url, _ := schema.ReferralURL(value, string(v.DN), &scope)
	f.references = append(f.references, url)
	return f.next()
}

func (f *found) next() schema.Next {
	if f.every == nil {
		return schema.Continue
	}
	return f.every()
}

func (w *world) query(base string, scope schema.Scope, f *schema.Filter) *schema.Search {
	w.Helper()
	return &schema.Search{Base: w.key(base), BaseDN: []byte(base), Scope: scope, Filter: f}
}

// search runs q to its end.
func (w *world) search(q *schema.Search) (*found, error) {
	f := &found{}
	for !q.Resume.Done {
		if err := w.Search(q, f); err != nil {
			return f, err
		}
	}
	return f, nil
}

// finds checks the names that a search finds, in any order.
func (w *world) finds(q *schema.Search, want ...string) *found {
	w.Helper()
	f, err := w.search(q)
	if err != nil {
		w.Fatalf("search %q: %v", q.BaseDN, err)
	}
	got := slices.Clone(f.dns)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.Errorf("search %q scope %d found %q, want %q", q.BaseDN, q.Scope, got, want)
	}
	return f
}

// all finds everything below base.
func (w *world) all(base string) []string {
	w.Helper()
	f, err := w.search(w.query(base, schema.ScopeSub, w.filter(present("objectClass"))))
	if err != nil {
		w.Fatalf("search %q: %v", base, err)
	}
	return f.dns
}

func (w *world) get(dn string) *schema.View {
	w.Helper()
	var out *schema.View
	if err := w.Get(w.key(dn), func(v *schema.View) error { out = v.Clone(); return nil }); err != nil {
		w.Fatalf("get %q: %v", dn, err)
	}
	return out
}

// value is the first value of an attribute.
func value(v *schema.View, attr string) string {
	a, _ := v.Find(attr)
	b, _, _ := schema.NextValue(a.Values)
	return string(b)
}

func resultOf(err error) *schema.Result {
	var r *schema.Result
	errors.As(err, &r)
	return r
}

// containing finds the values that have part.
func (w *world) containing(attr, part string) *schema.Filter {
	return w.filter(item(schema.FilterSubstrings, attr, ""), schema.SubstringPart{At: schema.PartAny, Value: []byte(part)})
}

// fill adds n persons, user000000 and so on, many at a time.
func (w *world) fill(n int) {
	w.Helper()
	results := make(chan schema.ChangeDone, n)
	for i := range n {
		name := fmt.Sprintf("user%06d", i)
		w.Apply(context.Background(), person(name, "uid: "+name, "telephoneNumber: +49 30 1234567", "mail: "+name+"@example.org",
			"description: a person of the sample data, one of many"), func(d schema.ChangeDone) { results <- d })
	}
	for range n {
		if d := <-results; d.Result.Code != schema.Success {
			w.Fatalf("fill: %v", &d.Result)
		}
	}
}
