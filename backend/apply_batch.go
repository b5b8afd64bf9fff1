package backend

// Batches of a provider that numbers its changes as this store does: entries,
// changelog and position become those of the provider.

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sunray-ds/utdsd/schema"
)

// Reasons why a batch is not made, for errors.Is. Nothing was changed.
var (
	// ErrPosition: the store is not where the batch, or the refresh, begins.
	ErrPosition = errors.New("the store is at another position")
	// ErrHash: the result would not be the state of the provider.
	ErrHash = errors.New("the state hash differs from that of the provider")
	// ErrStructure: the batch contradicts itself, or would leave an entry
	// without a superior or two with one name.
	ErrStructure = errors.New("the batch does not fit the tree")
)

// interrupted is how many entries a batch works on before it looks whether it
// is still wanted.
const interrupted = 1024

// ApplyBatch makes in (see schema.Batch) in one transaction, in line with the
// changes of Apply, and returns when it is durable: after a crash the store is
// at the old position or at the new one. From then on the store follows the
// provider. A store that is at in.From but for epochs begun there, in which
// nothing was changed, is at in.From.
//
// Of a batch with in.To.Epoch the records go into the changelog as they are.
// Without, the differences are recorded, in an order in which each change by
// itself is possible, with numbers of the store's own epoch; if the store has
// followed a server of our own before, a new epoch of the kind restored is
// begun. Attributes that are computed are left out then, those that each entry
// has are completed, and an entry that differs in nothing else keeps its own.
//
// An error means that nothing was changed: ErrPosition, ErrHash, ErrStructure,
// that of ctx, or a *schema.Result (busy while the store is being replaced,
// unavailable, unwillingToPerform on a full disk), all of them wrapped. in must
// not be changed before ApplyBatch returns.
func (s *Store) ApplyBatch(ctx context.Context, in *schema.Batch) error {
	err := s.perform(ctx, func(b *batch) error {
		if in.From.Epoch != "" && !b.stands(in.From) {
			return fmt.Errorf("%w: it is at %s and not at %s", ErrPosition, b.position(), in.From)
		}
		b.replicating = true
		if in.To.Epoch == "" {
			return b.adapt(ctx, in)
		}
		return b.mirror(ctx, in)
	})
	if err != nil {
		return fmt.Errorf("apply batch: %w", err)
	}
	return nil
}

// stands tells whether the store is at p. Epochs in which nothing was changed
// do not count.
func (b *batch) stands(p schema.Position) bool {
	here := b.position()
	for _, e := range slices.Backward(b.lin.epochs) {
		if here == p {
			return true
		}
		from, err := schema.ParsePosition(e.From)
		if err != nil || from.Seq != here.Seq || from.Hash != here.Hash {
			return false
		}
		here = from
	}
	return here == p
}

// mirror makes the batch of a server of our own.
func (b *batch) mirror(ctx context.Context, in *schema.Batch) error {
	if err := b.adopt(in); err != nil {
		return err
	}
	if err := b.checkRecords(in); err != nil {
		return err
	}
	edits, err := b.listed(ctx, in)
	if err != nil {
		return err
	}
	if edits, err = b.follow(ctx, edits, in.Records); err != nil {
		return err
	}
	if err := b.put(edits); err != nil {
		return err
	}
	if err := b.checkPlaces(edits); err != nil {
		return err
	}
	if b.st.hash != in.To.Hash && !sabotageNoVerify {
		return fmt.Errorf("%w: %s and not %s at change %d", ErrHash, b.st.hash, in.To.Hash, in.To.Seq)
	}
	for i := range in.Records {
		rec := &in.Records[i]
		key := idKey(rec.Seq)
		if err := b.log.Put(key, b.s.seals.log.close(key, rec.AppendTo(nil))); err != nil {
			return err
		}
	}
	if n := len(in.Records); n > 0 {
		b.st.seq = in.To.Seq
		b.st.csn, _ = parseCSN([]byte(in.Records[n-1].CSN)) // checkRecords has read it
	}
	b.changes += len(in.Records)
	return nil
}

// adopt takes the history of the batch over.
func (b *batch) adopt(in *schema.Batch) error {
	lin := &lineage{epochs: b.lin.epochs, follows: followsMember}
	if in.Epochs != nil {
		if err := validEpochs(in.Epochs); err != nil {
			return fmt.Errorf("%w: %w", ErrStructure, err)
		}
		lin.epochs = slices.Clone(in.Epochs)
	}
	if lin.epoch() != in.To.Epoch {
		return fmt.Errorf("%w: its history ends with epoch %s and its position is in %s", ErrStructure, lin.epoch(), in.To.Epoch)
	}
	if b.lin.follows != lin.follows || b.lin.fresh != 0 || !slices.Equal(b.lin.epochs, lin.epochs) {
		b.lin = lin
	}
	return nil
}

// checkRecords tells whether the records lead from here to in.To.
func (b *batch) checkRecords(in *schema.Batch) error {
	for i := range in.Records {
		rec := &in.Records[i]
		if rec.Seq != b.st.seq+1+uint64(i) {
			return fmt.Errorf("%w: record %d where %d belongs", ErrStructure, rec.Seq, b.st.seq+1+uint64(i))
		}
		if rec.Kind < schema.ChangeAdd || rec.Kind > schema.ChangeModifyDN {
			return fmt.Errorf("%w: record %d is of no known kind", ErrStructure, rec.Seq)
		}
		if _, ok := parseCSN([]byte(rec.CSN)); !ok {
			return fmt.Errorf("%w: record %d has no CSN", ErrStructure, rec.Seq)
		}
	}
	n := len(in.Records)
	switch {
	case b.st.seq+uint64(n) != in.To.Seq:
		return fmt.Errorf("%w: its records end with %d and its position is %d", ErrStructure, b.st.seq+uint64(n), in.To.Seq)
	case n == 0 && len(in.Entries)+len(in.Deleted) > 0:
		return fmt.Errorf("%w: it has entries and no record", ErrStructure)
	case n > 0 && in.Records[n-1].Hash != in.To.Hash && !sabotageNoVerify:
		return fmt.Errorf("%w: its last record has state hash %s and its position %s", ErrStructure, in.Records[n-1].Hash, in.To.Hash)
	}
	return nil
}

// listed finds, for what the batch lists, what is in the store.
func (b *batch) listed(ctx context.Context, in *schema.Batch) ([]edit, error) {
	edits := make([]edit, 0, len(in.Entries)+len(in.Deleted))
	seen := make(map[schema.UUID]struct{}, cap(edits))
	for i, u := range in.Deleted {
		if err := stillWanted(ctx, i); err != nil {
			return nil, err
		}
		if _, twice := seen[u]; twice {
			continue
		}
		seen[u] = struct{}{}
		old, err := b.byUUID(u)
		if err != nil {
			return nil, err
		}
		if old != nil { // else it came and went between the positions
			edits = append(edits, edit{old: old})
		}
	}
	for i := range in.Entries {
		if err := stillWanted(ctx, i); err != nil {
			return nil, err
		}
		v := in.Entries[i]
		if _, twice := seen[v.UUID]; twice {
			return nil, fmt.Errorf("%w: entry %s is listed twice", ErrStructure, uuidText(v.UUID))
		}
		seen[v.UUID] = struct{}{}
		old, err := b.byUUID(v.UUID)
		if err != nil {
			return nil, err
		}
		if v.Key, err = b.keyOf(v.DN); err != nil {
			return nil, err
		}
		v.Kind, v.Live = b.s.kindOf(&v), nil
		if old != nil {
			v.ID = old.ID
		} else {
			v.ID = b.st.nextID
			b.st.nextID++
		}
		edits = append(edits, edit{old: old, new: &v})
	}
	return edits, nil
}

// stillWanted is the error of ctx, looked at now and then.
func stillWanted(ctx context.Context, i int) error {
	if i%interrupted == 0 && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// byUUID reads an entry; nil if it is not there. Its parts stay valid to the
// end of the transaction.
func (b *batch) byUUID(u schema.UUID) (*schema.View, error) {
	id, found, err := b.rd.uuid(u)
	if !found || err != nil {
		return nil, err
	}
	if err := b.rd.mustEntry(id); err != nil {
		return nil, err
	}
	v := b.rd.view
	if v.UUID != u {
		return nil, b.s.seals.uuids.damage(u[:], "is of another entry")
	}
	return &v, nil
}

// keyOf is the key of a name that a provider has sent.
func (b *batch) keyOf(dn []byte) ([]byte, error) {
	key, err := b.s.schema.AppendDNKey(nil, dn)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %q is no name", ErrStructure, dn)
	case !b.s.holds(key):
		return nil, fmt.Errorf("%w: %q is outside of the store", ErrStructure, dn)
	case len(key) > maxKey:
		return nil, fmt.Errorf("%w: %q is too long", ErrStructure, dn)
	}
	return key, nil
}

// kindOf tells by its object classes whether v is a referral or an alias.
func (s *Store) kindOf(v *schema.View) (kind schema.EntryKind) {
	a, ok := v.Find(s.schema.ObjectClassType.Name)
	for values := a.Values; ok; {
		value, rest, has := schema.NextValue(values)
		if !has {
			break
		}
		values = rest
		switch c := s.schema.ObjectClass(value); {
		case c == nil:
		case c.Name == "referral":
			kind |= schema.KindReferral
		case c.Name == "alias":
			kind |= schema.KindAlias
		}
	}
	return kind
}
