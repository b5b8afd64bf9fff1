package main

import (
	"slices"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/schema"
)

// versionDN is the entry below which each failover group has its own.
const versionDN = "o=v1"

// writers are the entries that may write: those of the configuration. If the
// store has none of them, its data is that of a group of another name, come from
// the primary or out of a dump: then the UT Admin entries of the groups that
// there are.
func (d *daemon) writers(store *backend.Served, s *schema.Schema) []string {
	there := func(dn string) bool {
		key, err := s.AppendDNKey(nil, []byte(dn))
		return err == nil && store.Get(key, func(*schema.View) error { return nil }) == nil
	}
	if len(d.conf.Writers) == 0 || slices.ContainsFunc(d.conf.Writers, there) {
		return d.conf.Writers
	}
	base, err := s.AppendDNKey(nil, []byte(versionDN+","+d.conf.Suffix))
	if err != nil {
		return d.conf.Writers
	}
	all := &schema.Filter{Nodes: []schema.FilterNode{{Kind: schema.FilterPresent, End: 1, Attr: []byte("objectClass")}}}
	all.Resolve(s, nil)
	var groups names
	q := schema.Search{Base: base, Scope: schema.ScopeOne, Filter: all, ManageDsaIT: true}
	for !q.Resume.Done {
		if err := store.Search(&q, &groups); err != nil {
			return d.conf.Writers
		}
	}
	found := slices.Clone(d.conf.Writers)
	for _, g := range groups {
		if dn := "cn=utadmin," + g; there(dn) {
			found = append(found, dn)
		}
	}
	return found
}

// names collects the names of what a search finds.
type names []string

// Entry implements schema.Receiver.
func (n *names) Entry(v *schema.View) schema.Next {
	*n = append(*n, string(v.DN))
	return schema.Continue
}

// Reference implements schema.Receiver.
func (n *names) Reference(*schema.View, schema.Scope) schema.Next { return schema.Continue }
