package server

import (
	"context"
	"sync/atomic"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// operation is one request that is answered later: a write in the store's
// queue or a search with a goroutine of its own.
type operation struct {
	id      int32
	write   bool
	cancel  context.CancelFunc
	ended   atomic.Bool // abandoned or canceled: no further answer but a result 118
	abandon atomic.Bool // abandoned: no answer at all

	canceler int32 // message ID of the Cancel request that waits for it; 0: none. Guarded by conn.mu
}

// begin registers an operation. It waits while the connection has as many in
// flight as it may, which stops reading from it.
func (c *conn) begin(op *operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	limit := c.srv.Limits.UnboundOps
	if c.session.bound() {
		limit = c.srv.Limits.BoundOps
	}
	for len(c.inFlight) >= limit {
		c.idle.Wait()
	}
	c.inFlight[op.id] = op
	if op.write {
		c.writes++
	}
}

// end takes an operation out and answers the Cancel that waits for it, if any:
// success if the operation was stopped, tooLate if it had done its work.
func (c *conn) end(op *operation, stopped bool) {
	c.mu.Lock()
	delete(c.inFlight, op.id)
	if op.write {
		c.writes--
	}
	canceler := op.canceler
	c.idle.Broadcast()
	c.mu.Unlock()
	if canceler == 0 {
		return
	}
	r := schema.Result{}
	if !stopped {
		r = *schema.Refuse(schema.TooLate, "the operation could not be canceled any more")
	}
	c.out.post(func(dst []byte) []byte {
		return wire.AppendExtendedResponse(dst, canceler, &r, "", nil, false, nil)
	})
}

// waitIdle waits until ok, which is asked with c.mu held. What this goroutine
// has buffered is sent first, so that nobody waits for it meanwhile.
func (c *conn) waitIdle(ok func() bool) {
	c.mu.Lock()
	if ok() {
		c.mu.Unlock()
		return
	}
	c.mu.Unlock()
	c.flush()
	c.mu.Lock()
	for !ok() {
		c.idle.Wait()
	}
	c.mu.Unlock()
}

// waitWrites makes a read see the connection's own earlier writes.
func (c *conn) waitWrites() {
	c.waitIdle(func() bool { return c.writes == 0 })
}

// abandonAll stops what still runs when the client is gone. Writes that wait
// in the queue go on: the client sent them and may have left on purpose.
func (c *conn) abandonAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, op := range c.inFlight {
		if !op.write {
			op.abandon.Store(true)
			op.ended.Store(true)
			op.cancel()
		}
	}
}

// abandon is RFC 4511 4.11: no answer, whatever happens.
func (c *conn) abandon() {
	var q wire.AbandonRequest
	if q.Decode(c.msg.Body) != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if op := c.inFlight[q.ID]; op != nil {
		op.abandon.Store(true)
		op.ended.Store(true)
		op.cancel()
	}
}

// cancelOperation is the Cancel extended operation (RFC 3909): both the
// operation and the Cancel are answered.
func (c *conn) cancelOperation(value []byte) *schema.Result {
	id, err := wire.DecodeCancel(value)
	if err != nil {
		return schema.Refuse(schema.ProtocolError, "the value of the Cancel request is malformed")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	op := c.inFlight[id]
	switch {
	case op == nil:
		return schema.Refuse(schema.NoSuchOperation, "no such operation is in flight")
	case op.canceler != 0 || op.abandon.Load():
		return schema.Refuse(schema.CannotCancel, "the operation is being stopped already")
	}
	op.canceler = c.msg.ID
	op.ended.Store(true)
	op.cancel()
	return nil
}
