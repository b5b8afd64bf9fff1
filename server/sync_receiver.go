package server

import (
	"errors"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// syncReceiver puts what a Syncer has for one consumer into messages. It
// belongs to the goroutine of the search.
type syncReceiver struct {
	op    *searchOp // how entries are shown; what is not yet sent is in its buf
	o     *operation
	out   *outbox
	watch *schema.Watch // of a persistent search
	// raw: the consumer is a member of the group, whose copy has to be exact. It
	// gets each entry as it is stored, whatever attributes it asks for.
	raw     bool
	counted bool // in Server.syncs

	over     bool  // the size limit was met
	failed   error // of sending
	controls []byte
	value    []byte
}

// errStopped is what Flush returns of a search that has been stopped.
var errStopped = errors.New("the search was stopped")

// uncount takes the search out of those that persist on this server.
func (r *syncReceiver) uncount() {
	if r.counted {
		r.counted = false
		r.op.conn.srv.syncs.Add(-1)
	}
}

// Entry implements schema.SyncReceiver. An entry that is present has no
// attributes (RFC 4533 2.3); a persistent search has no states.
func (r *syncReceiver) Entry(v *schema.View, state schema.SyncState, cookie string) (schema.Next, bool) {
	if next, ok := r.takes(v); !ok {
		return next, false
	}
	r.controls = r.controls[:0]
	if r.watch == nil {
		r.state(state, v.UUID, cookie)
		if r.raw && state != schema.SyncPresent {
			r.value = wire.AppendUserLength(r.value[:0], len(v.User))
			r.controls = wire.AppendControl(r.controls, wire.OIDMember, false, r.value)
		}
	}
	return r.append(v, state != schema.SyncPresent), true
}

// takes tells whether the entry is to be sent, and if not, how to go on.
func (r *syncReceiver) takes(v *schema.View) (schema.Next, bool) {
	op := r.op
	if !op.rights.shows(op.conn.srv.Schema, op.query.Filter, v) {
		return schema.Continue, false
	}
	if op.limit > 0 && op.sent >= op.limit {
		r.over = true
		return schema.Stop, false
	}
	return schema.Continue, true
}

// state begins the controls with a Sync State.
func (r *syncReceiver) state(state schema.SyncState, id schema.UUID, cookie string) {
	s := wire.SyncStateValue{State: state, UUID: id, Cookie: cookie}
	r.value = s.Append(r.value[:0])
	r.controls = wire.AppendControl(r.controls[:0], wire.OIDSyncState, false, r.value)
}

// append encodes an entry with the controls that are made.
func (r *syncReceiver) append(v *schema.View, attributes bool) schema.Next {
	op := r.op
	dst, m := wire.BeginEntry(op.buf, op.id, v.DN)
	switch {
	case !attributes:
	case r.raw:
		dst = append(append(dst, v.User...), v.Operational...)
	default:
		dst = op.show.appendAttributes(dst, op.conn.srv.Schema, v)
	}
	op.buf = wire.EndEntry(dst, m, r.controls)
	op.sent++
	return r.next()
}

func (r *syncReceiver) next() schema.Next {
	if len(r.op.buf) >= flushAt {
		return schema.Pause
	}
	return schema.Continue
}

// Gone implements schema.SyncReceiver. A name that the consumer may not know is
// left out: the UUID tells which of its entries it was.
func (r *syncReceiver) Gone(dn string, id schema.UUID, cookie string) {
	op := r.op
	r.state(schema.SyncDelete, id, cookie)
	dst, m := wire.BeginEntry(op.buf, op.id, []byte(r.known(dn)))
	op.buf = wire.EndEntry(dst, m, r.controls)
}

// known is dn, if the consumer may know that there was such an entry, else "".
func (r *syncReceiver) known(dn string) string {
	if r.op.rights.unlimited || r.raw {
		return dn
	}
	key, err := r.op.conn.srv.Schema.AppendDNKey(nil, []byte(dn))
	if err != nil || r.op.rights.on(key, "") < RightRead {
		return ""
	}
	return dn
}

// Change implements schema.SyncReceiver. Without v, of a deleted entry, the name
// in rec is all there is; without rec it is an entry that was there before.
func (r *syncReceiver) Change(v *schema.View, rec *schema.ChangeRecord) (schema.Next, bool) {
	if v == nil {
		if rec == nil || r.known(rec.DN) == "" {
			return schema.Continue, false
		}
		v = &schema.View{DN: []byte(rec.DN)}
	} else if next, ok := r.takes(v); !ok {
		return next, false
	}
	r.controls = r.controls[:0]
	if rec != nil && r.watch != nil && r.watch.ReturnECs {
		e := wire.EntryChange{Kind: rec.Kind, ChangeNumber: rec.Seq}
		if rec.Kind == schema.ChangeModifyDN {
			e.PreviousDN = []byte(r.known(rec.DN))
		}
		r.value = e.Append(r.value[:0])
		r.controls = wire.AppendControl(r.controls, wire.OIDEntryChange, false, r.value)
	}
	return r.append(v, true), true
}

// Intermediate implements schema.SyncReceiver.
func (r *syncReceiver) Intermediate(oid string, value []byte) {
	r.op.buf = wire.AppendIntermediate(r.op.buf, r.op.id, oid, value)
}

// Flush implements schema.SyncReceiver. It waits for the socket, at most for
// the write timeout.
func (r *syncReceiver) Flush() error {
	op := r.op
	if r.failed == nil && r.o.abandon.Load() {
		op.buf = op.buf[:0]
		return errStopped // nothing more is to be sent
	}
	if r.failed == nil && len(op.buf) > 0 {
		r.failed = r.out.write(op.buf)
	}
	// A search that waits for changes keeps no large buffer.
	if quiet := len(op.buf) < firstRead; cap(op.buf) > 4*flushAt || (quiet && cap(op.buf) > 4*firstRead) {
		op.buf = nil
	}
	op.buf = op.buf[:0]
	return r.failed
}
