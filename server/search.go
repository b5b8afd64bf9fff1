package server

import (
	"errors"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// searchOp is one search (RFC 4511 4.5) from request to SearchResultDone. It
// receives what the store finds and puts it into buf. A connection reuses one
// for all searches that end in their first slice; a search that does not is
// given away to a goroutine, together with the memory its request is in.
type searchOp struct {
	conn  *conn
	id    int32
	began time.Time

	req     wire.SearchRequest
	query   schema.Search
	base    []byte // memory of query.Base
	show    selection
	rights  *rights // of who asked
	asserts *schema.Filter
	sort    *sorter
	version int
	nothing bool       // only subentries are asked for, of which the store has none
	log     *logSearch // in cn=changelog; nil: in the store

	buf     []byte
	sent    int           // entries so far
	limit   int           // of entries; 0 is none
	allowed time.Duration // for this request or page; 0 is no limit
	page    *page         // nil: not paged
	urls    []string      // LDAPv2: references, told in the result
	over    bool          // the size limit, or that of sorting, was met
}

// handleSearch decodes a search and runs its first slice.
func (c *conn) handleSearch(frame []byte) error {
	op := c.search
	if op == nil {
		op = &searchOp{conn: c}
		op.req.Limits = c.srv.decoding
		c.search = op
	}
	if err := op.req.Decode(c.msg.Body); err != nil {
		return err
	}
	in := inSearch
	if c.srv.Syncer != nil && c.session.version >= 3 { // LDAPv2 knows no controls
		in |= inSync
	}
	k, err := c.readControls(in)
	if err != nil {
		return err
	}
	if err := c.mayCopy(&k, op.req.Base); err != nil {
		return err
	}
	c.waitWrites()
	if k.synced || k.watched || k.isMember {
		return c.beginSync(op, &k)
	}
	var p *page
	if k.paged {
		resumed, err := c.resumePaged(&k)
		if err != nil {
			return err
		}
		if resumed != nil {
			return c.firstSlice(resumed, nil)
		}
		p = c.newPage(&k)
	}
	return c.firstSlice(op, op.prepare(&k, p))
}

// mayCopy is RFC 6171: who must not get a copy is sent to the original.
func (c *conn) mayCopy(k *controls, dn []byte) error {
	if url := c.srv.referral(); k.noCopy && url != "" {
		return c.srv.referTo(url, string(dn))
	}
	return nil
}

// prepare resolves the request.
func (op *searchOp) prepare(k *controls, p *page) (err error) {
	c := op.conn
	s := c.srv.Schema
	op.id, op.began, op.version, op.nothing = c.msg.ID, c.began, c.session.version, k.subentries
	op.sent, op.over = 0, false
	op.page, op.asserts, op.sort, op.urls, op.rights, op.log = p, nil, nil, nil, c.session.rights, nil
	if op.base, err = c.names.AppendDNKey(s, op.base[:0], op.req.Base); err != nil {
		return schema.Refuse(schema.InvalidDNSyntax, "invalid DN")
	}
	inLog := c.inChangeLog(op.base) && c.session.seesAll()
	switch {
	case inLog:
		op.rights = c.srv.root
	case c.virtualView(op.base) != nil:
		op.rights = c.srv.root // what clients need to know before they ask for more
	default:
		if err := op.rights.knows(op.base); err != nil {
			return err
		}
	}
	op.req.Filter.Resolve(s, op.rights.hides)
	op.rights.restrict(&op.req.Filter)
	if inLog {
		op.log = c.newLogSearch(op)
	}
	q := &op.query
	q.Reset()
	q.Base, q.BaseDN, q.Scope, q.Deref = op.base, op.req.Base, op.req.Scope, op.req.Deref
	q.Filter, q.ManageDsaIT = &op.req.Filter, k.manageDsaIT
	op.show.parse(s, op.req.Attributes, op.req.TypesOnly, op.rights)
	if k.matchedOnly {
		if op.show.matched, err = decodeMatchedValues(s, k.matched); err != nil {
			return err
		}
	}
	if k.asserted {
		if op.asserts, err = c.assertionFilter(k.assertion, op.base); err != nil {
			return err
		}
	}
	if k.sorted {
		if err := op.prepareSort(k); err != nil {
			return err
		}
	}
	op.setLimits()
	return nil
}

// setLimits takes the smaller of what the client asked for and what the server
// allows. Administrators have no limits but their own.
func (op *searchOp) setLimits() {
	c := op.conn
	op.limit = int(op.req.SizeLimit)
	op.allowed = time.Duration(op.req.TimeLimit) * time.Second
	if !c.session.writer {
		if l := c.srv.Limits.SizeLimit; op.limit == 0 || op.limit > l {
			op.limit = l
		}
		if l := c.srv.Limits.TimeLimit; op.allowed == 0 || op.allowed > l {
			op.allowed = l
		}
	}
}

// late tells whether the time limit has passed.
func (op *searchOp) late() bool {
	return op.allowed > 0 && op.conn.srv.Clock().Sub(op.began) > op.allowed
}

// firstSlice runs the beginning of a search in the connection's goroutine,
// straight into its buffer, and gives the search away if that was not all.
// With err the search has failed already.
func (c *conn) firstSlice(op *searchOp, err error) error {
	done := err != nil
	if !done && op.asserts != nil {
		err = op.checkAssertion()
		done = err != nil
	}
	op.buf, c.buf = c.buf, nil
	op.release()
	most, buffers := op.query.Examined+inlineExamine, 1
	if op.page != nil { // nobody waits long behind it: the client has chosen its size
		most, buffers = op.query.Examined+inlinePage, inlineBuffers
	}
	for !done {
		op.query.Examine = most - op.query.Examined
		done, err = op.slice()
		if done || op.pageDone() {
			break
		}
		c.buf, op.buf = op.buf, nil
		if err := c.flush(); err != nil {
			return err
		}
		if buffers--; buffers == 0 || op.query.Examined >= most {
			c.giveAway(op)
			return nil
		}
		op.buf, c.buf = c.buf, nil
	}
	c.ready = op.finish(err)
	c.buf, op.buf = op.buf, nil
	if op.kept() {
		c.detach(op)
		c.keepPage(op)
	}
	return nil
}

// slice runs one slice; done tells that the search has ended.
func (op *searchOp) slice() (done bool, err error) {
	q := &op.query
	if !q.Resume.Done && !op.over {
		switch v := op.conn.virtualView(q.Base); {
		case v != nil:
			err = op.virtual(v)
		case op.nothing:
			q.Resume.Done = true
		case op.log != nil:
			err = op.log.slice(op)
		case q.Resume.Started:
			err = op.conn.srv.Store.Search(q, op)
		default: // in the connection's goroutine
			q.Resume.Generation = op.conn.generation
			err = op.conn.srv.Store.Search(q, op)
			op.conn.generation = q.Resume.Generation
		}
	}
	switch {
	case err != nil:
		return true, err
	case !q.Resume.Done && !op.over:
		return false, nil
	case op.sort != nil:
		return op.sort.emit(op), nil
	}
	return true, nil
}

// virtual answers from the root DSE or the subschema, which lie outside of the
// store and have nothing below them. The root DSE is in no other scope than its
// own (RFC 4512 5.1).
func (op *searchOp) virtual(v *schema.View) error {
	if len(op.query.Base) == 0 && op.query.Scope != schema.ScopeBase {
		return schema.Refuse(schema.NoSuchObject, "")
	}
	if op.query.Scope == schema.ScopeBase || op.query.Scope == schema.ScopeSub {
		if op.query.Filter.Match(op.conn.srv.Schema, v) == schema.True {
			op.Entry(v)
		}
	}
	op.query.Resume.Done = true
	return nil
}

// Entry takes a found entry: it goes into the answer as it is stored.
func (op *searchOp) Entry(v *schema.View) schema.Next {
	if !op.rights.shows(op.conn.srv.Schema, op.query.Filter, v) {
		return schema.Continue
	}
	if op.limit > 0 && op.sent >= op.limit {
		op.over = true
		return schema.Stop
	}
	if op.sort != nil && !op.sort.off {
		return op.sort.collect(op, v)
	}
	if op.page != nil && op.page.full() {
		op.hold(v)
		return schema.Pause
	}
	op.append(v)
	if len(op.buf) >= flushAt {
		return schema.Pause
	}
	return schema.Continue
}

// append encodes an entry behind what is already to be sent.
func (op *searchOp) append(v *schema.View) {
	if op.show.all() {
		op.appendEncoded(v.DN, v.User)
		return
	}
	dst, m := wire.BeginEntry(op.buf, op.id, v.DN)
	dst = op.show.appendAttributes(dst, op.conn.srv.Schema, v)
	op.buf = wire.EndEntry(dst, m, nil)
	op.count()
}

// appendEncoded is append for an entry whose attributes are encoded already.
func (op *searchOp) appendEncoded(dn, attributes []byte) {
	op.buf = wire.AppendEntry(op.buf, op.id, dn, attributes)
	op.count()
}

func (op *searchOp) count() {
	op.sent++
	if op.page != nil {
		op.page.sent++
	}
}

// Reference takes a referral entry in the scope (RFC 3296 5.2).
func (op *searchOp) Reference(v *schema.View, scope schema.Scope) schema.Next {
	urls := referenceURLs(v, scope)
	switch {
	case len(urls) == 0:
	case op.version < 3:
		op.urls = append(op.urls, urls...)
	default:
		op.buf = wire.AppendReference(op.buf, op.id, urls, nil)
	}
	return schema.Continue
}

// checkAssertion is RFC 4528 for a search: it concerns the base entry.
func (op *searchOp) checkAssertion() error {
	q := &op.query
	err := op.conn.entry(q.Base, q.BaseDN, q.ManageDsaIT, func(v *schema.View) error {
		if op.asserts.Match(op.conn.srv.Schema, v) != schema.True {
			return schema.Refuse(schema.AssertionFailed, "")
		}
		return nil
	})
	var r *schema.Result
	if errors.As(err, &r) && r.Code == schema.ReferralResult {
		return nil // the search gives the same referral, with its scope
	}
	return err
}

// finish appends SearchResultDone with its controls, and tells when that was.
func (op *searchOp) finish(err error) time.Time {
	r := &schema.Result{}
	switch {
	case err != nil:
		r = op.conn.resultOf(err)
	case op.over && op.sort != nil && op.sort.failed == schema.AdminLimitExceeded:
		r = schema.Refuse(schema.AdminLimitExceeded, "the answer is too large to be sorted")
	case op.over:
		r = schema.Refuse(schema.SizeLimitExceeded, "")
	case len(op.urls) > 0: // LDAPv2
		r = &schema.Result{Referrals: op.urls}
	}
	var controls []byte
	if op.sort != nil {
		controls = op.sort.appendResponse(controls)
	}
	if op.page != nil {
		controls = op.endPage(r.Code == schema.Success, controls)
	}
	op.buf = wire.AppendResult(op.buf, op.id, wire.TagSearchResultDone, forVersion(op.version, r), controls)
	end := op.conn.srv.Clock()
	op.conn.srv.metrics.observe(opSearch, r.Code, end.Sub(op.began))
	return end
}
