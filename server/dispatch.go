package server

import (
	"errors"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// handle runs one request; an error ends the connection. Each request but
// Unbind and Abandon gets exactly one final answer: here, or from the
// operation that it began.
func (c *conn) handle(frame []byte) error {
	err := c.msg.Decode(frame)
	if errors.Is(err, wire.ErrFatal) {
		return err
	}
	op := c.msg.Op
	switch op {
	case wire.TagUnbindRequest:
		return errClosed
	case wire.TagAbandonRequest:
		c.abandon()
		c.srv.metrics.observe(opAbandon, schema.Success, c.took())
		return nil
	case wire.TagBindRequest:
		c.beginBind()
	}
	response, known := responseTag(op)
	if !known {
		c.notice(schema.ProtocolError, "unknown operation")
		return errClosed
	}
	if c.msg.ID == 0 && op != wire.TagExtendedRequest {
		// RFC 4511 4.1.1.1 keeps 0 for unsolicited notifications, so that a
		// notification is the only answer there can be. But Erlang's client
		// numbers its StartTLS so, and OpenLDAP answers it.
		c.notice(schema.ProtocolError, "message ID 0 is reserved")
		return errClosed
	}
	if err == nil {
		err = c.checkMessageID()
	}
	if err == nil {
		err = c.run(op, frame)
	}
	if errors.Is(err, wire.ErrFatal) || errors.Is(err, errClosed) {
		return err
	}
	if err != nil {
		c.answer(response, c.resultOf(err), nil)
	}
	return nil
}

// run decodes and runs an operation. An error is answered by the caller; nil
// means that the operation has answered or will.
func (c *conn) run(op byte, frame []byte) error {
	switch op {
	case wire.TagSearchRequest:
		return c.handleSearch(frame)
	case wire.TagBindRequest:
		return c.handleBind()
	case wire.TagCompareRequest:
		return c.handleCompare()
	case wire.TagExtendedRequest:
		return c.handleExtended()
	}
	return c.handleUpdate(op, frame)
}

// responseTag is the tag of the final answer to a request.
func responseTag(op byte) (byte, bool) {
	switch op {
	case wire.TagBindRequest:
		return wire.TagBindResponse, true
	case wire.TagSearchRequest:
		return wire.TagSearchResultDone, true
	case wire.TagModifyRequest:
		return wire.TagModifyResponse, true
	case wire.TagAddRequest:
		return wire.TagAddResponse, true
	case wire.TagDelRequest:
		return wire.TagDelResponse, true
	case wire.TagModifyDNRequest:
		return wire.TagModifyDNResponse, true
	case wire.TagCompareRequest:
		return wire.TagCompareResponse, true
	case wire.TagExtendedRequest:
		return wire.TagExtendedResponse, true
	}
	return 0, false
}

// checkMessageID refuses an ID whose operation is not answered yet.
func (c *conn) checkMessageID() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inFlight[c.msg.ID] != nil || c.canceling(c.msg.ID) {
		return schema.Refuse(schema.ProtocolError, "the message ID is in use by an operation in flight")
	}
	return nil
}

// resultOf turns any error of an operation into what the client may see.
func (c *conn) resultOf(err error) *schema.Result {
	var r *schema.Result
	switch {
	case errors.As(err, &r):
		return c.session.rights.discreet(c.srv.Schema, r)
	case errors.Is(err, wire.ErrTooManyControls):
		return schema.Refuse(schema.UnwillingToPerform, "too many controls")
	case errors.Is(err, wire.ErrLimit):
		return schema.Refuse(schema.AdminLimitExceeded, "the request is larger than the server's limits allow")
	case errors.Is(err, wire.ErrProtocol):
		return schema.Refuse(schema.ProtocolError, "the request is malformed")
	}
	c.srv.metrics.internal.Inc()
	c.srv.Log.Error("an operation failed", "peer", c.raw.RemoteAddr().String(), "error", err)
	return schema.Refuse(schema.Other, "internal error; the server's log has the reason")
}

// answer buffers a final answer that is a plain LDAPResult.
func (c *conn) answer(response byte, r *schema.Result, controls []byte) {
	c.buf = wire.AppendResult(c.buf, c.msg.ID, response, forVersion(c.session.version, r), controls)
	c.srv.metrics.observe(kindOf(response), r.Code, c.took())
}

// took is the time that the operation at hand took; it has been answered now.
func (c *conn) took() time.Duration {
	c.ready = c.srv.Clock()
	return c.ready.Sub(c.began)
}

// forVersion gives a referral to an LDAPv2 client in the form that such
// clients know: result 9 and the URLs in the text, as OpenLDAP does.
func forVersion(version int, r *schema.Result) *schema.Result {
	if version >= 3 || len(r.Referrals) == 0 {
		return r
	}
	v2 := *r
	v2.Referrals = nil
	if v2.Code == schema.ReferralResult || v2.Code == schema.Success {
		v2.Code = schema.PartialResults
	}
	if v2.Diagnostic != "" {
		v2.Diagnostic += "\n"
	}
	v2.Diagnostic += "Referral:"
	for _, u := range r.Referrals {
		v2.Diagnostic += "\n" + u
	}
	return &v2
}
