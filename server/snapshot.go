package server

import (
	"bytes"
	"context"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// OIDHoldState names an extended operation of our own, by which utldbmcat reads
// one state of the store out of its file while the server goes on.
//
// The request has no value. The server answers at once with an intermediate
// response (RFC 4511 4.13) of the same name, whose value says where in the file
// the state is; the operation goes on. Until it ends the pages of that state
// are not written over. The client ends it with Cancel (RFC 3909): only if that
// is answered by success were the pages left alone to the end. The server ends
// it by itself after MaxHold, when it is stopped, and with the connection; a
// crash needs no cleaning up.
//
// Nothing of the dump passes through the server, so that it costs other clients
// no more than any other process does; no second copy of the store is written; and
// how long the state is held depends on how fast the client reads, not on who reads
// the dump.
//
// It is for root and the server's own user on the local socket, who can read
// the file anyway.
const OIDHoldState = "2.25.262046548186107960548391494886628366679.3.1"

// MaxHold bounds how long a state is held: as long as it is, the file grows with
// every change.
const MaxHold = 10 * time.Minute

// Holder is a Store whose states can be held. Its errors are *schema.Result.
type Holder interface {
	// HoldState keeps the pages of the present state until release is called,
	// once. The description is for the program that reads them.
	HoldState() (description []byte, release func(), err error)
}

// holdState starts the operation.
func (c *conn) holdState(q *wire.ExtendedRequest) error {
	switch {
	case c.srv.Holder == nil:
		return schema.Refuse(schema.ProtocolError, "unsupported extended operation")
	case q.HasValue:
		return schema.Refuse(schema.ProtocolError, "the request takes no value")
	case !c.session.peer.trusted || c.srv.adminKey == nil || !bytes.Equal(c.session.key, c.srv.adminKey):
		return schema.Refuse(schema.InsufficientAccessRights, "this is for the administrator on the local socket")
	}
	description, release, err := c.srv.Holder.HoldState()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), MaxHold)
	op := &operation{id: c.msg.ID, cancel: cancel}
	c.buf = wire.AppendIntermediate(c.buf, op.id, OIDHoldState, description)
	c.begin(op)
	go c.hold(ctx, op, release, c.began)
	return nil
}

// hold waits for the end of the operation.
func (c *conn) hold(ctx context.Context, op *operation, release func(), began time.Time) {
	r := schema.Refuse(schema.Canceled, "")
	defer func() { c.end(op, r.Code == schema.Canceled) }()
	defer c.recovered("hold state")
	defer op.cancel()
	select {
	case <-ctx.Done():
		if !op.ended.Load() {
			r = schema.Refuse(schema.TimeLimitExceeded, "the state was held for too long")
		}
	case <-c.leaving.Done():
		r = schema.Refuse(schema.Unavailable, context.Cause(c.leaving).Error())
	}
	release()
	c.answered(op)
	c.srv.metrics.observe(opExtended, r.Code, c.srv.Clock().Sub(began))
	if !op.abandon.Load() {
		c.out.post(func(dst []byte) []byte {
			return wire.AppendExtendedResponse(dst, op.id, r, OIDHoldState, nil, false, nil)
		})
	}
}
