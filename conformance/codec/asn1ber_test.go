// asn1ber_test.go: messages as a reader on top of go-asn1-ber's tree takes them.

package codec_test

import (
	"errors"
	"fmt"

	ber "github.com/go-asn1-ber/asn1-ber"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// tree walks the children of a constructed packet and keeps the first error.
type tree struct {
	rest []*ber.Packet
	err  error
}

// tag is the first byte of a packet's encoding.
func tag(p *ber.Packet) byte { return byte(p.ClassType) | byte(p.TagType) | byte(p.Tag) }

func (t *tree) next() *ber.Packet {
	if t.err == nil && len(t.rest) == 0 {
		t.err = errors.New("an element is missing")
	}
	if t.err != nil {
		return &ber.Packet{}
	}
	p := t.rest[0]
	t.rest = t.rest[1:]
	return p
}

func (t *tree) at(want byte) bool { return t.err == nil && len(t.rest) > 0 && tag(t.rest[0]) == want }

// want takes the next child, which must have the tag.
func (t *tree) want(w byte) *ber.Packet {
	p := t.next()
	if t.err == nil && tag(p) != w {
		t.err = fmt.Errorf("element %#x instead of %#x", tag(p), w)
	}
	return p
}

func (t *tree) octets(w byte) []byte {
	if p := t.want(w); t.err == nil {
		return p.Data.Bytes()
	}
	return nil
}

func (t *tree) integer(w byte) int64 {
	v, err := ber.ParseInt64(t.octets(w))
	if t.err == nil {
		t.err = err
	}
	return v
}

func (t *tree) boolean(w byte) bool {
	b := t.octets(w)
	return len(b) > 0 && b[0] != 0
}

func (t *tree) list(w byte) *tree {
	p := t.want(w)
	return &tree{rest: p.Children, err: t.err}
}

// strings takes all children as octet strings of one tag.
func (t *tree) strings() (out [][]byte) {
	for t.err == nil && len(t.rest) > 0 {
		out = append(out, t.octets(0x04))
	}
	return out
}

func (t *tree) join(inner *tree) {
	if t.err == nil {
		t.err = inner.err
	}
}

func readASN1BER(pdu []byte) (*reading, error) {
	p, err := ber.DecodePacketErr(pdu)
	if err != nil {
		return nil, err
	}
	if tag(p) != 0x30 {
		return nil, errors.New("not a SEQUENCE")
	}
	t := &tree{rest: p.Children}
	out := &reading{ID: int32(t.integer(0x02))}
	op := t.next()
	out.Op = tag(op)
	if t.at(0xa0) {
		list := t.list(0xa0)
		for list.err == nil && len(list.rest) > 0 {
			c := list.list(0x30)
			control := wire.Control{OID: c.octets(0x04)}
			if c.at(0x01) {
				control.Critical = c.boolean(0x01)
			}
			if control.HasValue = c.at(0x04); control.HasValue {
				control.Value = c.octets(0x04)
			}
			list.join(c)
			out.Controls = append(out.Controls, control)
		}
		t.join(list)
	}
	if t.err != nil {
		return nil, t.err
	}
	body := &tree{rest: op.Children}
	if out.Request = treeRequest(out.Op, op, body); out.Request == nil && out.Op != wire.TagUnbindRequest {
		out.Request = treeResponse(out.Op, body)
	}
	return out, body.err
}

// treeRequest is nil for what is no request and for an unbind.
func treeRequest(op byte, p *ber.Packet, t *tree) any {
	switch op {
	case wire.TagDelRequest:
		return &wire.DeleteRequest{DN: p.Data.Bytes()}
	case wire.TagAbandonRequest:
		id, err := ber.ParseInt64(p.Data.Bytes())
		t.err = err
		return &wire.AbandonRequest{ID: int32(id)}
	case wire.TagBindRequest:
		q := &wire.BindRequest{Version: int(t.integer(0x02)), Name: t.octets(0x04)}
		auth := t.next()
		q.AuthTag = tag(auth)
		if q.AuthTag == wire.AuthSimple {
			q.Password = auth.Data.Bytes()
		}
		if q.AuthTag == wire.AuthSASL {
			sasl := &tree{rest: auth.Children}
			q.Mechanism = sasl.octets(0x04)
			if q.HasCredentials = sasl.at(0x04); q.HasCredentials {
				q.Credentials = sasl.octets(0x04)
			}
			t.join(sasl)
		}
		return q
	case wire.TagSearchRequest:
		return treeSearch(t)
	case wire.TagModifyRequest:
		q := &wire.ModifyRequest{DN: t.octets(0x04)}
		list := t.list(0x30)
		for list.err == nil && len(list.rest) > 0 {
			c := list.list(0x30)
			op, a := c.integer(0x0a), treeAttribute(c)
			q.Mods = append(q.Mods, schema.Modification{Op: schema.ModOp(op), Attr: a.Attr, Values: a.Values})
			list.join(c)
		}
		t.join(list)
		return q
	case wire.TagAddRequest:
		return &wire.AddRequest{DN: t.octets(0x04), Attributes: treeAttributes(t)}
	case wire.TagModifyDNRequest:
		q := &wire.ModifyDNRequest{DN: t.octets(0x04), NewRDN: t.octets(0x04), DeleteOldRDN: t.boolean(0x01)}
		if q.HasNewSuperior = t.at(0x80); q.HasNewSuperior {
			q.NewSuperior = t.octets(0x80)
		}
		return q
	case wire.TagCompareRequest:
		q := &wire.CompareRequest{DN: t.octets(0x04)}
		ava := t.list(0x30)
		q.Attr, q.Value = ava.octets(0x04), ava.octets(0x04)
		t.join(ava)
		return q
	case wire.TagExtendedRequest:
		q := &wire.ExtendedRequest{Name: t.octets(0x80)}
		if q.HasValue = t.at(0x81); q.HasValue {
			q.Value = t.octets(0x81)
		}
		return q
	}
	return nil
}

func treeSearch(t *tree) *wire.SearchRequest {
	q := &wire.SearchRequest{
		Base: t.octets(0x04), Scope: schema.Scope(t.integer(0x0a)), Deref: schema.Deref(t.integer(0x0a)),
		SizeLimit: int32(t.integer(0x02)), TimeLimit: int32(t.integer(0x02)), TypesOnly: t.boolean(0x01),
	}
	treeFilter(&q.Filter, t)
	list := t.list(0x30)
	q.Attributes = list.strings()
	t.join(list)
	return q
}

func treeFilter(f *schema.Filter, t *tree) {
	p := t.next()
	if t.err != nil {
		return
	}
	at := len(f.Nodes)
	n := schema.FilterNode{Kind: schema.FilterKind(p.Tag)}
	f.Nodes = append(f.Nodes, n)
	c := &tree{rest: p.Children}
	switch tag(p) {
	case 0xa0, 0xa1, 0xa2:
		for c.err == nil && len(c.rest) > 0 {
			treeFilter(f, c)
		}
	case 0x87:
		n.Attr = p.Data.Bytes()
	case 0xa4:
		n.Attr, n.PartsFrom = c.octets(0x04), int32(len(f.Parts))
		for _, part := range c.list(0x30).rest {
			f.Parts = append(f.Parts, schema.SubstringPart{At: schema.PartKind(part.Tag), Value: part.Data.Bytes()})
		}
		n.PartsTo = int32(len(f.Parts))
	case 0xa9:
		if c.at(0x81) {
			n.Rule = c.octets(0x81)
		}
		if c.at(0x82) {
			n.Attr = c.octets(0x82)
		}
		n.Value = c.octets(0x83)
		n.DN = c.at(0x84) && c.boolean(0x84)
	case 0xa3, 0xa5, 0xa6, 0xa8:
		n.Attr, n.Value = c.octets(0x04), c.octets(0x04)
	default:
		c.err = fmt.Errorf("filter choice %#x", tag(p))
	}
	t.join(c)
	n.End = int32(len(f.Nodes))
	f.Nodes[at] = n
}

func treeAttribute(t *tree) schema.RawAttribute {
	a := t.list(0x30)
	out := schema.RawAttribute{Attr: string(a.octets(0x04))}
	set := a.list(0x31)
	out.Values = set.strings()
	a.join(set)
	t.join(a)
	return out
}

func treeAttributes(t *tree) (out []schema.RawAttribute) {
	list := t.list(0x30)
	for list.err == nil && len(list.rest) > 0 {
		out = append(out, treeAttribute(list))
	}
	t.join(list)
	return out
}

func treeResponse(op byte, t *tree) any {
	p := &wiretest.Response{}
	text := func(list [][]byte) (out []string) {
		for _, v := range list {
			out = append(out, string(v))
		}
		return out
	}
	named := func(nameTag, valueTag byte) {
		if t.at(nameTag) {
			p.Name = string(t.octets(nameTag))
		}
		if p.HasValue = t.at(valueTag); p.HasValue {
			p.Value = t.octets(valueTag)
		}
	}
	switch op {
	case wire.TagSearchResultEntry:
		p.DN, p.Attributes = string(t.octets(0x04)), treeAttributes(t)
		return p
	case wire.TagSearchReference:
		p.Result.Referrals = text(t.strings())
		return p
	case wire.TagIntermediate:
		named(0x80, 0x81)
		return p
	}
	p.Result = schema.Result{Code: schema.ResultCode(t.integer(0x0a)), MatchedDN: string(t.octets(0x04)), Diagnostic: string(t.octets(0x04))}
	if t.at(0xa3) {
		list := t.list(0xa3)
		p.Result.Referrals = text(list.strings())
		t.join(list)
	}
	if p.HasCreds = t.at(0x87); p.HasCreds {
		p.Creds = t.octets(0x87)
	}
	named(0x8a, 0x8b)
	return p
}
