// update.go: the requests that change the tree (RFC 4511 4.6 to 4.9).

package wire

import (
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
)

// MaxValues is how many values, attributes and modifications together one add
// or modify may have.
const MaxValues = 10000

// ModifyRequest is one modify (RFC 4511 4.6). Mods is new memory with each
// Decode, because a change outlives the request; the values in it point into
// the body.
type ModifyRequest struct {
	Limits *Limits // kept by Decode
	DN     []byte
	Mods   []schema.Modification
}

// Decode reads the body of a modify request.
func (q *ModifyRequest) Decode(body []byte) error {
	*q = ModifyRequest{Limits: q.Limits}
	r := reader{rest: body, limits: q.Limits}
	q.DN = r.octets()
	list := r.within(ber.TagSequence)
	room := r.max().Values
	mods := make([]schema.Modification, 0, take(&list, &room))
	for list.more() {
		change := list.within(ber.TagSequence)
		op := schema.ModOp(change.enumerated(int64(schema.ModIncrement)))
		attr, values := partialAttribute(&change, &room)
		if err := change.end(); err != nil {
			return err
		}
		mods = append(mods, schema.Modification{Op: op, Attr: attr, Values: values})
	}
	if list.err != nil {
		return list.err
	}
	q.Mods = mods
	return r.end()
}

// AddRequest is one add (RFC 4511 4.7). Attributes is new memory with each
// Decode; the values in it point into the body.
type AddRequest struct {
	Limits     *Limits // kept by Decode
	DN         []byte
	Attributes []schema.RawAttribute
}

// Decode reads the body of an add request.
func (q *AddRequest) Decode(body []byte) error {
	*q = AddRequest{Limits: q.Limits}
	r := reader{rest: body, limits: q.Limits}
	q.DN = r.octets()
	list := r.within(ber.TagSequence)
	room := r.max().Values
	attributes := make([]schema.RawAttribute, 0, take(&list, &room))
	for list.more() {
		attr, values := partialAttribute(&list, &room)
		if list.err == nil && len(values) == 0 {
			list.fail(errNoValues) // Attribute has SIZE (1..MAX)
			break
		}
		attributes = append(attributes, schema.RawAttribute{Attr: attr, Values: values})
	}
	if list.err != nil {
		return list.err
	}
	q.Attributes = attributes
	return r.end()
}

// take counts the elements of list against room and returns their number; too
// many are ErrTooManyValues and nothing is allocated for them.
func take(list *reader, room *int) int {
	n := list.count(*room)
	if n > *room {
		list.fail(ErrTooManyValues)
		return 0
	}
	*room -= n
	return n
}

// partialAttribute takes a PartialAttribute off r.
func partialAttribute(r *reader, room *int) (attr string, values [][]byte) {
	a := r.within(ber.TagSequence)
	attr = string(a.octets())
	set := a.within(ber.TagSet)
	if n := take(&set, room); n > 0 {
		values = make([][]byte, 0, n)
	}
	for set.more() {
		values = append(values, set.octets())
	}
	if set.err != nil {
		a.fail(set.err)
	}
	if err := a.end(); err != nil {
		r.fail(err)
	}
	return attr, values
}

// DeleteRequest is one delete (RFC 4511 4.8): the body is the name.
type DeleteRequest struct {
	DN []byte
}

// Decode reads the body of a delete request.
func (q *DeleteRequest) Decode(body []byte) error {
	q.DN = body
	return nil
}

// ModifyDNRequest is one modify DN (RFC 4511 4.9).
type ModifyDNRequest struct {
	DN, NewRDN, NewSuperior []byte
	DeleteOldRDN            bool
	HasNewSuperior          bool // an empty NewSuperior is the root
}

// Decode reads the body of a modify DN request.
func (q *ModifyDNRequest) Decode(body []byte) error {
	*q = ModifyDNRequest{}
	r := reader{rest: body}
	q.DN, q.NewRDN = r.octets(), r.octets()
	q.DeleteOldRDN = r.boolean(ber.TagBoolean)
	if r.at(0x80) {
		q.NewSuperior, q.HasNewSuperior = r.element(0x80), true
	}
	return r.end()
}
