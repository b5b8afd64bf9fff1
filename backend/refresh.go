package backend

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// RefreshOptions say what the content of a refresh is.
type RefreshOptions struct {
	// From is where the store must be when it is replaced; with an empty
	// From.Epoch: where it is when Refresh is called.
	From schema.Position
	// Position is that of the content, which Refresh verifies, Epochs the
	// history that it is in, ContextCSN the CSN of the provider's newest change
	// ("": the newest entryCSN of the content). None of a ForeignProvider.
	Position   schema.Position
	Epochs     []schema.Epoch
	ContextCSN string

	ForeignProvider bool   // a server of another make, without positions
	Cookie          string // of a ForeignProvider; it is kept with the state

	Jobs     int // goroutines at work; the number of processors
	Progress func(LoadProgress)
}

func (o *RefreshOptions) finish(d *loaded, began time.Time) error { return errors.New("refresh: not yet") }

// Refresh replaces the store by one made from src, LDIF as a dump has it.
func (v *Served) Refresh(ctx context.Context, src io.Reader, o RefreshOptions, switched func()) error {
	return errors.New("refresh: not yet")
}
