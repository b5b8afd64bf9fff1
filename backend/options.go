package backend

import (
	"errors"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sunray-ds/utdsd/schema"
)

// Defaults of Options.
const (
	DefaultSuffix        = "o=utdata"
	DefaultChangelogKeep = 1_000_000
	DefaultChangelogMin  = 100_000
	DefaultChangelogAge  = 30 * 24 * time.Hour
)

// exitStore is the exit status of a process whose store failed.
const exitStore = 3

// Reasons why a store cannot be opened, for errors.Is. The errors of Open wrap
// them in a sentence that says what to do.
var (
	ErrNotThere = errors.New("store not there")
	ErrExists   = errors.New("store already there")
	ErrLocked   = errors.New("store in use by another process")
	ErrForeign  = errors.New("not a store of this program")
	ErrIndex    = errors.New("index") // of what cannot have one
)

// Indexes names the attribute types that have an index.
type Indexes struct {
	Eq  []string // equality
	Sub []string // substrings
}

// Options say how to open a store. Schema is required, the zero value of
// everything else is a default.
type Options struct {
	Schema  *schema.Schema
	Suffix  string // name of the topmost entry, only when a store is made; DefaultSuffix
	Indexes Indexes

	// Create makes the store; it must not be there yet. ReadOnly opens it for
	// tools: no writer, no change, and several processes may do it at once.
	Create   bool
	ReadOnly bool
	// EpochKind is the kind of the first epoch of a new store; schema.EpochInitial.
	EpochKind schema.EpochKind

	// ChangelogKeep and ChangelogAge bound the changelog: what is beyond either
	// is deleted. Negative is no bound. ChangelogMin changes are kept in any
	// case within these, and longer while a secondary may need them (see
	// Store.Confirmed); negative is: all that the bounds allow.
	ChangelogKeep int
	ChangelogAge  time.Duration
	ChangelogMin  int

	// Ballast is how many bytes a file beside the store sets aside on its disk, if
	// there is room, and never more than a small part of the disk. When the disk is
	// full it is given up, so that entries can be deleted; what needs room is
	// refused until there is as much room again. 0 is none, and leaves alone what
	// there is; negative removes it. It has no meaning with ReadOnly.
	Ballast int64

	// WalkLater opens a store at once that was closed in order: its pages are
	// looked at meanwhile. A read waits for the part that it needs, a change for
	// all of it. Damage then calls Fatal. It has no meaning with ReadOnly.
	WalkLater bool

	Registry prometheus.Registerer // nil: no metrics
	Log      *slog.Logger
	Clock    func() time.Time

	// Fatal is called when a commit has failed and nobody knows what is on
	// disk, and when WalkLater has found damage. No change is acknowledged
	// afterwards. The default logs and ends the process.
	Fatal func(error)
	// Progress is told how far the building of an index has come, in entries.
	Progress func(done, total int)

	beforeWalk func() // tests wait here; nil but there
	// onDraft is told whether a draft holds; nil but in tests.
	onDraft func(bool)
}

// withDefaults fills what is left out.
func (o Options) withDefaults() Options {
	if o.Suffix == "" {
		o.Suffix = DefaultSuffix
	}
	if o.EpochKind == "" {
		o.EpochKind = schema.EpochInitial
	}
	if o.ChangelogKeep == 0 {
		o.ChangelogKeep = DefaultChangelogKeep
	}
	if o.ChangelogMin == 0 {
		o.ChangelogMin = DefaultChangelogMin
	}
	if o.ChangelogAge == 0 {
		o.ChangelogAge = DefaultChangelogAge
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Fatal == nil {
		log := o.Log
		o.Fatal = func(err error) {
			log.Error("the store has failed, ending the process", "error", err)
			os.Exit(exitStore)
		}
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	return o
}
