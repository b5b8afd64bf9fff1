package server

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/sunray-ds/utdsd/schema"
)

// Right is what one may do with an attribute or an entry. Each includes those
// below it.
type Right uint8

// The rights, from nothing to everything.
const (
	RightNone Right = iota
	RightCompare
	RightSearch // the attribute may be asked about in filters
	RightRead
	RightWrite
)

var rightNames = [...]string{"none", "compare", "search", "read", "write"}

// AccessRule gives a right. Of all rules that fit who asks and what is asked
// for, the first decides; what no rule fits is refused. The root DN may do
// everything, whatever the rules say.
type AccessRule struct {
	// Who: anyone, anonymous, users (everyone who is bound), writers
	// (Options.Writers), self (the entry's own identity), dn=NAME or
	// subtree=NAME.
	Who string
	// Subtree is the DN at and below which the rule holds; "" is everywhere.
	Subtree string
	// Attributes are the types that the rule is about, with their subtypes;
	// none means all, and the entry as such.
	Attributes []string
	Right      string // none, compare, search, read or write
}

// DefaultAccess is the access of the original: everyone reads all but
// passwords, only the two administrators write.
func DefaultAccess() []AccessRule {
	return []AccessRule{
		{Who: "writers", Right: "write"},
		{Who: "anyone", Attributes: []string{"userPassword"}, Right: "none"},
		{Who: "anyone", Right: "read"},
	}
}

// rule is a compiled AccessRule.
type rule struct {
	who     string
	name    []byte // key of dn= and subtree=
	subtree []byte // key; nil is everywhere
	types   []*schema.AttributeType
	right   Right
}

func compileAccess(s *schema.Schema, list []AccessRule) ([]rule, error) {
	out := make([]rule, 0, len(list))
	for i, a := range list {
		r, err := compileRule(s, a)
		if err != nil {
			return nil, fmt.Errorf("access rule %d: %w", i+1, err)
		}
		out = append(out, r)
	}
	return out, nil
}

func compileRule(s *schema.Schema, a AccessRule) (r rule, err error) {
	kind, name, named := strings.Cut(a.Who, "=")
	switch kind {
	case "anyone", "anonymous", "users", "writers", "self":
		if named {
			return r, fmt.Errorf("who %q takes no name", kind)
		}
	case "dn", "subtree":
		if r.name, err = s.AppendDNKey(nil, []byte(name)); err != nil || len(r.name) == 0 {
			return r, fmt.Errorf("who %q has no valid name", a.Who)
		}
	default:
		return r, fmt.Errorf("unknown who %q (anyone, anonymous, users, writers, self, dn=NAME or subtree=NAME)", a.Who)
	}
	r.who = kind
	if r.subtree, err = s.AppendDNKey(nil, []byte(a.Subtree)); err != nil {
		return r, fmt.Errorf("subtree %q: %w", a.Subtree, err)
	}
	for _, name := range a.Attributes {
		t := s.AttributeType([]byte(name))
		if t == nil {
			return r, fmt.Errorf("unknown attribute type %q", name)
		}
		r.types = append(r.types, t.Subtypes...)
	}
	for i, name := range rightNames {
		if name == a.Right {
			r.right = Right(i)
			return r, nil
		}
	}
	return r, fmt.Errorf("unknown right %q (none, compare, search, read or write)", a.Right)
}

// fits tells whether the rule is about this identity. self depends on the
// entry and is decided by covers.
func (r *rule) fits(key []byte, writer bool) bool {
	switch r.who {
	case "anonymous":
		return key == nil
	case "users", "self":
		return key != nil
	case "writers":
		return writer
	case "dn":
		return bytes.Equal(r.name, key)
	case "subtree":
		return bytes.Equal(r.name, key) || schema.KeyUnder(key, r.name)
	}
	return true
}

// rights are the rules that concern one identity.
type rights struct {
	key   []byte // of the identity; nil is anonymous
	rules []rule
	// uniform: no rule depends on the entry, so one look suffices for all.
	uniform bool
	// unlimited: the first rule grants write on everything.
	unlimited bool
	// partial: an attribute type other than passwords, which no filter on all
	// types looks at, may not be asked about somewhere.
	partial bool
}

// sharedRights are the rights of all who bind, where no rule is about one of them or
// about some: of those who read and of those who write.
type sharedRights struct{ readers, writers *rights }

// shareRights compiles the rules for them; nil if somebody is named in one.
func shareRights(rules []rule) *sharedRights {
	for i := range rules {
		if who := rules[i].who; who == "self" || who == "dn" || who == "subtree" {
			return nil
		}
	}
	return &sharedRights{readers: compileRights(rules, []byte{}, false), writers: compileRights(rules, []byte{}, true)}
}

// rightsOf are the rights of an identity.
func (s *Server) rightsOf(key []byte, writer bool) *rights {
	switch {
	case key != nil && bytes.Equal(key, s.adminKey):
		return s.root
	case key != nil && s.shared != nil && writer:
		return s.shared.writers
	case key != nil && s.shared != nil:
		return s.shared.readers
	}
	return compileRights(s.access, key, writer)
}

// compileRights picks the rules that are about an identity.
func compileRights(rules []rule, key []byte, writer bool) *rights {
	g := &rights{key: key, uniform: true}
	for _, r := range rules {
		if r.fits(key, writer) {
			g.rules = append(g.rules, r)
			g.uniform = g.uniform && len(r.subtree) == 0 && r.who != "self"
			for _, t := range r.types {
				g.partial = g.partial || (r.right < RightSearch && !t.Secret)
			}
		}
	}
	if len(g.rules) > 0 {
		r := &g.rules[0]
		g.unlimited = r.right == RightWrite && len(r.subtree) == 0 && r.types == nil && r.who != "self"
	}
	return g
}

// fullRights are the rights of the root DN.
func fullRights() *rights {
	return &rights{rules: []rule{{who: "anyone", right: RightWrite}}, uniform: true, unlimited: true}
}

// memberRights are the rights of a member of the failover group, whose copy must
// be exact.
func memberRights() *rights {
	return &rights{rules: []rule{{who: "anyone", right: RightRead}}, uniform: true}
}

// on is the right to the attribute type with this canonical name in the entry
// with this key; name "" is the entry as such.
func (g *rights) on(key []byte, name string) Right { return g.onStored(key, []byte(name)) }

// onStored is on for a stored attribute description. It allocates nothing.
func (g *rights) onStored(key, desc []byte) Right {
	if i := bytes.IndexByte(desc, ';'); i >= 0 {
		desc = desc[:i]
	}
	for i := range g.rules {
		r := &g.rules[i]
		if r.covers(g.key, key) && r.names(desc) {
			return r.right
		}
	}
	return RightNone
}

func (r *rule) covers(who, key []byte) bool {
	if r.who == "self" && !bytes.Equal(who, key) {
		return false
	}
	return len(r.subtree) == 0 || bytes.Equal(r.subtree, key) || schema.KeyUnder(key, r.subtree)
}

func (r *rule) names(desc []byte) bool {
	if r.types == nil {
		return true
	}
	for _, t := range r.types {
		if t.Name == string(desc) {
			return true
		}
	}
	return false
}
