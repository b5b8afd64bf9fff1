package replica

// A session of a member: the whole state once, if need be, and then batches
// for ever.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// recordsSize is about how many bytes of records one message carries. A single
// record may be larger.
const recordsSize = 256 << 10

// Why changes are not sent as such.
var (
	errTooLarge = errors.New("too many changes for one batch")
	errLog      = errors.New("read the changelog") // damaged, or trimmed meanwhile
)

func (f *feed) serveMember(ctx context.Context) error {
	m, err := DecodeHello(f.q.Member)
	if err != nil {
		return schema.Refuse(schema.ProtocolError, err.Error())
	}
	if m.Version != MemberVersion {
		return schema.Refuse(schema.UnwillingToPerform,
			fmt.Sprintf("the member speaks version %d of the group's messages, this server version %d", m.Version, MemberVersion))
	}
	if !f.whole || f.q.Mode != schema.SyncRefreshAndPersist {
		return schema.Refuse(schema.ProtocolError, "a member asks for everything, refresh and persist")
	}
	if refused := f.p.o.Admit(m, f.q.Peer); refused != 0 {
		return f.refuse(&Meeting{Outcome: refused})
	}
	if err := f.meet(ctx, &m); err != nil {
		return err
	}
	for {
		if err := f.yield(ctx, true); err != nil { // no state is held for it
			return err
		}
		st, err := f.changed(ctx, f.heartbeat)
		if err != nil {
			return err
		}
		b, err := f.gather(st)
		if err == nil {
			err = f.batch(ctx, st, b)
		}
		st.Release()
		if errors.Is(err, errTooLarge) {
			return f.comeBack("too much has changed for one batch: connect again for the whole state")
		}
		if err != nil {
			return err
		}
	}
}

// refuse tells a member why it gets nothing, and ends the session.
func (f *feed) refuse(m *Meeting) error {
	code := schema.UnwillingToPerform
	if m.Outcome == ProviderBehind || m.Outcome == WaitingForRestore {
		code = schema.Busy
	}
	if err := f.open(m); err != nil {
		return err
	}
	if err := f.out.Flush(); err != nil {
		return err
	}
	return &sentAway{m.Outcome, schema.Refuse(code, m.Reason)}
}

// sentAway ends the session of a member that gets nothing.
type sentAway struct {
	outcome Outcome
	answer  *schema.Result
}

func (s *sentAway) Error() string { return s.answer.Error() }
func (s *sentAway) Unwrap() error { return s.answer }

// open sends the first message.
func (f *feed) open(m *Meeting) error {
	if m.Outcome.Word() == "" {
		return fmt.Errorf("meet a member: no such outcome: %d", int(m.Outcome))
	}
	m.Reason = m.Outcome.String()
	f.out.Intermediate(OIDOutcome, m.Encode())
	return nil
}

// meet decides, and tells what brings the member to the state of now. The caller
// flushes.
func (f *feed) meet(ctx context.Context, m *MemberHello) error {
	st, err := f.p.o.Source.Hold()
	if err != nil {
		return err
	}
	defer st.Release()
	now := Meeting{Outcome: Decide(f.p.offer(st), m), Position: st.Position(), Epochs: st.Epochs(), Entries: st.Entries(), ContextCSN: st.ContextCSN()}
	f.sent = m.Position
	var b *batch
	if now.Outcome == Stream {
		b, err = f.gather(st)
		switch {
		case errors.Is(err, errLog):
			f.p.o.Log.Error("the log of changes cannot be read: a member gets the whole state", "member", m.Host, "port", m.Port, "error", err)
			now.Outcome = Refresh
		case errors.Is(err, errTooLarge):
			now.Outcome = Refresh
		case err != nil:
			return err
		}
	}
	f.p.o.Log.Info("a member asks for changes", "member", m.Host, "port", m.Port, "peer", f.q.Peer, "outcome", now.Outcome.Word(),
		"at", m.Position.Seq, "now", now.Position.Seq)
	switch {
	case !now.Outcome.Sends():
		return f.refuse(&now)
	case now.Outcome == UpToDate:
		f.sent = now.Position
	}
	if err := f.open(&now); err != nil {
		return err
	}
	switch now.Outcome {
	case Stream:
		return f.batch(ctx, st, b)
	case Refresh, Diverged:
		return f.refresh(ctx, st)
	}
	return nil
}

// offer is what a state has for a member.
func (p *Provider) offer(st State) *Offer {
	return &Offer{Epochs: st.Epochs(), Position: st.Position(), Following: p.o.Following(), Fresh: p.o.Fresh(), Oldest: st.Oldest(), HashAt: st.HashAt}
}

func (f *feed) heartbeat() error {
	h := Heartbeat{Position: f.sent, Time: time.Now()}
	f.out.Intermediate(OIDHeartbeat, h.Encode())
	return f.out.Flush()
}

// refresh sends every entry, and the position.
func (f *feed) refresh(ctx context.Context, st State) error {
	if err := f.search(ctx, st, f.content(), func(v *schema.View) { f.show(v, schema.SyncAdd) }); err != nil {
		return err
	}
	f.end(st.Position())
	return nil
}

// end tells the member where it is now. The caller flushes.
func (f *feed) end(at schema.Position) {
	f.sent = at
	f.out.Intermediate(OIDEnd, []byte(at.String()))
}

// batch is what has changed since f.sent.
type batch struct {
	changes []change
	// first is the number of the first record, body some records from there
	// on, and after the number of the one behind them.
	first, after uint64
	body         []byte
}

// gather reads the records since f.sent. The error is errTooLarge if they are
// more than is sent as changes.
func (f *feed) gather(st State) (*batch, error) {
	from, to := f.sent.Seq+1, st.Position().Seq
	b := &batch{first: from, after: from, body: f.buf[:0]}
	if to-f.sent.Seq > f.p.o.MaxChanges {
		return nil, errTooLarge
	}
	if from > to {
		return b, nil
	}
	c := newCollector(to - f.sent.Seq)
	size, large := 0, false
	err := st.Changes(from, func(rec schema.ChangeRecord) bool {
		c.add(&rec)
		if size < recordsSize {
			b.body = AppendRecord(b.body, &rec)
			b.after, size = rec.Seq+1, len(b.body)
		} else {
			size += len(rec.LDIF) + len(rec.DN) + len(rec.NewDN)
		}
		large = size > f.p.o.MaxBytes
		return !large
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errLog, err)
	case large:
		return nil, errTooLarge
	}
	b.changes = c.list
	f.buf = b.body
	return b, nil
}

// batch tells what makes the member's state that of st. The caller flushes when
// st is released: a member that takes nothing must not keep it.
func (f *feed) batch(ctx context.Context, st State, b *batch) error {
	var gone []schema.UUID
	for i := range b.changes {
		c := &b.changes[i]
		state := schema.SyncModify
		if c.first == schema.ChangeAdd {
			state = schema.SyncAdd
		}
		found, err := st.ByUUID(c.id, func(v *schema.View) error {
			f.show(v, state)
			return nil
		})
		if err != nil {
			return fmt.Errorf("read a changed entry: %w", err)
		}
		if !found && c.first != schema.ChangeAdd {
			gone = append(gone, c.id)
		}
		if err := f.yield(ctx, false); err != nil {
			return err
		}
	}
	for len(gone) > 0 {
		n := min(len(gone), idSetSize)
		f.deleted(gone[:n])
		if err := f.yield(ctx, false); err != nil {
			return err
		}
		gone = gone[n:]
	}
	if err := f.records(ctx, st, b); err != nil {
		return err
	}
	f.end(st.Position())
	return nil
}

// deleted sends a syncIdSet of deleted entries.
func (f *feed) deleted(ids []schema.UUID) {
	set := wire.SyncInfoValue{Choice: wire.SyncInfoIDSet, RefreshDeletes: true, UUIDs: ids}
	value := set.Append(nil)
	f.out.Intermediate(wire.OIDSyncInfo, value)
	f.told(len(value))
}

// records sends the records of a batch: those that gather kept, and the rest
// from the changelog.
func (f *feed) records(ctx context.Context, st State, b *batch) error {
	for first, to := b.first, st.Position().Seq; first <= to; first = b.after {
		if b.after == first {
			if err := f.moreRecords(ctx, st, b); err != nil {
				return err
			}
		}
		f.out.Intermediate(OIDRecords, AppendRecords(nil, first, b.body))
	}
	return nil
}

// moreRecords sends what there is and reads on in the changelog.
func (f *feed) moreRecords(ctx context.Context, st State, b *batch) error {
	if err := f.yield(ctx, true); err != nil {
		return err
	}
	first := b.after
	f.buf = f.buf[:0]
	err := st.Changes(first, func(rec schema.ChangeRecord) bool {
		f.buf = AppendRecord(f.buf, &rec)
		b.after = rec.Seq + 1
		return len(f.buf) < recordsSize
	})
	if err == nil && b.after == first {
		err = fmt.Errorf("change %d is missing", first)
	}
	if err != nil {
		return fmt.Errorf("read the changelog: %w", err)
	}
	b.body = f.buf
	return nil
}
