package replica

// The confirmations of a consumer: which position is durable here.

import (
	"context"
	"fmt"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// confirmTime is how long a provider may take for one answer.
const confirmTime = 30 * time.Second

// confirmer sends the newest position that it was offered, one at a time: what
// was offered while an answer is awaited is one confirmation in the end.
type confirmer struct {
	host, port string
	peer       *peer
	offers     chan schema.Position
	answers    chan confirmed
}

// confirmed is the answer to a confirmation.
type confirmed struct {
	id     int32
	result schema.Result
}

func newConfirmer(host, port string, p *peer) *confirmer {
	return &confirmer{host: host, port: port, peer: p, offers: make(chan schema.Position, 1), answers: make(chan confirmed, 1)}
}

// offer never waits. It is for one goroutine.
func (f *confirmer) offer(p schema.Position) {
	select {
	case <-f.offers:
	default:
	}
	f.offers <- p
}

// answer hands over an answer that was read; an error is one that nobody asked
// for.
func (f *confirmer) answer(m *wire.Message) error {
	var r wire.ExtendedResponse
	if err := r.Decode(m.Body); err != nil {
		return fmt.Errorf("answer to a confirmation: %w", err)
	}
	select {
	case f.answers <- confirmed{m.ID, r.Result}:
		return nil
	default:
		return fmt.Errorf("%w: the provider answered twice", ErrMember)
	}
}

// run sends until ctx ends, which is no error. It is the only one that sends.
func (f *confirmer) run(ctx context.Context) error {
	var last schema.Position
	for {
		select {
		case <-ctx.Done():
			return nil
		case p := <-f.offers:
			if p == last {
				continue
			}
			if err := f.send(ctx, p); err != nil {
				return err
			}
			last = p
		}
	}
}

func (f *confirmer) send(ctx context.Context, p schema.Position) error {
	tell := Confirmation{f.host, f.port, p}
	id, err := f.peer.send(&wire.ExtendedRequest{Name: []byte(OIDConfirm), Value: tell.Encode(), HasValue: true}, nil)
	if err != nil {
		return err
	}
	late := time.NewTimer(confirmTime)
	defer late.Stop()
	select {
	case <-ctx.Done():
		return nil
	case a := <-f.answers:
		if a.id != id {
			return fmt.Errorf("%w: the provider answered message %d, which is none", ErrMember, a.id)
		}
		if a.result.Code != schema.Success {
			return fmt.Errorf("the provider does not take the confirmation: %w", &a.result)
		}
		return nil
	case <-late.C:
		return fmt.Errorf("the provider did not answer a confirmation for %v", confirmTime)
	}
}
