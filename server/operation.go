package server

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// operation is one request that is answered later: a write in the store's
// queue or a search with a goroutine of its own. It goes through begin,
// answered and end, in this order.
type operation struct {
	id      int32
	write   bool
	cancel  context.CancelFunc
	quit    context.CancelCauseFunc // of an operation that does not end by itself; else nil
	ended   atomic.Bool             // abandoned or canceled: the search stops
	abandon atomic.Bool             // abandoned: no answer at all

	// The Cancel request that waits for this operation, 0 if none. Guarded by
	// conn.mu.
	canceler    int32
	cancelBegan time.Time
}

// begin registers an operation. It waits while the connection has as many as
// it may, which stops reading from it.
func (c *conn) begin(op *operation) {
	limit := c.srv.Limits.UnboundOps
	if c.session.bound() {
		limit = c.srv.Limits.BoundOps
	}
	c.waitIdle(func() bool { return c.running < limit })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight[op.id] = op
	c.running++
	if op.write {
		c.writes++
	}
	if op.quit != nil {
		c.endless++
	}
}

// answered is called right before the final answer is handed over: from then
// on the client may use the message ID again.
func (c *conn) answered(op *operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.release(op)
}

func (c *conn) release(op *operation) {
	if c.inFlight[op.id] != op {
		return
	}
	delete(c.inFlight, op.id)
	if op.quit != nil {
		c.endless--
	}
}

// end is called once the final answer is handed over. It answers the Cancel
// that waits for the operation, if any: success if the operation was stopped,
// tooLate if it had done its work.
func (c *conn) end(op *operation, stopped bool) {
	c.mu.Lock()
	c.release(op)
	canceler := op.canceler
	c.mu.Unlock()
	if canceler != 0 {
		r := &schema.Result{}
		if !stopped {
			r = schema.Refuse(schema.TooLate, "the operation could not be canceled any more")
		}
		c.srv.metrics.observe(opExtended, r.Code, c.srv.Clock().Sub(op.cancelBegan))
		c.out.post(func(dst []byte) []byte {
			return wire.AppendExtendedResponse(dst, canceler, r, "", nil, false, nil)
		})
	}
	c.mu.Lock()
	c.running--
	if op.write {
		c.writes--
	}
	c.idle.Broadcast()
	c.mu.Unlock()
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
	_ = c.flush() // a failure shows at the next use of the connection
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

// waitAll waits until everything begun so far is answered.
func (c *conn) waitAll() {
	c.waitIdle(func() bool { return c.running == 0 })
}

// busy tells whether an operation has not come to its end.
func (c *conn) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running > 0
}

// owes tells whether a request is not answered yet.
func (c *conn) owes() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.inFlight) > 0
}

// stopSearches ends what runs for a client that is gone. Writes in the queue
// go on: the client sent them and may have left on purpose.
func (c *conn) stopSearches() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, op := range c.inFlight {
		if !op.write {
			op.stop()
		}
	}
}

// quitEndless ends what would not end by itself, with an answer.
func (c *conn) quitEndless(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, op := range c.inFlight {
		if op.quit != nil {
			op.quit(why)
		}
	}
}

// stop ends an operation without an answer.
func (op *operation) stop() {
	op.abandon.Store(true)
	op.ended.Store(true)
	op.cancel()
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
		op.stop()
	}
}

// cancelOperation is the Cancel extended operation (RFC 3909): both the
// operation and the Cancel are answered, the latter by end.
func (c *conn) cancelOperation(value []byte) error {
	id, err := wire.DecodeCancel(value)
	if err != nil {
		return schema.Refuse(schema.ProtocolError, "the value of the Cancel request is malformed")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	op := c.inFlight[id]
	switch {
	case id == c.msg.ID || c.canceling(id):
		return schema.Refuse(schema.CannotCancel, "a Cancel operation cannot be canceled")
	case op == nil:
		return schema.Refuse(schema.NoSuchOperation, "no such operation is in flight")
	case op.canceler != 0 || op.abandon.Load():
		return schema.Refuse(schema.CannotCancel, "the operation is being stopped already")
	}
	op.canceler, op.cancelBegan = c.msg.ID, c.began
	op.ended.Store(true)
	op.cancel()
	return nil
}

// canceling tells whether id is that of a Cancel that waits; c.mu is held.
func (c *conn) canceling(id int32) bool {
	for _, op := range c.inFlight {
		if op.canceler == id {
			return true
		}
	}
	return false
}
