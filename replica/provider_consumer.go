package replica

// A session of a consumer of RFC 4533 that is not of our group: an OpenLDAP
// slapd, or any program that wants to follow some part of the data.

import (
	"context"
	"errors"
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// consumption is such a session.
type consumption struct {
	*feed
	has     contents
	rid     int           // that it calls itself, -1 if it does not
	persist bool          // the refresh stage is over
	deleted []schema.UUID // of the refresh stage, not sent yet
}

func (f *feed) serveConsumer(ctx context.Context) (schema.SyncDone, error) {
	f.again = schema.SyncRefreshRequired // RFC 4533 3.8
	c := &consumption{feed: f, rid: -1}
	done, err := c.refresh(ctx)
	if err != nil || f.q.Mode == schema.SyncRefreshOnly {
		return done, err
	}
	info := wire.SyncInfoValue{Choice: wire.SyncInfoRefreshPresent, Cookie: done.Cookie, RefreshDone: true}
	if done.RefreshDeletes {
		info.Choice = wire.SyncInfoRefreshDelete
	}
	c.inform(&info)
	c.persist = true
	for err == nil {
		if err = f.yield(ctx, true); err == nil { // no state is held for it
			err = c.follow(ctx)
		}
	}
	return schema.SyncDone{}, err
}

// inform sends a Sync Info message.
func (c *consumption) inform(info *wire.SyncInfoValue) {
	c.buf = info.Append(c.buf[:0])
	c.out.Intermediate(wire.OIDSyncInfo, c.buf)
	c.told(len(c.buf))
}

// refresh is the refresh stage: what has changed since the cookie, or all that
// there is.
func (c *consumption) refresh(ctx context.Context) (done schema.SyncDone, err error) {
	st, err := c.p.o.Source.Hold()
	if err != nil {
		return done, err
	}
	defer st.Release()
	ctx, stop := c.hurry(ctx)
	defer stop()
	cookie, usable, err := c.cookie(st)
	if err != nil {
		return done, err
	}
	c.rid = cookie.RID
	c.sent = schema.Position{Seq: cookie.Position.Seq}
	done.RefreshDeletes = usable && st.Position().Seq-c.sent.Seq <= c.p.o.MaxChanges
	if done.RefreshDeletes {
		if err = c.delta(ctx, st); errors.Is(err, errLog) { // nothing was sent
			c.p.o.Log.Error("the log of changes cannot be read: a consumer gets the whole content", "peer", c.q.Peer, "error", err)
			done.RefreshDeletes = false
		}
	}
	switch {
	case !done.RefreshDeletes:
		err = c.everything(ctx, st)
	case err == nil && c.q.Mode != schema.SyncRefreshOnly:
		err = c.learn(ctx, st)
	}
	c.sent = st.Position()
	done.Cookie = c.name(st)
	return done, err
}

// name is the cookie of a state.
func (c *consumption) name(st State) string {
	return Cookie{RID: c.rid, CSN: st.ContextCSN(), Position: st.Position()}.String()
}

// cookie reads what the consumer has. If it is usable, Position.Seq is the last
// change that the consumer has, and the changelog goes on from there. A cookie
// that is not usable is an error only for a consumer that wants it to be one
// (RFC 4533 3.8); an empty one, or one without a state, is never.
func (c *consumption) cookie(st State) (cookie Cookie, usable bool, err error) {
	cookie = Cookie{RID: -1}
	if c.q.Cookie == "" {
		return cookie, false, nil
	}
	cookie, err = ParseCookie(c.q.Cookie)
	switch {
	case err != nil:
	case cookie.Position.Epoch != "":
		switch Decide(c.p.offer(st), &MemberHello{Position: cookie.Position}) {
		case UpToDate, Stream:
			return cookie, true, nil
		}
	case cookie.CSN != "":
		var ok bool
		if cookie.Position.Seq, ok = st.SeqOfCSN(cookie.CSN); ok {
			return cookie, true, nil
		}
	default:
		return cookie, false, nil
	}
	if c.q.Mode == schema.SyncRefreshOnly && !c.q.ReloadHint {
		return cookie, false, schema.Refuse(schema.SyncRefreshRequired, "the changelog does not reach back to the state of this cookie")
	}
	return cookie, false, nil
}

// everything sends the whole content, for a refresh with a present phase: what
// the consumer has and is not sent is no more (RFC 4533 3.3.2).
func (c *consumption) everything(ctx context.Context, st State) error {
	c.has.kind = just
	if c.whole {
		c.has.kind = allBut
	}
	err := c.search(ctx, st, c.content(), func(v *schema.View) { c.has.put(v.UUID, c.show(v, schema.SyncAdd)) })
	var r *schema.Result
	if errors.As(err, &r) && r.Code == schema.NoSuchObject && c.q.Cookie != "" {
		return nil // the base is gone, and with it all that the consumer had
	}
	return err
}

// learn finds out what a consumer has that came with a cookie and has been sent
// the difference.
func (c *consumption) learn(ctx context.Context, st State) error {
	if c.whole {
		c.has.kind = allBut
		return nil
	}
	c.has.kind = just
	err := c.search(ctx, st, c.content(), func(v *schema.View) { c.has.put(v.UUID, true) })
	var r *schema.Result
	if errors.As(err, &r) && r.Code == schema.NoSuchObject {
		return nil
	}
	return err
}

// follow waits for the next changes and tells them. The caller flushes.
func (c *consumption) follow(ctx context.Context) error {
	st, err := c.changed(ctx, nil)
	if err != nil {
		return err
	}
	defer st.Release()
	ctx, stop := c.hurry(ctx)
	defer stop()
	if st.Position().Seq-c.sent.Seq > c.p.o.MaxChanges {
		return c.comeBack("too much has changed at once: connect again")
	}
	if err := c.delta(ctx, st); err != nil {
		return err
	}
	c.sent = st.Position()
	c.inform(&wire.SyncInfoValue{Choice: wire.SyncInfoNewCookie, Cookie: c.name(st)})
	return nil
}

// delta sends the entries that changed after c.sent.
func (c *consumption) delta(ctx context.Context, st State) error {
	from, to := c.sent.Seq+1, st.Position().Seq
	if from > to {
		return nil
	}
	col := newCollector(to - c.sent.Seq)
	err := st.Changes(from, func(rec schema.ChangeRecord) bool {
		col.add(&rec)
		return true
	})
	if err != nil {
		return fmt.Errorf("%w: %w", errLog, err)
	}
	d := &difference{consumption: c, collector: col, st: st}
	if col.moves {
		err = d.ordered(ctx)
	} else {
		err = d.plain(ctx)
	}
	if err != nil {
		return err
	}
	c.flushDeleted()
	return c.yield(ctx, false)
}

// gone tells that an entry left. In the refresh stage the UUIDs are collected
// to be sent at once.
func (c *consumption) gone(id schema.UUID, dn string) {
	c.has.put(id, false)
	if c.persist {
		c.out.Gone(dn, id, "")
		c.told(len(dn) + 100)
		return
	}
	if c.deleted = append(c.deleted, id); len(c.deleted) == idSetSize {
		c.flushDeleted()
	}
}

// flushDeleted sends the collected UUIDs; it is called before anything else is
// sent. The entries below come first among them, and last in the message:
// OpenLDAP's consumer works through a set from its end.
func (c *consumption) flushDeleted() {
	if len(c.deleted) == 0 {
		return
	}
	for i, j := 0, len(c.deleted)-1; i < j; i, j = i+1, j-1 {
		c.deleted[i], c.deleted[j] = c.deleted[j], c.deleted[i]
	}
	c.inform(&wire.SyncInfoValue{Choice: wire.SyncInfoIDSet, RefreshDeletes: true, UUIDs: c.deleted})
	c.deleted = c.deleted[:0]
}

// tell sends an entry as it is now; one that may not be seen leaves if the
// consumer has it. dn is the name under which the consumer has it.
func (c *consumption) tell(v *schema.View, has bool, dn string) {
	c.flushDeleted()
	state := schema.SyncAdd
	if has && c.has.kind != notKnown {
		state = schema.SyncModify
	}
	switch shown := c.show(v, state); {
	case shown:
		c.has.put(v.UUID, true)
	case has:
		c.gone(v.UUID, dn)
	default:
		c.has.put(v.UUID, false)
	}
}
