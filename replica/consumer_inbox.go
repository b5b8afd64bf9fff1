package replica

// What was received and is not applied yet.

import (
	"context"
	"sync"

	"github.com/sunray-ds/utdsd/schema"
)

// inboxSize bounds what waits, in bytes; a single batch may be larger. When it
// is full nothing is read, and the provider makes fewer and larger batches.
const inboxSize = 32 << 20

// item is one thing to do: a batch to apply, or a refresh.
type item struct {
	batch   *schema.Batch
	size    int
	refresh *refreshText
}

// inbox is a queue between the goroutine that receives and the one that
// applies.
type inbox struct {
	mu    sync.Mutex
	items []item
	size  int
	err   error // why nothing more comes; nil: more comes

	news, room chan struct{} // one slot each
}

func newInbox() *inbox {
	return &inbox{news: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// put waits for room.
func (b *inbox) put(ctx context.Context, it item) error {
	for {
		b.mu.Lock()
		fits := len(b.items) == 0 || b.size+it.size <= inboxSize
		if fits {
			b.items = append(b.items, it)
			b.size += it.size
		}
		b.mu.Unlock()
		if fits {
			poke(b.news)
			return nil
		}
		select {
		case <-b.room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// close tells that nothing more comes, and why.
func (b *inbox) close(err error) {
	b.mu.Lock()
	b.err = err
	b.mu.Unlock()
	poke(b.news)
}

// take waits for something to do. Batches that can be made one are one
// transaction. After the last item the error is that of close.
func (b *inbox) take(ctx context.Context) (item, error) {
	for {
		b.mu.Lock()
		items, err := b.items, b.err
		if len(items) > 0 {
			it, n := joinItems(items)
			for _, taken := range items[:n] {
				b.size -= taken.size
			}
			b.items = append([]item(nil), items[n:]...)
			b.mu.Unlock()
			poke(b.room)
			return it, nil
		}
		b.mu.Unlock()
		if err != nil {
			return item{}, err
		}
		select {
		case <-b.news:
		case <-ctx.Done():
			return item{}, context.Cause(ctx)
		}
	}
}
