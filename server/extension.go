package server

import (
	"context"
	"errors"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// Extension is an extended operation (RFC 4511 4.12) that another part of the
// program serves. It gets the value of the request, nil if there is none, and
// gives that of the answer. It runs in a goroutine of its own and may take its
// time; ctx ends when the client or the server wants an end of it. Who may call
// it is for the Extension to decide. An error is a *schema.Result, or internal.
type Extension func(ctx context.Context, caller Caller, value []byte) ([]byte, error)

// Caller is who asks for an Extension.
type Caller struct {
	Local  bool   // on the local socket: root, or the user that the server runs as
	Admin  bool   // is bound as one of the administrators
	Member bool   // is bound as a member of the failover group
	Peer   string // address of the client
}

// ownExtension tells whether the server itself serves the operation.
func ownExtension(oid string) bool {
	switch oid {
	case oidWhoAmI, oidCancel, oidStartTLS, oidPassword, OIDHoldState:
		return true
	}
	return false
}

// beginExtension starts the operation; like any read, it sees the connection's
// earlier writes.
func (c *conn) beginExtension(f Extension, q *wire.ExtendedRequest) error {
	c.waitWrites()
	who := Caller{
		Local: c.session.peer.trusted, Admin: c.session.writer && !c.session.member, Member: c.session.member,
		Peer: c.raw.RemoteAddr().String(),
	}
	var value []byte
	if q.HasValue {
		value = append([]byte{}, q.Value...)
	}
	ctx, cancel := context.WithCancel(c.leaving)
	op := &operation{id: c.msg.ID, cancel: cancel}
	began := c.began
	c.begin(op)
	go c.extension(ctx, op, began, func() ([]byte, error) { return f(ctx, who, value) })
	return nil
}

// extension runs in the goroutine of the operation.
func (c *conn) extension(ctx context.Context, op *operation, began time.Time, run func() ([]byte, error)) {
	stopped := false
	defer func() { c.end(op, stopped) }()
	defer c.recovered("extended operation")
	defer op.cancel()
	value, err := run()
	r := c.extensionResult(ctx, op, err)
	stopped = r.Code == schema.Canceled
	c.answered(op)
	c.srv.metrics.observe(opExtended, r.Code, c.srv.Clock().Sub(began))
	if op.abandon.Load() {
		return
	}
	has := value != nil && r.Code == schema.Success
	_ = c.out.write(wire.AppendExtendedResponse(nil, op.id, r, "", value, has, nil)) // a failure has closed the connection
}

// extensionResult tells how the operation ended; if it did not want to, who
// ended it.
func (c *conn) extensionResult(ctx context.Context, op *operation, err error) *schema.Result {
	var r *schema.Result
	switch {
	case err == nil:
		return &schema.Result{}
	case op.ended.Load():
		return schema.Refuse(schema.Canceled, "the operation was canceled")
	case errors.As(err, &r):
		return c.resultOf(err)
	case c.leaving.Err() != nil:
		return schema.Refuse(schema.Unavailable, context.Cause(ctx).Error())
	}
	return c.resultOf(err)
}
