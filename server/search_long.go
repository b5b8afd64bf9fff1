package server

// Searches that are not over with their first slice.

import (
	"bytes"
	"context"

	"github.com/sunray-ds/utdsd/schema"
)

// giveAway lets the search go on in a goroutine of its own.
func (c *conn) giveAway(op *searchOp) {
	c.detach(op)
	ctx, cancel := context.WithCancel(context.Background())
	o := &operation{id: op.id, cancel: cancel}
	c.begin(o)
	go op.goOn(ctx, o)
}

// detach makes a search outlive the handling of its request. The request
// points into the connection's receive buffer, so that memory goes with it.
func (c *conn) detach(op *searchOp) {
	if c.search == op {
		c.search = nil
		c.in, c.read = bytes.Clone(c.in[c.read:]), 0
	}
}

// goOn runs the rest of a long search. Between slices no transaction is open,
// and what was found is sent, however slowly the client takes it.
func (op *searchOp) goOn(ctx context.Context, o *operation) {
	c := op.conn
	stopped := false
	defer func() { c.end(o, stopped) }()
	defer c.recovered("search")
	defer o.cancel()
	done, err := false, error(nil)
	for !done {
		switch {
		case o.ended.Load() || ctx.Err() != nil:
			stopped = true
			err, done = schema.Refuse(schema.Canceled, "the search was canceled"), true
		case op.late():
			err, done = schema.Refuse(schema.TimeLimitExceeded, ""), true
		default:
			op.query.Examine = sliceExamine
			done, err = op.slice()
			done = done || op.pageDone()
		}
		if !done && len(op.buf) > 0 && !o.ended.Load() {
			if c.out.write(op.buf) != nil {
				return
			}
			op.buf = op.buf[:0]
		}
	}
	c.answered(o)
	if o.abandon.Load() {
		return
	}
	op.finish(err)
	buf := op.buf
	op.buf = nil
	if op.kept() {
		c.keepPage(op) // from here on op belongs to whoever asks for the next page
	}
	_ = c.out.write(buf) // a failure has closed the connection
}
