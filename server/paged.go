package server

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// page is the state of a paged search (RFC 2696) between two requests. The
// search itself waits, without a transaction, in conn.paged under its cookie,
// which is good for one use on this connection.
type page struct {
	size    int
	sent    int    // entries of this page
	request []byte // the search request, which must come again unchanged
	cookie  string

	// An entry that was found behind a full page waits here: only then is it
	// known that there is a next page, and no client gets an empty last one.
	holds          bool
	heldDN, heldAt []byte // its name and encoded attributes
}

// newPage begins a paged search; a page size of 0 asks for everything, as no
// page size makes sense then.
func (c *conn) newPage(k *controls) *page {
	return &page{size: int(k.pagedSize), request: bytes.Clone(c.msg.Body)}
}

// resumePaged finds the search that a cookie stands for. Nothing and no error
// means that the request begins a new one.
func (c *conn) resumePaged(k *controls) (*searchOp, error) {
	if len(k.pagedCookie) == 0 {
		return nil, nil
	}
	c.mu.Lock()
	op := c.paged[string(k.pagedCookie)]
	delete(c.paged, string(k.pagedCookie))
	c.mu.Unlock()
	if op == nil {
		return nil, schema.Refuse(schema.UnwillingToPerform, "paged results cookie is invalid or old")
	}
	p := op.page
	if !bytes.Equal(p.request, c.msg.Body) {
		return nil, schema.Refuse(schema.UnwillingToPerform, "paged results cookie belongs to another search")
	}
	p.size, p.sent, p.cookie = int(k.pagedSize), 0, ""
	op.id, op.began = c.msg.ID, c.began
	if p.size == 0 { // the client wants no more (RFC 2696 3)
		op.query.Resume.Done, p.holds = true, false
		if op.sort != nil {
			op.sort.drop()
		}
	}
	return op, nil
}

// full tells whether the page has as many entries as were asked for.
func (p *page) full() bool { return p.size > 0 && p.sent >= p.size }

// hold keeps the first entry of the next page.
func (op *searchOp) hold(v *schema.View) {
	p := op.page
	p.holds, p.heldDN = true, append(p.heldDN[:0], v.DN...)
	p.heldAt = op.show.appendAttributes(p.heldAt[:0], op.conn.srv.Schema, v)
}

// release puts the entry that was held into the answer.
func (op *searchOp) release() {
	if p := op.page; p != nil && p.holds {
		p.holds = false
		op.appendEncoded(p.heldDN, p.heldAt)
	}
}

// pageDone tells whether the page is full and another one follows.
func (op *searchOp) pageDone() bool { return op.page != nil && op.page.holds }

// endPage makes the response control, with a cookie if there is a next page.
func (op *searchOp) endPage(ok bool, controls []byte) []byte {
	more := ok && (op.page.holds || (op.sort != nil && op.sort.left() > 0))
	var value wire.PagedResults
	if more {
		c := op.conn
		c.mu.Lock()
		c.lastPage++
		value.Cookie = binary.BigEndian.AppendUint64(nil, c.lastPage)
		c.mu.Unlock()
		op.page.cookie = string(value.Cookie)
	}
	return wire.AppendControl(controls, oidPaged, false, value.Append(nil))
}

// kept tells whether the search waits for the request of its next page.
func (op *searchOp) kept() bool { return op.page != nil && op.page.cookie != "" }

// keepPage puts the search away under its cookie. A client that leaves
// searches unfinished loses the oldest: their memory is bounded.
func (c *conn) keepPage(op *searchOp) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paged == nil {
		c.paged = map[string]*searchOp{}
	}
	if len(c.paged) >= maxPaged {
		delete(c.paged, slices.Min(slices.Collect(maps.Keys(c.paged))))
	}
	c.paged[op.page.cookie] = op
}

// dropPages forgets the searches that wait for a next page: they belong to the
// session that began them.
func (c *conn) dropPages() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paged = nil
}
