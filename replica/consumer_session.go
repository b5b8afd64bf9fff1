package replica

// One session of a consumer with a provider of our own make. Three goroutines:
// one reads and decodes, one applies, one confirms. So the next batches are
// taken in while one is committed.

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// session is the state that its goroutines share; what only one of them needs
// is in types of its own.
type session struct {
	c       *Consumer
	peer    *peer
	search  int32 // message ID
	hello   *MemberHello
	meeting Meeting
	inbox   *inbox
	confirm *confirmer
}

// meetMember is one session: connect, meet, follow. It returns with the reason
// why it ended.
func (c *Consumer) meetMember(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	address := c.o.Provider()
	c.note(func(s *ConsumerState) { s.Address = address })
	if address == "" {
		return errors.New("no provider is named")
	}
	p, err := dialPeer(ctx, c.o.Dial, address, c.o.Silence, &c.heard)
	if err != nil {
		return err
	}
	defer p.close()
	if c.o.TLS != nil {
		if err := p.startTLS(c.o.TLS, address); err != nil {
			return err
		}
	}
	if err := p.bindMember(address, c.o.Signature()); err != nil {
		return err
	}
	s := &session{c: c, peer: p}
	if err := s.call(); err != nil {
		return err
	}
	if err := s.meet(); err != nil {
		return err
	}
	if err := s.settle(); err != nil {
		return err
	}
	return s.follow(ctx, cancel)
}

// call presents this server and asks for everything from its position on.
func (s *session) call() error {
	held, err := s.c.o.Applier.Hold()
	if err != nil {
		return fmt.Errorf("look at the own store: %w", err)
	}
	s.hello = &MemberHello{Host: s.c.o.Host, Port: s.c.o.Port, Version: MemberVersion, Position: held.Position(), Epochs: held.Epochs(),
		Fresh: s.c.o.Applier.Fresh(), Adopt: s.c.adopt, Refresh: s.c.anew}
	held.Release()
	request := wire.SyncRequestValue{Mode: schema.SyncRefreshAndPersist}
	controls := wire.AppendControl(nil, wire.OIDSyncRequest, true, request.Append(nil))
	controls = wire.AppendControl(controls, OIDMember, true, s.hello.Encode())
	s.search, err = s.peer.send(everything(s.c.o.Suffix), controls)
	return err
}

// everything is the search of a consumer.
func everything(suffix string) *wire.SearchRequest {
	return &wire.SearchRequest{Base: []byte(suffix), Scope: schema.ScopeSub,
		Filter:     schema.Filter{Nodes: []schema.FilterNode{{Kind: schema.FilterPresent, End: 1, Attr: []byte("objectClass")}}},
		Attributes: [][]byte{[]byte("*"), []byte("+")}}
}

// meet reads what the provider makes of the call.
func (s *session) meet() error {
	m, err := s.peer.read()
	if err != nil {
		return err
	}
	if m.Op == wire.TagSearchResultDone {
		return searchDone(m)
	}
	var r wire.IntermediateResponse
	if m.Op != wire.TagIntermediate || m.ID != s.search || r.Decode(m.Body) != nil || string(r.Name) != OIDOutcome {
		return fmt.Errorf("%w: the provider did not say first what is to be done", ErrMember)
	}
	s.meeting, err = DecodeMeeting(r.Value)
	return err
}

// searchDone is the error of a search that is over although it should not be.
func searchDone(m *wire.Message) error {
	result, err := wire.DecodeResult(m.Body)
	switch {
	case err != nil:
		return fmt.Errorf("read the end of the search: %w", err)
	case result.Code != schema.Success:
		return fmt.Errorf("the provider ended the search: %w", &result)
	}
	return errors.New("the provider ended the search")
}

// settle looks at the outcome of the meeting.
func (s *session) settle() error {
	m := &s.meeting
	s.c.note(func(state *ConsumerState) {
		state.Connected, state.Outcome, state.Reason, state.Provider = true, m.Outcome, m.Reason, m.Position
		if m.Reason == "" {
			state.Reason = m.Outcome.String()
		}
		state.Error = ""
	})
	if m.Outcome == WaitingForRestore {
		s.c.obeyed() // the first change of that primary must not empty this server
	}
	switch {
	case !m.Outcome.Sends():
		if m.Reason == "" {
			return &refused{m.Outcome, m.Outcome.String()}
		}
		return &refused{m.Outcome, m.Reason}
	case s.hello.Refresh && (m.Outcome == UpToDate || m.Outcome == Stream):
		return fmt.Errorf("%w: the whole state was asked for and the provider answered: %v", ErrMember, m.Outcome)
	case m.Position.Epoch == "" || len(m.Epochs) == 0 || m.Epochs[len(m.Epochs)-1].ID != m.Position.Epoch:
		return fmt.Errorf("%w: the provider did not say where it is", ErrMember)
	}
	s.c.agreed(m.Outcome)
	return nil
}

// follow works until the connection or the context ends.
func (s *session) follow(ctx context.Context, cancel context.CancelCauseFunc) error {
	s.inbox = newInbox()
	s.confirm = newConfirmer(s.c.o.Host, s.c.o.Port, s.peer)
	in := &receiver{session: s, at: s.hello.Position, epochs: s.meeting.Epochs}
	switch s.meeting.Outcome {
	case Refresh, Diverged:
		in.text = newRefreshText(s.c, &s.meeting)
		if err := s.inbox.put(ctx, item{refresh: in.text}); err != nil {
			return err
		}
	default:
		s.c.followed()
		s.c.compare()
		s.confirm.offer(s.hello.Position)
	}
	var work sync.WaitGroup
	work.Go(func() { s.inbox.close(in.receive(ctx)) })
	work.Go(func() {
		if err := s.confirm.run(ctx); err != nil {
			s.peer.hangUp(err) // what was received is applied all the same
		}
	})
	err := s.apply(ctx)
	cancel(err)
	work.Wait()
	return err
}

// apply takes what was received to the store, until there is nothing more to
// come.
func (s *session) apply(ctx context.Context) error {
	for {
		it, err := s.inbox.take(ctx)
		if err != nil {
			return err
		}
		if it.refresh != nil {
			err = s.refresh(ctx, it.refresh)
		} else {
			err = s.batch(ctx, it.batch)
		}
		if err != nil {
			return err
		}
		s.c.compare()
		s.confirm.offer(s.c.o.Applier.Position())
	}
}

// batch applies one batch.
func (s *session) batch(ctx context.Context, b *schema.Batch) error {
	if err := s.c.o.Applier.ApplyBatch(ctx, b); err != nil {
		return fmt.Errorf("apply the changes up to %d: %w", b.To.Seq, err)
	}
	s.c.note(func(state *ConsumerState) {
		state.Batches++
		state.Changes += uint64(len(b.Records))
	})
	return nil
}

// refresh replaces the store by what the receiver writes as text.
func (s *session) refresh(ctx context.Context, text *refreshText) error {
	defer text.abandon()
	if s.meeting.Outcome == Diverged {
		if err := s.c.saveLost(s.hello.Position, &s.meeting); err != nil {
			return fmt.Errorf("save the changes that the provider never had, without which nothing is replaced: %w", err)
		}
	}
	o := RefreshOptions{From: s.hello.Position, Position: s.meeting.Position, Epochs: s.meeting.Epochs, ContextCSN: s.meeting.ContextCSN}
	if err := s.c.o.Applier.Refresh(ctx, text.reader, o); err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	s.c.note(func(state *ConsumerState) {
		state.Refreshes++
		state.Received, state.Expected = 0, 0
		// From here on it is a session like any other.
		state.Reason = fmt.Sprintf("the whole state was received (%s), now changes are sent from the log", s.meeting.Outcome.Word())
		state.Outcome = Stream
	})
	s.c.followed()
	return nil
}
