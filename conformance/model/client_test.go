// client_test.go: sends the model's requests to a real server with go-ldap.

package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// client speaks to a server as its administrator.
type client struct {
	address string
	conn    *ldap.Conn
	second  *ldap.Conn // for binds, so that conn stays the administrator's
}

// seen is an entry as a server returned it.
type seen struct {
	dn         string
	attributes []*ldap.EntryAttribute
}

// reply is what a server answered.
type reply struct {
	code    int
	matched string
	entries []seen
}

func dial(tb testing.TB, e harness.Endpoint) *client {
	tb.Helper()
	c := &client{address: e.URL}
	var err error
	if c.conn, err = ldap.DialURL(e.URL); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.conn.Close() })
	if c.second, err = ldap.DialURL(e.URL); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.second.Close() })
	if err := c.conn.Bind(harness.AdminDN, harness.Password); err != nil {
		tb.Fatal(err)
	}
	return c
}

// do sends o. An error is one of the connection, never an LDAP result.
func (c *client) do(o Operation) (reply, error) {
	var err error
	var r reply
	switch o.Kind {
	case Add:
		request := ldap.NewAddRequest(o.DN, nil)
		for _, v := range o.Attributes {
			request.Attribute(v.Attribute, v.Values)
		}
		err = c.conn.Add(request)
	case Modify:
		request := ldap.NewModifyRequest(o.DN, nil)
		for _, m := range o.Mods {
			change := ldap.PartialAttribute{Type: m.Attribute, Vals: m.Values.Values}
			request.Changes = append(request.Changes, ldap.Change{Operation: uint(m.Kind), Modification: change})
		}
		err = c.conn.Modify(request)
	case Delete:
		err = c.conn.Del(ldap.NewDelRequest(o.DN, nil))
	case Rename:
		err = c.conn.ModifyDN(ldap.NewModifyDNRequest(o.DN, o.NewRDN, o.DeleteOldRDN, o.NewSuperior))
	case Compare:
		var same bool
		same, err = c.conn.Compare(o.DN, o.Attribute, o.Value)
		r.code = CompareFalse
		if same {
			r.code = CompareTrue
		}
	case Bind:
		_, err = c.second.SimpleBind(&ldap.SimpleBindRequest{Username: o.DN, Password: o.Value, AllowEmptyPassword: true})
	case Search:
		request := ldap.NewSearchRequest(o.DN, int(o.Scope), ldap.NeverDerefAliases, o.SizeLimit, 0, o.TypesOnly,
			o.Filter.String(), o.Selection, nil)
		var result *ldap.SearchResult
		result, err = c.conn.Search(request)
		if result != nil {
			for _, e := range result.Entries {
				r.entries = append(r.entries, seen{e.DN, e.Attributes})
			}
		}
	}
	if err == nil {
		return r, nil
	}
	var refused *ldap.Error
	if !errors.As(err, &refused) || refused.ResultCode >= ldap.ErrorNetwork && refused.ResultCode <= ldap.ErrorEmptyPassword {
		return r, fmt.Errorf("%s: %w", o, err)
	}
	r.code, r.matched = int(refused.ResultCode), refused.MatchedDN
	return r, nil
}

// clear deletes everything below base and makes base anew.
func (c *client) clear(tb testing.TB, base Operation) {
	tb.Helper()
	everything := Filter{Kind: Present, Attribute: "objectClass"}
	r, err := c.do(Operation{Kind: Search, DN: base.DN, Scope: ScopeSubtree, Filter: everything, Selection: []string{"1.1"}})
	if err != nil {
		tb.Fatal(err)
	}
	slices.SortFunc(r.entries, func(a, b seen) int { return depth(b.dn) - depth(a.dn) })
	for _, e := range r.entries {
		if deleted, err := c.do(Operation{Kind: Delete, DN: e.dn}); err != nil || deleted.code != Success {
			tb.Fatalf("clear %q: result %d, %v", e.dn, deleted.code, err)
		}
	}
	if made, err := c.do(base); err != nil || made.code != Success {
		tb.Fatalf("%s: result %d, %v", base, made.code, err)
	}
}

// depth is the number of RDNs of a name that a server wrote.
func depth(dn string) int {
	n := 1
	for rest, more := dn, true; more; n++ {
		_, rest, more = cutUnescaped(rest, ',')
	}
	return n
}

// String is the answer in short.
func (r reply) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "result %d", r.code)
	if r.matched != "" {
		fmt.Fprintf(&b, ", matched %q", r.matched)
	}
	for _, e := range r.entries {
		fmt.Fprintf(&b, "\n    %s", e.dn)
		for _, a := range e.attributes {
			fmt.Fprintf(&b, "\n        %s %q", a.Name, a.Values)
		}
	}
	return b.String()
}

// String is the answer in short.
func (a Answer) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "result %d", a.Code)
	if a.MatchedDN != "" {
		fmt.Fprintf(&b, ", matched %q", a.MatchedDN)
	}
	for _, f := range a.Entries {
		fmt.Fprintf(&b, "\n    %s", f.Key)
		for _, name := range slices.Sorted(keys(f.Attributes)) {
			fmt.Fprintf(&b, "\n        %s %q", name, f.Attributes[name])
		}
	}
	return b.String()
}

func keys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}
