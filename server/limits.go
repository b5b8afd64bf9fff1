package server

import (
	"errors"
	"syscall"
	"time"

	"github.com/sunray-ds/utdsd/server/wire"
)

// Limits bounds what one client can ask for. Zero fields take the default.
type Limits struct {
	Connections int // at once
	Persistent  int // searches that persist, at once, but of administrators and members
	UnboundPDU  int // bytes of one message before a bind
	BoundPDU    int // and after it

	UnboundOps int // operations in flight on a connection before a bind
	BoundOps   int // and after it

	MessageTimeout time.Duration // from the first byte of a message to its last
	UnboundIdle    time.Duration
	BoundIdle      time.Duration
	WriteTimeout   time.Duration // a client that takes no bytes for so long is cut

	SizeLimit int           // entries of a search by anyone but an administrator
	TimeLimit time.Duration // of a search by anyone but an administrator
	SortLimit int           // bytes that a sorted search may collect

	FilterDepth int // nested And, Or and Not of one filter
	FilterItems int // items of one filter
	Attributes  int // that one search asks for
	Values      int // modifications, attributes and values of one add or modify
	Controls    int // of one message
}

// decoding are those limits that hold while a message is taken apart.
func (l *Limits) decoding() *wire.Limits {
	return &wire.Limits{Controls: l.Controls, FilterDepth: l.FilterDepth, FilterItems: l.FilterItems, Attributes: l.Attributes, Values: l.Values}
}

// DefaultLimits are the figures that README documents.
func DefaultLimits() Limits {
	return Limits{
		Connections: 16384,
		Persistent:  256,
		UnboundPDU:  256 << 10,
		BoundPDU:    4 << 20,
		UnboundOps:  32,
		BoundOps:    128,

		MessageTimeout: 30 * time.Second,
		UnboundIdle:    300 * time.Second,
		BoundIdle:      3600 * time.Second,
		WriteTimeout:   30 * time.Second,

		SizeLimit: 500,
		TimeLimit: 60 * time.Second,
		SortLimit: 64 << 20,

		FilterDepth: wire.MaxFilterDepth,
		FilterItems: wire.MaxFilterItems,
		Attributes:  wire.MaxAttributes,
		Values:      wire.MaxValues,
		Controls:    wire.MaxControls,
	}
}

// fill puts defaults where nothing is set, and keeps file descriptors back for
// the store, the logs and the tools.
func (l *Limits) fill() {
	d := DefaultLimits()
	for _, p := range []struct{ v, d *int }{
		{&l.Connections, &d.Connections}, {&l.Persistent, &d.Persistent}, {&l.UnboundPDU, &d.UnboundPDU}, {&l.BoundPDU, &d.BoundPDU},
		{&l.UnboundOps, &d.UnboundOps}, {&l.BoundOps, &d.BoundOps}, {&l.SizeLimit, &d.SizeLimit}, {&l.SortLimit, &d.SortLimit},
		{&l.FilterDepth, &d.FilterDepth}, {&l.FilterItems, &d.FilterItems}, {&l.Attributes, &d.Attributes}, {&l.Values, &d.Values}, {&l.Controls, &d.Controls},
	} {
		if *p.v == 0 {
			*p.v = *p.d
		}
	}
	for _, p := range []struct{ v, d *time.Duration }{
		{&l.MessageTimeout, &d.MessageTimeout}, {&l.UnboundIdle, &d.UnboundIdle}, {&l.BoundIdle, &d.BoundIdle},
		{&l.WriteTimeout, &d.WriteTimeout}, {&l.TimeLimit, &d.TimeLimit},
	} {
		if *p.v == 0 {
			*p.v = *p.d
		}
	}
	var r syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r) == nil && r.Cur > 2*reservedFiles {
		l.Connections = min(l.Connections, int(min(r.Cur, 1<<30))-reservedFiles)
	}
}

// reservedFiles is the number of file descriptors that connections never take.
const reservedFiles = 64

// temporary tells whether accepting may work again later.
func temporary(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EINTR} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// The amounts of work after which an operation lets others run.
const (
	// inlineExamine is how many candidates a search may look at before it
	// leaves the connection's goroutine.
	inlineExamine = 256
	// inlinePage is the same for a page, about a millisecond: pages of 500
	// entries stay, which makes them a quarter faster. It may fill
	// inlineBuffers.
	inlinePage    = 1024
	inlineBuffers = 8
	// sliceExamine is the same for one read transaction of a long search.
	sliceExamine = 8192
	// flushAt is the size of the answer buffer at which it is sent, whatever
	// requests are waiting.
	flushAt = 64 << 10
	// maxPaged is how many paged searches a connection may have open.
	maxPaged = 8
)
