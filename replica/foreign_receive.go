package replica

// What a provider of another make sends: the refresh stage, with its phases of
// what is still present and of what was deleted (RFC 4533 3.3), and the persist
// stage.

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// foreignStep bounds the changes of the persist stage that are made one
// transaction, in bytes.
const foreignStep = 4 << 20

// foreignWork is a step for the goroutine that applies.
type foreignWork struct {
	text   *refreshText // the whole state; nothing else is set then
	events []foreignEvent
	cookie string // where the store is afterwards; empty: as before
	// refresh tells that the events are one state: the refresh stage. present
	// are then the entries that are as they were; with all set, those that
	// are named nowhere are gone.
	refresh bool
	all     bool
	present map[schema.UUID]struct{}
}

// foreignEvent is one entry: its state, or that it is gone.
type foreignEvent struct {
	view schema.View // UUID alone if gone
	gone bool
}

// foreignReceiver is of the goroutine that reads.
type foreignReceiver struct {
	*foreignSession
	text       *refreshText // the whole state is on its way
	persisting bool
	work       foreignWork
	size       int
	info       wire.SyncInfoValue
}

// receive works until the connection ends and tells why.
func (in *foreignReceiver) receive(ctx context.Context) (err error) {
	defer func() {
		if in.text != nil {
			in.text.fail(err)
		}
	}()
	in.work = in.fresh()
	for {
		m, err := in.peer.read()
		if err == nil {
			err = in.take(ctx, m)
		}
		if err == nil && in.due() {
			err = in.handOver(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// fresh is the work before anything has come.
func (in *foreignReceiver) fresh() foreignWork {
	if in.persisting {
		return foreignWork{}
	}
	return foreignWork{refresh: true, present: map[schema.UUID]struct{}{}}
}

// due tells whether it is time to apply what came in the persist stage: when
// nothing more is here, or when it is much.
func (in *foreignReceiver) due() bool {
	return in.persisting && (len(in.work.events) > 0 || in.work.cookie != "") &&
		(in.size >= foreignStep || in.peer.in.Buffered() == 0)
}

// handOver gives away what was collected.
func (in *foreignReceiver) handOver(ctx context.Context) error {
	w := in.work
	in.work, in.size = in.fresh(), 0
	select {
	case in.works <- w:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// take looks at one message.
func (in *foreignReceiver) take(ctx context.Context, m *wire.Message) error {
	switch {
	case m.ID != in.search:
		return in.answer(m)
	case m.Op == wire.TagSearchResultEntry:
		return in.entry(m)
	case m.Op == wire.TagSearchReference:
		return nil // a part of the tree that is elsewhere
	case m.Op == wire.TagSearchResultDone:
		return searchDone(m)
	case m.Op == wire.TagIntermediate:
		return in.intermediate(ctx, m)
	}
	return fmt.Errorf("the provider sent operation %#x", m.Op)
}

// entry takes one entry with its state.
func (in *foreignReceiver) entry(m *wire.Message) error {
	var e wire.SearchResultEntry
	if err := e.Decode(m.Body); err != nil {
		return fmt.Errorf("entry: %w", err)
	}
	var state wire.SyncStateValue
	found := false
	for i := range m.Controls {
		if string(m.Controls[i].OID) != wire.OIDSyncState {
			continue
		}
		if err := state.Decode(m.Controls[i].Value); err != nil {
			return fmt.Errorf("entry %q: %w", e.DN, err)
		}
		found = true
	}
	if !found {
		return fmt.Errorf("the provider sent the entry %q without a Sync State: is it a provider of RFC 4533?", e.DN)
	}
	if state.Cookie != "" {
		in.work.cookie = state.Cookie
	}
	attrs := foreignAttributes(e.Attributes, state.UUID)
	if in.text != nil {
		if state.State == schema.SyncAdd || state.State == schema.SyncModify {
			return in.text.write(string(e.DN), attrs)
		}
		return nil
	}
	if in.size += len(m.Body); in.size > in.c.o.BatchSize {
		return errBatchSize
	}
	switch state.State {
	case schema.SyncPresent:
		if in.work.present != nil {
			in.work.present[state.UUID] = struct{}{}
		}
		return nil
	case schema.SyncDelete:
		in.gone(state.UUID)
		return nil
	}
	v, err := in.p.view(bytes.Clone(e.DN), attrs, state.UUID)
	if err != nil {
		return err
	}
	in.work.events = append(in.work.events, foreignEvent{view: *v})
	return nil
}

func (in *foreignReceiver) gone(id schema.UUID) {
	in.work.events = append(in.work.events, foreignEvent{view: schema.View{UUID: id}, gone: true})
}

// intermediate takes a Sync Info message.
func (in *foreignReceiver) intermediate(ctx context.Context, m *wire.Message) error {
	var r wire.IntermediateResponse
	if err := r.Decode(m.Body); err != nil {
		return fmt.Errorf("intermediate response: %w", err)
	}
	if string(r.Name) != wire.OIDSyncInfo {
		return nil
	}
	if err := in.info.Decode(r.Value); err != nil {
		return fmt.Errorf("sync info: %w", err)
	}
	if in.info.Cookie != "" {
		in.work.cookie = in.info.Cookie
	}
	switch in.info.Choice {
	case wire.SyncInfoIDSet:
		if in.size += len(r.Value); in.size > in.c.o.BatchSize {
			return errBatchSize
		}
		for _, id := range in.info.UUIDs {
			if in.info.RefreshDeletes {
				in.gone(id)
			} else if in.work.present != nil {
				in.work.present[id] = struct{}{}
			}
		}
	case wire.SyncInfoRefreshPresent:
		in.work.all = !in.persisting
	}
	ended := in.info.Choice == wire.SyncInfoRefreshPresent || in.info.Choice == wire.SyncInfoRefreshDelete
	if ended && in.info.RefreshDone && !in.persisting {
		return in.refreshed(ctx)
	}
	return nil
}

// refreshed ends the refresh stage.
func (in *foreignReceiver) refreshed(ctx context.Context) error {
	if in.text != nil {
		if in.work.cookie == "" {
			return errNoCookie
		}
		if in.text.entries == 0 {
			return fmt.Errorf("the provider has no entry at or below %s: nothing is replaced", in.c.o.Suffix)
		}
		if err := in.text.end(); err != nil {
			return err
		}
		// The cookie is kept when the state is.
		in.work = foreignWork{cookie: in.work.cookie}
		in.text = nil
	}
	if err := in.handOver(ctx); err != nil {
		return err
	}
	in.persisting = true
	in.work = in.fresh()
	in.peer.listen.silence = 2 * in.c.o.Silence // it is asked twice in this time
	close(in.persist)
	return nil
}

// answer takes what the provider says to the probe.
func (in *foreignReceiver) answer(m *wire.Message) error {
	if m.Op != wire.TagSearchResultEntry {
		return nil
	}
	var e wire.SearchResultEntry
	if err := e.Decode(m.Body); err != nil {
		return fmt.Errorf("entry: %w", err)
	}
	have, _ := in.applied.Load().(string)
	for a, rest, ok := schema.NextAttribute(e.Attributes); ok; a, rest, ok = schema.NextAttribute(rest) {
		if strings.EqualFold(string(a.Desc), "contextCSN") {
			in.c.levelled(coversCSNs(have, a.Values))
		}
	}
	return nil
}

// coversCSNs tells whether a cookie of slapd names all these CSNs.
func coversCSNs(cookie string, values []byte) bool {
	var have []string
	for part := range strings.SplitSeq(cookie, ",") {
		if list, ok := strings.CutPrefix(part, "csn="); ok {
			have = strings.Split(list, ";")
		}
	}
	for v, rest, ok := schema.NextValue(values); ok; v, rest, ok = schema.NextValue(rest) {
		found := false
		for _, csn := range have {
			found = found || csn == string(v)
		}
		if !found {
			return false
		}
	}
	return true
}
