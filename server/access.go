package server

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/sunray-ds/utdsd/schema"
)

// admit tells whether the session may make the change; the refusals are those
// of OpenLDAP. key is that of the target.
func (c *conn) admit(change *schema.Change, key []byte) error {
	g := c.session.rights
	if g.unlimited {
		return nil
	}
	s := c.srv.Schema
	ok := !c.session.member
	switch change.Kind {
	case schema.ChangeModify:
		for i := range change.Mods {
			d, _ := s.ParseDescription([]byte(change.Mods[i].Attr))
			ok = ok && g.on(key, d.Name) >= RightWrite
		}
	case schema.ChangeAdd:
		ok = g.on(key, "") >= RightWrite
		for i := range change.Attributes {
			d, _ := s.ParseDescription([]byte(change.Attributes[i].Attr))
			ok = ok && g.on(key, d.Name) >= RightWrite
		}
	case schema.ChangeDelete:
		ok = g.on(key, "") >= RightWrite
	case schema.ChangeModifyDN:
		ok = g.on(key, "") >= RightWrite && c.admitNewName(change, key)
	}
	switch {
	case ok:
		return nil
	case !c.session.bound():
		return schema.Refuse(schema.StrongerAuthRequired, "modifications require authentication")
	}
	return schema.Refuse(schema.InsufficientAccessRights, "the access rules do not allow this change")
}

// admitNewName checks the right to write where a renamed entry will be. A name
// that is no DN is left to the store to refuse.
func (c *conn) admitNewName(change *schema.Change, key []byte) bool {
	s := c.srv.Schema
	to := schema.KeyParent(key)
	if change.HasNewSuperior {
		var err error
		if to, err = s.AppendDNKey(nil, []byte(change.NewSuperior)); err != nil {
			return true
		}
	}
	rdn, err := s.ParseDN([]byte(change.NewRDN))
	if err != nil || len(rdn) != 1 {
		return true
	}
	at := bytes.Clone(to)
	if len(at) > 0 {
		at = append(at, 0)
	}
	return c.session.rights.on(s.AppendRDNKey(at, rdn[0]), "") >= RightWrite
}

// hides tells Filter.Resolve which attribute types the session may not ask
// about in any entry.
func (g *rights) hides(t *schema.AttributeType) bool {
	return g.uniform && g.least(nil, t) < RightSearch
}

// least is the right to a type together with its subtypes, which belong to it
// in a filter, a compare and a sort key.
func (g *rights) least(key []byte, t *schema.AttributeType) Right {
	if g.unlimited {
		return RightWrite
	}
	r := RightWrite
	for _, sub := range t.Subtypes {
		r = min(r, g.on(key, sub.Name))
	}
	return r
}

// restrict makes those items of a resolved filter Undefined that ask about
// attributes of all types, if there is one that may not be asked about.
func (g *rights) restrict(f *schema.Filter) {
	for i := range f.Nodes {
		if n := &f.Nodes[i]; g.partial && n.Kind == schema.FilterExtensible && len(n.Attr) == 0 {
			n.Undefined = true
		}
	}
}

// discreet takes the name of an entry out of r that the session may not know.
func (g *rights) discreet(s *schema.Schema, r *schema.Result) *schema.Result {
	if r.MatchedDN == "" || g.unlimited {
		return r
	}
	if key, err := s.AppendDNKey(nil, []byte(r.MatchedDN)); err == nil && g.knows(key) == nil {
		return r
	}
	out := *r
	out.MatchedDN = ""
	return &out
}

// shows tells whether the session may have an entry that matches f: the entry
// must be readable and, where rights differ from entry to entry, the filter
// must match without the attributes that may not be asked about in this one.
func (g *rights) shows(s *schema.Schema, f *schema.Filter, v *schema.View) bool {
	if g.unlimited {
		return true
	}
	if g.on(v.Key, "") < RightRead {
		return false
	}
	if g.uniform {
		return true
	}
	return f.MatchHiding(s, v, func(t *schema.AttributeType) bool { return g.least(v.Key, t) < RightSearch }) == schema.True
}

// knows refuses a base or target of which the session may not even know that
// it is there, as if it were not (RFC 4511 4.1.9 appendix A.2).
func (g *rights) knows(key []byte) error {
	if g.unlimited || g.on(key, "") >= RightCompare {
		return nil
	}
	return schema.Refuse(schema.NoSuchObject, "")
}

// isWriter tells whether the entry or root DN with this key is one of the
// administrators.
func (s *Server) isWriter(key []byte) bool {
	if s.adminKey != nil && bytes.Equal(s.adminKey, key) {
		return true
	}
	return slices.ContainsFunc(*s.writers.Load(), func(k []byte) bool { return bytes.Equal(k, key) })
}

// SetWriters changes Options.Writers. It counts for whoever binds from now on.
func (s *Server) SetWriters(names []string) error {
	keys := make([][]byte, 0, len(names))
	for _, dn := range names {
		key, err := s.Schema.AppendDNKey(nil, []byte(dn))
		if err != nil {
			return fmt.Errorf("server: name of an administrator %q: %w", dn, err)
		}
		keys = append(keys, key)
	}
	s.writers.Store(&keys)
	return nil
}

// referral is the URL of the server that takes writes, "" if this one does.
func (s *Server) referral() string {
	if s.Referral == nil {
		return ""
	}
	return s.Referral()
}

// fence is why no updates are taken now, nil if they are.
func (s *Server) fence() *schema.Result {
	if s.Fence == nil {
		return nil
	}
	return s.Fence()
}

// referTo makes the referral for an operation on dn (RFC 4511 4.1.10): the URL
// of the same entry on the server that takes writes.
func (s *Server) referTo(url, dn string) *schema.Result {
	if dn != "" {
		url += "/" + schema.EscapeURL(dn)
	}
	return &schema.Result{Code: schema.ReferralResult, Referrals: []string{url}}
}
