package replica

// What a provider of our own make sends, taken apart: into batches, or into
// the text of a refresh.

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// receiver reads the messages of one session.
type receiver struct {
	*session
	at     schema.Position // where the store will be when all that was received is applied
	epochs []schema.Epoch  // history of the provider, for the next batch; nil: it has been handed over
	text   *refreshText    // of the refresh that is under way; nil: batches
	batch  schema.Batch
	size   int
	info   wire.SyncInfoValue
}

// receive works until the connection ends and tells why.
func (in *receiver) receive(ctx context.Context) (err error) {
	defer func() {
		if in.text != nil {
			in.text.fail(err)
		}
	}()
	for {
		m, err := in.peer.read()
		if err == nil {
			err = in.take(ctx, m)
		}
		if err != nil {
			return err
		}
	}
}

// take looks at one message.
func (in *receiver) take(ctx context.Context, m *wire.Message) error {
	switch {
	case m.Op == wire.TagExtendedResponse:
		return in.confirm.answer(m)
	case m.ID != in.search:
	case m.Op == wire.TagSearchResultEntry:
		return in.entry(m)
	case m.Op == wire.TagIntermediate:
		return in.intermediate(ctx, m)
	case m.Op == wire.TagSearchResultDone:
		return searchDone(m)
	}
	return fmt.Errorf("%w: operation %#x of message %d", ErrMember, m.Op, m.ID)
}

// entry takes the state of one entry.
func (in *receiver) entry(m *wire.Message) error {
	v, state, err := memberEntry(m)
	if err != nil {
		return err
	}
	if in.text != nil {
		if state == schema.SyncDelete {
			return fmt.Errorf("%w: a deleted entry in a refresh", ErrMember)
		}
		return in.text.entry(v)
	}
	if in.size += len(m.Body); in.size > in.c.o.BatchSize {
		return errBatchSize
	}
	if state == schema.SyncDelete {
		in.batch.Deleted = append(in.batch.Deleted, v.UUID)
		return nil
	}
	// One piece of memory for all of the entry; the message is read over.
	own := make([]byte, 0, len(v.DN)+len(v.User)+len(v.Operational))
	own = append(append(append(own, v.DN...), v.User...), v.Operational...)
	user, operational := len(v.DN), len(v.DN)+len(v.User)
	v.DN, v.User, v.Operational = own[:user:user], own[user:operational:operational], own[operational:]
	in.batch.Entries = append(in.batch.Entries, v)
	return nil
}

// memberEntry reads an entry as members are sent it. It lies in the memory of
// the message.
func memberEntry(m *wire.Message) (v schema.View, state schema.SyncState, err error) {
	var e wire.SearchResultEntry
	if err := e.Decode(m.Body); err != nil {
		return v, 0, fmt.Errorf("entry: %w", err)
	}
	var sync wire.SyncStateValue
	user, found := len(e.Attributes), false
	for i := range m.Controls {
		switch c := &m.Controls[i]; string(c.OID) {
		case wire.OIDSyncState:
			if err := sync.Decode(c.Value); err != nil {
				return v, 0, fmt.Errorf("entry %q: %w", e.DN, err)
			}
			found = true
		case OIDMember:
			if user, err = userLength(c.Value, e.Attributes); err != nil {
				return v, 0, fmt.Errorf("entry %q: %w", e.DN, err)
			}
		}
	}
	if !found || sync.State == schema.SyncPresent {
		return v, 0, fmt.Errorf("%w: entry %q without its state", ErrMember, e.DN)
	}
	return schema.View{UUID: sync.UUID, DN: e.DN, User: e.Attributes[:user:user], Operational: e.Attributes[user:]}, sync.State, nil
}

// userLength reads how long the user attributes are; they end between two
// attributes.
func userLength(value, attributes []byte) (int, error) {
	n, err := wire.DecodeUserLength(value)
	if err != nil {
		return 0, err
	}
	rest := attributes
	for len(attributes)-len(rest) < n {
		_, more, ok := schema.NextAttribute(rest)
		if !ok {
			break
		}
		rest = more
	}
	if len(attributes)-len(rest) != n {
		return 0, fmt.Errorf("%w: the user attributes end within an attribute", ErrMember)
	}
	return n, nil
}

// intermediate takes everything that is no entry.
func (in *receiver) intermediate(ctx context.Context, m *wire.Message) error {
	var r wire.IntermediateResponse
	if err := r.Decode(m.Body); err != nil {
		return fmt.Errorf("intermediate response: %w", err)
	}
	switch string(r.Name) {
	case OIDHeartbeat:
		return in.heartbeat(r.Value)
	case OIDRecords:
		return in.records(r.Value)
	case OIDEnd:
		return in.end(ctx, r.Value)
	case wire.OIDSyncInfo:
		return in.syncInfo(r.Value)
	}
	return nil // a later version may tell more
}

func (in *receiver) heartbeat(value []byte) error {
	beat, err := DecodeHeartbeat(value)
	if err != nil {
		return err
	}
	in.c.note(func(s *ConsumerState) { s.Provider = beat.Position })
	in.c.compare()
	return nil
}

func (in *receiver) records(value []byte) error {
	if in.text != nil {
		return fmt.Errorf("%w: changes in a refresh", ErrMember)
	}
	list, err := DecodeRecords(value)
	if err != nil {
		return err
	}
	if in.size += len(value); in.size > in.c.o.BatchSize {
		return errBatchSize
	}
	if len(list) > 0 && list[0].Seq != in.at.Seq+uint64(len(in.batch.Records))+1 {
		return fmt.Errorf("%w: change %d does not follow change %d", ErrMember, list[0].Seq, in.at.Seq+uint64(len(in.batch.Records)))
	}
	in.batch.Records = append(in.batch.Records, list...)
	return nil
}

// syncInfo takes deleted entries that come as a set.
func (in *receiver) syncInfo(value []byte) error {
	if err := in.info.Decode(value); err != nil {
		return fmt.Errorf("sync info: %w", err)
	}
	if in.info.Choice != wire.SyncInfoIDSet || !in.info.RefreshDeletes {
		return nil // what it tells other consumers, members know by other messages
	}
	if in.text != nil {
		return fmt.Errorf("%w: deleted entries in a refresh", ErrMember)
	}
	if in.size += len(value); in.size > in.c.o.BatchSize {
		return errBatchSize
	}
	in.batch.Deleted = append(in.batch.Deleted, in.info.UUIDs...)
	return nil
}

// end finishes a refresh or a batch.
func (in *receiver) end(ctx context.Context, value []byte) error {
	to, err := schema.ParsePosition(string(bytes.TrimSpace(value)))
	if err != nil {
		return fmt.Errorf("%w: end of a batch: %w", ErrMember, err)
	}
	if in.text != nil {
		if to != in.meeting.Position {
			return fmt.Errorf("%w: the refresh ends at another position than it was said to", ErrMember)
		}
		if err := in.text.end(); err != nil {
			return err // receive hands it to the reader of the text
		}
		in.text, in.at, in.epochs = nil, to, nil
		return nil
	}
	b := in.batch
	b.From, b.To, b.Epochs = in.at, to, in.epochs
	size := in.size
	in.batch, in.size = schema.Batch{}, 0
	in.c.note(func(s *ConsumerState) { s.Provider = to })
	if to == in.at && len(b.Entries)+len(b.Deleted)+len(b.Records) == 0 {
		return nil
	}
	if to.Seq != in.at.Seq+uint64(len(b.Records)) {
		return fmt.Errorf("%w: %d changes from %d to %d", ErrMember, len(b.Records), in.at.Seq, to.Seq)
	}
	if to.Epoch != in.meeting.Position.Epoch {
		return errors.New("the provider began another epoch")
	}
	in.at, in.epochs = to, nil
	return in.inbox.put(ctx, item{batch: &b, size: size})
}
