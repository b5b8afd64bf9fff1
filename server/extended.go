package server

import (
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/password"
	"github.com/sunray-ds/utdsd/server/wire"
)

// handleExtended is RFC 4511 4.12: a switch over the operations that are
// served.
func (c *conn) handleExtended() error {
	var q wire.ExtendedRequest
	if err := q.Decode(c.msg.Body); err != nil {
		return err
	}
	if c.session.version < 3 {
		return schema.Refuse(schema.ProtocolError, "extended operations need LDAPv3")
	}
	if _, err := c.readControls(inExtended); err != nil {
		return err
	}
	switch string(q.Name) {
	case oidWhoAmI:
		return c.whoAmI(&q)
	case oidCancel:
		return c.cancelOperation(q.Value)
	case oidStartTLS:
		return c.startTLS(&q)
	case oidPassword:
		return c.passwordModify(&q)
	case OIDHoldState:
		return c.holdState(&q)
	}
	if f := c.srv.Extensions[string(q.Name)]; f != nil {
		return c.beginExtension(f, &q)
	}
	return schema.Refuse(schema.ProtocolError, "unsupported extended operation")
}

func (c *conn) extendedDone(value []byte, hasValue bool) {
	c.buf = wire.AppendExtendedResponse(c.buf, c.msg.ID, &schema.Result{}, "", value, hasValue, nil)
	c.srv.metrics.observe(opExtended, schema.Success, c.took())
}

// whoAmI is RFC 4532: the authorization identity, empty if anonymous.
func (c *conn) whoAmI(q *wire.ExtendedRequest) error {
	if q.HasValue {
		return schema.Refuse(schema.ProtocolError, "Who am I? takes no value")
	}
	c.extendedDone([]byte(c.session.authzID()), true)
	return nil
}

// startTLS is RFC 4511 4.14. Bytes that came in clear text behind the request
// are a protocol fault, never parsed as if they had come protected.
func (c *conn) startTLS(q *wire.ExtendedRequest) error {
	switch {
	case q.HasValue:
		return schema.Refuse(schema.ProtocolError, "StartTLS takes no value")
	case c.session.tls:
		return schema.Refuse(schema.OperationsError, "TLS is already started")
	case c.srv.TLS == nil:
		return schema.Refuse(schema.ProtocolError, "StartTLS is not available: the server has no certificate")
	}
	if c.owes() {
		return schema.Refuse(schema.OperationsError, "StartTLS while operations are in flight")
	}
	if c.read < len(c.in) {
		c.notice(schema.ProtocolError, "data in clear text behind StartTLS")
		return errClosed
	}
	c.waitAll() // no earlier answer may get in between the messages of TLS
	c.out.drain()
	c.buf = wire.AppendExtendedResponse(c.buf, c.msg.ID, &schema.Result{}, oidStartTLS, nil, false, nil)
	c.srv.metrics.observe(opExtended, schema.Success, c.took())
	c.dropPages()
	if err := c.flush(); err != nil {
		return err
	}
	return c.handshake()
}

// passwordModify is RFC 3062. An administrator may set any password; nobody
// else may write, not even the own one.
func (c *conn) passwordModify(q *wire.ExtendedRequest) error {
	var p wire.PasswordModify
	if err := p.Decode(q.Value); err != nil {
		return err
	}
	if !c.session.bound() {
		return schema.Refuse(schema.StrongerAuthRequired, "only authenticated users may change passwords")
	}
	target := p.UserIdentity
	if target == nil {
		target = []byte(c.session.dn)
	} else if len(target) > 3 && (string(target[:3]) == "dn:") {
		target = target[3:]
	}
	key, err := c.srv.Schema.AppendDNKey(nil, target)
	if err != nil {
		return schema.Refuse(schema.InvalidDNSyntax, "invalid DN of the user")
	}
	if url := c.srv.referral(); url != "" {
		return c.srv.referTo(url, string(target))
	}
	if r := c.srv.fence(); r != nil {
		return r
	}
	change := &schema.Change{
		Kind: schema.ChangeModify, DN: string(target), Actor: c.session.dn, Password: true,
		Mods: []schema.Modification{{Op: schema.ModReplace, Attr: "userPassword"}},
	}
	if err := c.admit(change, key); err != nil {
		return err
	}
	if string(key) == string(c.srv.adminKey) {
		return schema.Refuse(schema.UnwillingToPerform, "the password of the root DN is kept in the server's configuration")
	}
	if p.OldPassword != nil {
		dn, err := c.authenticate(key, p.OldPassword)
		if err != nil {
			return err
		}
		if dn == "" {
			return schema.Refuse(schema.UnwillingToPerform, "unwilling to verify old password")
		}
	}
	return c.setPassword(change, &p)
}

// setPassword queues the change; the answer carries the password that was
// generated, if none was given.
func (c *conn) setPassword(change *schema.Change, p *wire.PasswordModify) error {
	clear := p.NewPassword
	var value []byte
	if clear == nil {
		clear = password.Generate()
		value = wire.AppendGeneratedPassword(nil, clear)
	} else if len(clear) == 0 {
		return schema.Refuse(schema.UnwillingToPerform, "the new password is empty")
	}
	hash, err := password.Hash(c.srv.PasswordScheme, clear)
	if err != nil {
		return err
	}
	change.Mods[0].Values = [][]byte{hash}
	c.queue(&update{
		kind:   opExtended,
		change: change,
		encode: func(dst []byte, id int32, r *schema.Result, _ []byte) []byte {
			show := value != nil && r.Code == schema.Success
			return wire.AppendExtendedResponse(dst, id, r, "", value, show, nil)
		},
	})
	return nil
}
