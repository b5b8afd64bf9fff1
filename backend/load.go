package backend

// Load: building a store from LDIF beside the one that is there, and putting
// it in its place when it is complete.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

// LoadOptions say how to load. Schema is required, the zero value of everything
// else is a default.
type LoadOptions struct {
	Schema  *schema.Schema
	Suffix  string // name of the topmost entry; DefaultSuffix
	Indexes Indexes
	Jobs    int    // goroutines at work; the number of processors
	Strict  bool   // end with the first problem that is no note
	Partial bool   // a dump of ours that is cut off is loaded as far as it goes
	Actor   string // creatorsName and modifiersName of entries without them
	Dialect Dialect
	Clock   func() time.Time

	// Report is told of every problem, in the order of the input but for those
	// that show only when all of it is read. Calls do not overlap.
	Report func(LoadProblem)
	// Progress is told from time to time how far the load is.
	Progress func(LoadProgress)
}

// Dialect is the kind of LDIF of the input, where two kinds contradict each
// other (see package ldif).
type Dialect uint8

// With DialectAuto the beginning of the input decides: what our own utldbmcat or
// slapcat wrote, or what has a version line, is RFC 2849, in which a value may be
// empty; all else is the old tools' dialect, in which that is a fault.
const (
	DialectAuto Dialect = iota
	DialectRFC2849
	DialectAncestor
)

// LoadStage is a part of the work.
type LoadStage string

// The stages of a load, in their order.
const (
	LoadReading  LoadStage = "reading"
	LoadWriting  LoadStage = "writing"
	LoadChecking LoadStage = "checking"
)

// LoadProgress tells how far a load is.
type LoadProgress struct {
	Stage   LoadStage
	Entries uint64 // read, written or checked
	Bytes   int64  // of the input that were read
}

// LoadResult tells what became of a load.
type LoadResult struct {
	Entries      uint64 // in the store
	Placeholders int    // of these, made up in the place of missing superiors
	LeftOut      int    // entries of the input that are not in the store
	Problems     int    // reported; notes not among them
	Lines        int    // of the input
	NextID       uint64
	Position     schema.Position
	Previous     string // file of the store that was replaced; "" if there was none
}

// Errors of Load that mean something to the caller.
var (
	// ErrEmptyInput: no entry of the input is fit for a store.
	ErrEmptyInput = errors.New("the input has no entry for the store")
	// ErrCutOff: the input is a dump of ours without its last line.
	ErrCutOff = errors.New("the dump is cut off: its last line is not \"# end: ...\", so entries at its end are missing")
	// ErrNotDurable: the new store is in its place and whole, and nobody knows
	// which of the two a power failure would leave.
	ErrNotDurable = errors.New("the new store is in its place, but it is not certain to survive a power failure")
)

// loader is one load.
type loader struct {
	opts      LoadOptions
	schema    *schema.Schema
	suffixKey []byte
	indexes   []*index
	dialect   ldif.Dialect
	began     time.Time
	now       []byte // generalizedTime of began
	problems  problems
	origin    dumpHeader // what the input says about where it comes from
	refresh   *content   // not nil: the input is the content of a provider
	lines     int

	ids       idSet
	uuids     uuidSet
	maxID     uint64 // of the input's own ids
	given     uint64 // ids given to entries without one
	seen      uint64 // entries that came
	csn       csn
	dropped   idSet
	left      int
	lostNames int // placeholders

	entries, names, uuidKeys *sorter
	indexKeys                []*sorter
	idBuf                    [idSize]byte
	buf                      []byte
	rekey                    indexKeys
}

// Load builds a store from the LDIF in src and puts it at path, where it
// replaces what is there. Until that last step, which is one rename, path stays
// as it is, whatever happens; so it does if Load returns an error, but for
// ErrNotDurable. The store that is replaced is kept with the suffix .previous. The caller makes sure that a store
// may be replaced; Load makes sure that none is that is in use (ErrLocked).
//
// Ids in the input are kept, and entries without one get ids behind the largest.
// Entries may come in any order. Missing superiors get a placeholder, because
// what lies below a lost entry is not lost. Entries that cannot be stored
// (no valid name, outside of the suffix, a name that is there already) are left
// out; everything of the kind is reported.
//
// The new store begins a new epoch of the kind restored. Its changelog is empty
// and goes on behind the position of the dump.
func Load(ctx context.Context, path string, src io.Reader, o LoadOptions) (*LoadResult, error) {
	l, err := newLoader(o)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	site, err := lockLoad(path)
	if err != nil {
		return nil, err
	}
	d, err := l.load(ctx, site, src)
	previous := ""
	if err == nil {
		previous, err = site.install()
	}
	if err == nil {
		if err = syncDir(site.dir); err != nil {
			err = fmt.Errorf("%w: %w", ErrNotDurable, err)
		}
	}
	if err = errors.Join(err, site.release()); err != nil {
		return nil, err
	}
	return l.result(d, previous), nil
}

func newLoader(o LoadOptions) (*loader, error) {
	if o.Schema == nil {
		return nil, errors.New("no schema")
	}
	if o.Suffix == "" {
		o.Suffix = DefaultSuffix
	}
	if o.Jobs < 1 {
		o.Jobs = runtime.GOMAXPROCS(0)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Report == nil {
		o.Report = func(LoadProblem) {}
	}
	if o.Progress == nil {
		o.Progress = func(LoadProgress) {}
	}
	l := &loader{opts: o, schema: o.Schema, began: o.Clock(),
		problems: problems{strict: o.Strict, report: o.Report, told: map[string]struct{}{}}}
	l.now = generalizedTime(l.began)
	var err error
	if l.suffixKey, err = o.Schema.AppendDNKey(nil, []byte(o.Suffix)); err != nil || len(l.suffixKey) == 0 {
		return nil, fmt.Errorf("suffix %q: %w", o.Suffix, errors.Join(err, schema.ErrDN))
	}
	l.indexes, err = makeIndexes(o.Schema, o.Indexes)
	return l, err
}

// holds tells whether the store has a place for this key.
func (l *loader) holds(key []byte) bool {
	return string(key) == string(l.suffixKey) || schema.KeyUnder(key, l.suffixKey)
}

// load makes the file of the new store, complete and synced, under its working
// name.
func (l *loader) load(ctx context.Context, site *loadSite, src io.Reader) (d *loaded, err error) {
	l.openSorters(site.dir)
	defer func() { err = errors.Join(err, l.closeSorters()) }()
	if err := l.read(ctx, src); err != nil {
		return nil, err
	}
	file, err := site.create()
	if err != nil {
		return nil, err
	}
	d, err = l.build(ctx, file)
	if err == nil {
		err = l.check(ctx, file, d)
	}
	if err == nil {
		if err = file.Sync(); err != nil {
			err = fmt.Errorf("sync the new store: %w", err)
		}
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, err
	}
	return d, nil
}

func (l *loader) result(d *loaded, previous string) *LoadResult {
	return &LoadResult{
		Entries: d.st.entries, Placeholders: l.lostNames, LeftOut: l.left, Problems: l.problems.count, Lines: l.lines, NextID: d.st.nextID,
		Position: d.position(), Previous: previous,
	}
}

// openSorters makes one for each bucket. As many buffers as there are jobs are
// sorted at once.
func (l *loader) openSorters(dir string) {
	workers := make(chan struct{}, l.opts.Jobs)
	l.entries, l.names, l.uuidKeys = newSorter(dir, workers), newSorter(dir, workers), newSorter(dir, workers)
	for range l.indexes {
		l.indexKeys = append(l.indexKeys, newSorter(dir, workers))
	}
}

func (l *loader) closeSorters() error {
	var errs []error
	for _, s := range append([]*sorter{l.entries, l.names, l.uuidKeys}, l.indexKeys...) {
		errs = append(errs, s.close())
	}
	return errors.Join(errs...)
}
