package server

import (
	"context"
	"errors"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// Syncer knows what has changed since when. It serves searches with the Sync
// Request control (RFC 4533) and persistent searches.
type Syncer interface {
	// Sync sends to out what q asks for, and goes on with the changes to come
	// where that is asked for, until ctx ends. It is called in a goroutine of
	// its own, to which q belongs.
	//
	// It flushes out whenever that pauses, after a few hundred KiB of anything
	// else, and before it waits. The error of Flush is to be returned. Other
	// errors are *schema.Result, of which e-syncRefreshRequired is one, or
	// internal. What happened to ctx is known to the server: any error will do.
	Sync(ctx context.Context, q *schema.SyncRequest, out schema.SyncReceiver) (schema.SyncDone, error)
}

// errLate ends a search whose time is over.
var errLate = errors.New("time limit")

// beginSync starts a search for synchronization (RFC 4533) or a persistent
// search. Both go on in a goroutine of their own.
func (c *conn) beginSync(op *searchOp, k *controls) error {
	q, err := c.syncRequest(op, k)
	if err != nil {
		return err
	}
	k.sorted = false // not critical, as syncRequest has seen
	if err := op.prepare(k, nil); err != nil {
		return err
	}
	if op.log != nil || c.virtualView(op.base) != nil {
		if k.syncCritical {
			return schema.Refuse(schema.UnavailableCriticalExtension, "this entry is in no content that can be synchronized")
		}
		return c.firstSlice(op, nil)
	}
	if op.asserts != nil {
		if err := op.checkAssertion(); err != nil {
			return err
		}
	}
	op.show.stored = true
	if persists(q) {
		op.limit, op.allowed = 0, 0
		if err := c.mayPersist(); err != nil {
			return err
		}
	}
	c.runSync(op, q)
	return nil
}

// persists tells whether the search goes on until somebody ends it.
func persists(q *schema.SyncRequest) bool {
	return q.Watch != nil || q.Mode == schema.SyncRefreshAndPersist
}

// syncRequest decodes the controls. What does not go together is refused as
// OpenLDAP does.
func (c *conn) syncRequest(op *searchOp, k *controls) (*schema.SyncRequest, error) {
	q := &schema.SyncRequest{Search: &op.query, Peer: c.raw.RemoteAddr().String()}
	switch {
	case k.isMember && !c.session.member:
		return nil, schema.Refuse(schema.InsufficientAccessRights, "this is for members of the failover group")
	case k.synced == k.watched:
		return nil, schema.Refuse(schema.ProtocolError, "a search is either for synchronization or persistent")
	case k.paged:
		return nil, schema.Refuse(schema.ProtocolError, "a search for synchronization has no pages")
	case k.sorted && k.sortCritical:
		return nil, schema.Refuse(schema.UnavailableCriticalExtension, "a search for synchronization is not sorted")
	case k.subentries:
		return nil, schema.Refuse(schema.UnwillingToPerform, "there are no subentries to be synchronized")
	case op.req.Deref == schema.DerefSearching || op.req.Deref == schema.DerefAlways:
		return nil, schema.Refuse(schema.ProtocolError, "a search for synchronization does not follow aliases")
	}
	if k.watched {
		w, err := wire.DecodeWatch(k.watch)
		if err != nil {
			return nil, badControl("persistent search")
		}
		q.Watch = &w
		return q, nil
	}
	var v wire.SyncRequestValue
	if v.Decode(k.sync) != nil {
		return nil, badControl("sync request")
	}
	q.Mode, q.Cookie, q.ReloadHint = v.Mode, v.Cookie, v.ReloadHint
	if k.isMember {
		q.Member = append([]byte{}, k.member...) // nil is no member
	}
	return q, nil
}

// mayPersist refuses persistent searches of which a client, or all clients
// together, have too many: each keeps memory for as long as it lasts. It is
// taken back by the end of the search. Members are always served.
func (c *conn) mayPersist() error {
	limit := c.srv.Limits.UnboundOps
	if c.session.bound() {
		limit = c.srv.Limits.BoundOps
	}
	c.mu.Lock()
	many := c.endless >= max(limit/2, 1) // the others are kept free for what ends
	c.mu.Unlock()
	if many {
		return schema.Refuse(schema.AdminLimitExceeded, "too many persistent searches on this connection")
	}
	if c.session.writer {
		return nil
	}
	if c.srv.syncs.Add(1) > int64(c.srv.Limits.Persistent) {
		c.srv.syncs.Add(-1)
		return schema.Refuse(schema.Busy, "too many persistent searches on this server")
	}
	return nil
}

// runSync gives the search a goroutine, and the memory that its request is in.
func (c *conn) runSync(op *searchOp, q *schema.SyncRequest) {
	c.detach(op)
	ctx, quit := context.WithCancelCause(c.leaving)
	o := &operation{id: op.id, cancel: func() { quit(context.Canceled) }}
	r := &syncReceiver{op: op, o: o, out: c.out, watch: q.Watch, raw: q.Member != nil}
	switch {
	case persists(q):
		o.quit, r.counted = quit, !c.session.writer
	case op.allowed > 0:
		var stop context.CancelFunc
		ctx, stop = context.WithTimeoutCause(ctx, op.allowed, errLate)
		o.cancel = func() { quit(context.Canceled); stop() }
	}
	c.begin(o)
	go c.sync(ctx, r, q)
}

// sync runs in the goroutine of the search.
func (c *conn) sync(ctx context.Context, r *syncReceiver, q *schema.SyncRequest) {
	op, o := r.op, r.o
	stopped := false
	defer func() { c.end(o, stopped) }()
	defer c.recovered("synchronization")
	defer o.cancel()
	defer r.uncount()
	c.srv.metrics.syncs.Inc()
	defer c.srv.metrics.syncs.Dec()
	done, err := c.srv.Syncer.Sync(ctx, q, r)
	if r.failed != nil {
		return // the client is gone
	}
	result := c.syncResult(ctx, r, err, persists(q))
	stopped = result.Code == schema.Canceled
	r.uncount() // the client may begin the next one as soon as it has the answer
	c.answered(o)
	c.srv.metrics.observe(opSearch, result.Code, c.srv.Clock().Sub(op.began))
	if o.abandon.Load() {
		return
	}
	var controls []byte
	if result.Code == schema.Success && q.Watch == nil {
		v := wire.SyncDoneValue(done)
		controls = wire.AppendControl(nil, wire.OIDSyncDone, false, v.Append(nil))
	}
	op.buf = wire.AppendResult(op.buf, op.id, wire.TagSearchResultDone, result, controls)
	_ = c.out.write(op.buf) // a failure has closed the connection
}

// syncResult tells how the search ended. What ended ctx is the reason for the
// error that it made.
func (c *conn) syncResult(ctx context.Context, r *syncReceiver, err error, persistent bool) *schema.Result {
	cause := context.Cause(ctx)
	switch {
	case r.over:
		return schema.Refuse(schema.SizeLimitExceeded, "")
	case err == nil && (!persistent || cause == nil):
		return &schema.Result{}
	case errors.Is(cause, errLate):
		return schema.Refuse(schema.TimeLimitExceeded, "")
	case errors.Is(cause, errShutdown), errors.Is(cause, errReplaced):
		return schema.Refuse(schema.Unavailable, cause.Error())
	case errors.Is(cause, errRebound):
		return schema.Refuse(schema.UnwillingToPerform, cause.Error())
	case cause != nil:
		return schema.Refuse(schema.Canceled, "the search was canceled")
	}
	return c.resultOf(err)
}
