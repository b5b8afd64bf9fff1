package server

import (
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// handleCompare is RFC 4511 4.10.
func (c *conn) handleCompare() error {
	var q wire.CompareRequest
	if err := q.Decode(c.msg.Body); err != nil {
		return err
	}
	k, err := c.readControls(inCompare)
	if err != nil {
		return err
	}
	if err := c.mayCopy(&k, q.DN); err != nil {
		return err
	}
	s := c.srv.Schema
	key, err := c.names.AppendDNKey(s, nil, q.DN)
	if err != nil {
		return schema.Refuse(schema.InvalidDNSyntax, "invalid DN")
	}
	if c.virtualView(key) == nil {
		if err := c.session.rights.knows(key); err != nil {
			return err
		}
	}
	f, err := c.compareFilter(&q, key)
	if err != nil {
		return err
	}
	var assert *schema.Filter
	if k.asserted {
		if assert, err = c.assertionFilter(k.assertion, key); err != nil {
			return err
		}
	}
	c.waitWrites()
	r := schema.Refuse(schema.CompareFalse, "")
	err = c.entry(key, q.DN, k.manageDsaIT, func(v *schema.View) error {
		if assert != nil && assert.Match(s, v) != schema.True {
			return schema.Refuse(schema.AssertionFailed, "")
		}
		if f.Match(s, v) == schema.True {
			r.Code = schema.CompareTrue
			return nil
		}
		f.Nodes[0].Kind = schema.FilterPresent
		if f.Match(s, v) != schema.True {
			return schema.Refuse(schema.NoSuchAttribute, "")
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.answer(wire.TagCompareResponse, r, nil)
	return nil
}

// compareFilter puts the assertion of a compare into an equality filter; what
// could not be evaluated is refused, where a search would find nothing.
func (c *conn) compareFilter(q *wire.CompareRequest, key []byte) (*schema.Filter, error) {
	d, err := c.srv.Schema.ParseDescription(q.Attr)
	if err != nil || d.Type == nil {
		return nil, schema.Refuse(schema.UndefinedAttributeType, "attribute type is undefined")
	}
	if d.Type.Equality == nil {
		return nil, schema.Refuse(schema.InappropriateMatching, "attribute type has no equality matching rule")
	}
	if c.session.rights.least(key, d.Type) < RightCompare {
		return nil, schema.Refuse(schema.InsufficientAccessRights, "the access rules do not allow this comparison")
	}
	f := &schema.Filter{Nodes: []schema.FilterNode{{Kind: schema.FilterEquality, End: 1, Attr: q.Attr, Value: q.Value}}}
	f.Resolve(c.srv.Schema, nil)
	if f.Nodes[0].Undefined {
		return nil, schema.Refuse(schema.InvalidAttributeSyntax, "value is invalid for the attribute's syntax")
	}
	return f, nil
}

// entry calls f with one entry: the root DSE, the subschema, one of the log of
// changes or one of the store's. A referral entry is itself only with ManageDsaIT.
func (c *conn) entry(key, dn []byte, manageDsaIT bool, f func(*schema.View) error) error {
	if v := c.virtualView(key); v != nil {
		return f(v)
	}
	if c.inChangeLog(key) && c.session.seesAll() {
		return c.logEntryAt(key, dn, f)
	}
	return c.srv.Store.Target(key, dn, manageDsaIT, f)
}
