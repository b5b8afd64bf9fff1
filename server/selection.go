package server

import (
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server/wire"
)

// selection is which attributes and values of an entry an answer shows
// (RFC 4511 4.5.1.8, RFC 3673, RFC 4529, RFC 3876). It is reused.
type selection struct {
	user, operational bool // all of them
	names             []schema.AttributeDescription
	typesOnly         bool
	stored            bool          // "+" is for what is stored, not for what is computed
	rights            *rights       // what may be shown
	matched           matchedValues // nil shows all values
	scratch           []byte
}

// parse reads a list of attribute descriptions as a client sent it. What the
// schema does not know is asked for by its name, since an import may have
// brought such attributes; what is no description at all is ignored.
func (p *selection) parse(s *schema.Schema, list [][]byte, typesOnly bool, g *rights) {
	*p = selection{names: p.names[:0], scratch: p.scratch[:0], typesOnly: typesOnly, rights: g}
	if len(list) == 0 {
		p.user = true
		return
	}
	for _, name := range list {
		switch {
		case string(name) == "*":
			p.user = true
		case string(name) == "+":
			p.operational = true
		case string(name) == "1.1" || len(name) == 0:
		case name[0] == '@':
			p.class(s, name[1:])
		default:
			if d, err := s.ParseDescription(name); err == nil {
				p.names = append(p.names, d)
			}
		}
	}
}

// class adds all attributes of an object class (RFC 4529).
func (p *selection) class(s *schema.Schema, name []byte) {
	c := s.ObjectClass(name)
	if c == nil {
		return
	}
	if c.Name == "extensibleObject" {
		p.user = true
	}
	for _, list := range [2][]*schema.AttributeType{c.Must, c.May} {
		for _, t := range list {
			p.names = append(p.names, schema.AttributeDescription{Type: t, Name: t.Name})
		}
	}
}

func (p *selection) named(desc []byte) bool {
	for i := range p.names {
		if p.names[i].Covers(desc) {
			return true
		}
	}
	return false
}

// all tells that what is shown of an entry are just its user attributes.
func (p *selection) all() bool {
	return p.user && !p.operational && len(p.names) == 0 && p.whole() && p.rights.unlimited
}

// whole tells that attributes are shown with all of their values.
func (p *selection) whole() bool { return !p.typesOnly && p.matched == nil }

// appendAttributes appends what is shown of v: stored attributes as they are
// wherever they are shown whole.
func (p *selection) appendAttributes(dst []byte, s *schema.Schema, v *schema.View) []byte {
	whole := p.rights.unlimited && p.whole()
	if p.user && whole {
		dst = append(dst, v.User...)
	} else if p.user || len(p.names) > 0 {
		dst = p.appendList(dst, s, v, v.User, p.user)
	}
	if p.operational && whole {
		dst = append(dst, v.Operational...)
	} else if p.operational || len(p.names) > 0 {
		dst = p.appendList(dst, s, v, v.Operational, p.operational)
	}
	if p.operational || len(p.names) > 0 {
		dst = p.appendComputed(dst, s, v)
	}
	return dst
}

func (p *selection) appendList(dst []byte, s *schema.Schema, v *schema.View, list []byte, all bool) []byte {
	for {
		a, rest, ok := schema.NextAttribute(list)
		if !ok {
			return dst
		}
		list = rest
		if !all && !p.named(a.Desc) {
			continue
		}
		if !p.rights.unlimited && p.rights.onStored(v.Key, a.Desc) < RightRead {
			continue
		}
		switch {
		case p.matched != nil:
			dst = p.appendMatched(dst, s, a)
		case p.typesOnly:
			dst = appendType(dst, a.Desc)
		default:
			dst = append(dst, a.Raw...)
		}
	}
}

// appendType appends an attribute without its values (typesOnly).
func appendType(dst, desc []byte) []byte {
	dst, m := ber.Begin(dst, ber.TagSequence)
	dst = ber.AppendBytes(dst, ber.TagOctetString, desc)
	dst = ber.AppendHeader(dst, ber.TagSet, 0)
	return ber.End(dst, m)
}

// appendComputed appends the attributes that are stored nowhere.
func (p *selection) appendComputed(dst []byte, s *schema.Schema, v *schema.View) []byte {
	for _, name := range schema.ComputedNames {
		if name == "" || ((!p.operational || p.stored) && !p.namedExactly(name)) || p.rights.on(v.Key, name) < RightRead {
			continue
		}
		value, ok := schema.AppendComputed(p.scratch[:0], v, name)
		p.scratch = value[:0]
		switch {
		case !ok, p.matched != nil && !p.matched.match(s, []byte(name), v, true):
		case p.typesOnly:
			dst = appendType(dst, []byte(name))
		default:
			dst = schema.AppendAttribute(dst, name, value)
		}
	}
	return dst
}

func (p *selection) namedExactly(name string) bool {
	for i := range p.names {
		if p.names[i].Name == name && p.names[i].Options == "" {
			return true
		}
	}
	return false
}

// appendReadEntry makes the value of a pre-read or post-read response control.
func (p *selection) appendReadEntry(dst []byte, s *schema.Schema, v *schema.View) []byte {
	dst, m := wire.BeginReadEntry(dst, v.DN)
	dst = p.appendAttributes(dst, s, v)
	return wire.EndReadEntry(dst, m)
}
