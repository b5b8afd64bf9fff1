package server

import (
	"bytes"
	"context"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// update is a change on its way through the store, with how to answer it.
type update struct {
	operation
	kind     opKind
	change   *schema.Change
	began    time.Time
	pre      *selection
	post     *selection
	encode   func(dst []byte, id int32, r *schema.Result, controls []byte) []byte
	response byte
}

// handleUpdate runs add, delete, modify and modify DN (RFC 4511 4.6 to 4.9):
// decode, look at controls and access, queue.
func (c *conn) handleUpdate(op byte, frame []byte) error {
	// The change outlives this call, so it gets its own copy of the message.
	if err := c.msg.Decode(bytes.Clone(frame)); err != nil {
		return err
	}
	u := &update{}
	u.response, _ = responseTag(op)
	u.kind = kindOf(u.response)
	change, in, err := decodeChange(op, c.msg.Body, c.srv.decoding)
	if err != nil {
		return err
	}
	u.change = change
	k, err := c.readControls(in)
	if err != nil {
		return err
	}
	key, err := c.admitUpdate(change)
	if err != nil {
		return err
	}
	if err := c.srv.hashPasswords(change); err != nil {
		return err
	}
	change.Actor, change.ManageDsaIT = c.session.dn, k.manageDsaIT
	if k.asserted {
		if change.Assertion, err = c.assertionFilter(k.assertion, key); err != nil {
			return err
		}
	}
	if u.pre, err = c.readEntrySelection(k.wantPre, k.preRead); err != nil {
		return err
	}
	if u.post, err = c.readEntrySelection(k.wantPost, k.postRead); err != nil {
		return err
	}
	change.WantPreRead, change.WantPostRead = u.pre != nil, u.post != nil
	c.queue(u)
	return nil
}

// decodeChange turns a request into a Change that owns what it points to.
func decodeChange(op byte, body []byte, limits *wire.Limits) (*schema.Change, operations, error) {
	switch op {
	case wire.TagAddRequest:
		q := wire.AddRequest{Limits: limits}
		err := q.Decode(body)
		return &schema.Change{Kind: schema.ChangeAdd, DN: string(q.DN), Attributes: q.Attributes}, inAdd, err
	case wire.TagModifyRequest:
		q := wire.ModifyRequest{Limits: limits}
		err := q.Decode(body)
		return &schema.Change{Kind: schema.ChangeModify, DN: string(q.DN), Mods: q.Mods}, inModify, err
	case wire.TagDelRequest:
		var q wire.DeleteRequest
		err := q.Decode(body)
		return &schema.Change{Kind: schema.ChangeDelete, DN: string(q.DN)}, inDelete, err
	}
	var q wire.ModifyDNRequest
	err := q.Decode(body)
	return &schema.Change{
		Kind: schema.ChangeModifyDN, DN: string(q.DN), NewRDN: string(q.NewRDN), DeleteOldRDN: q.DeleteOldRDN,
		HasNewSuperior: q.HasNewSuperior, NewSuperior: string(q.NewSuperior),
	}, inModifyDN, err
}

// admitUpdate decides, before the store hears of it, whether this server and
// this session change the entry at all. It gives the key of the target.
func (c *conn) admitUpdate(change *schema.Change) (key []byte, err error) {
	key, err = c.names.AppendDNKey(c.srv.Schema, nil, []byte(change.DN))
	if err != nil {
		return nil, schema.Refuse(schema.InvalidDNSyntax, "invalid DN")
	}
	if c.virtualView(key) != nil {
		if change.Kind == schema.ChangeAdd {
			return nil, schema.Refuse(schema.EntryAlreadyExists, "")
		}
		return nil, schema.Refuse(schema.UnwillingToPerform, "the root DSE and the subschema cannot be changed")
	}
	if c.inChangeLog(key) && c.session.seesAll() {
		return nil, schema.Refuse(schema.UnwillingToPerform, "the log of changes cannot be changed")
	}
	if url := c.srv.referral(); url != "" {
		return nil, c.srv.referTo(url, change.DN)
	}
	if r := c.srv.fence(); r != nil {
		return nil, r
	}
	return key, c.admit(change, key)
}

func (c *conn) readEntrySelection(want bool, value []byte) (*selection, error) {
	if !want {
		return nil, nil
	}
	list, err := wire.DecodeAttributeSelection(nil, value)
	if err != nil {
		return nil, badControl("read entry")
	}
	p := new(selection)
	p.parse(c.srv.Schema, list, false, c.session.rights)
	return p, nil
}

// queue hands the change to the store. The connection goes on reading; the
// answer is sent when the change is on disk.
func (c *conn) queue(u *update) {
	ctx, cancel := context.WithCancel(context.Background())
	u.id, u.write, u.cancel, u.began = c.msg.ID, true, cancel, c.began
	if u.encode == nil {
		u.encode = func(dst []byte, id int32, r *schema.Result, controls []byte) []byte {
			return wire.AppendResult(dst, id, u.response, r, controls)
		}
	}
	if c.out.crowded() {
		c.out.drain() // the client reads answers before it writes on
	}
	c.begin(&u.operation)
	version := c.session.version
	defer func() {
		if p := recover(); p != nil { // nobody will tell that the change is done
			c.end(&u.operation, false)
			panic(p)
		}
	}()
	c.srv.Store.Apply(ctx, u.change, func(d schema.ChangeDone) { c.updated(u, version, &d) })
}

// updated runs in a goroutine of the store and never waits.
func (c *conn) updated(u *update, version int, d *schema.ChangeDone) {
	defer func() { c.end(&u.operation, d.Result.Code == schema.Canceled) }()
	defer c.recovered("update")
	u.cancel()
	c.answered(&u.operation)
	c.srv.metrics.observe(u.kind, d.Result.Code, c.srv.Clock().Sub(u.began))
	if !u.abandon.Load() {
		r := forVersion(version, c.session.rights.discreet(c.srv.Schema, &d.Result))
		controls := c.readEntryControls(u, d)
		post := c.out.post
		if d.Few {
			post = c.out.postNow
		}
		post(func(dst []byte) []byte { return u.encode(dst, u.id, r, controls) })
	}
}

// readEntryControls encodes the answers to pre-read and post-read.
func (c *conn) readEntryControls(u *update, d *schema.ChangeDone) []byte {
	var out []byte
	if u.pre != nil && d.Pre != nil {
		out = wire.AppendControl(out, oidPreRead, false, u.pre.appendReadEntry(nil, c.srv.Schema, d.Pre))
	}
	if u.post != nil && d.Post != nil {
		out = wire.AppendControl(out, oidPostRead, false, u.post.appendReadEntry(nil, c.srv.Schema, d.Post))
	}
	return out
}
