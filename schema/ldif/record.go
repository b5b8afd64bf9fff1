// The nouns of the package: a record and a control.

package ldif

import (
	"errors"
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
)

// manageDsaIT is the control of RFC 3296.
const manageDsaIT = "2.16.840.1.113730.3.4.2"

// ErrControl is returned by ToChange for a critical control it cannot carry.
var ErrControl = errors.New("critical control not supported")

// Control is a control line of a change record (RFC 2849).
type Control struct {
	OID      string
	Critical bool
	Value    []byte // nil is none, which differs from an empty one
}

// Record is one record of an LDIF file: an entry, or a change.
type Record struct {
	ID   uint64 // the id line of the old dialect; 0 is none
	Time int64  // the time line of a changelog, Unix seconds; 0 is none
	Line int    // the first line of the record, from 1
	DN   string // as in the file

	// Attributes of a content record, in the order of the file. An attribute
	// whose values are scattered stands where its first value stood, under the
	// name it first had (names are equal without regard to ASCII case); the
	// order of the values is kept.
	Attributes []schema.RawAttribute

	Controls []Control
	Change   *schema.Change // nil for a content record; owns its memory
}

// ToChange gives the change that the record asks for: that of a change record,
// or the add of a content record (which then shares the record's memory). A
// ManageDsaIT control becomes the flag; any other critical control is
// ErrControl, any other uncritical one is left out, as RFC 4511 4.1.11 lets a
// server do.
func (r *Record) ToChange() (*schema.Change, error) {
	c := schema.Change{Kind: schema.ChangeAdd, DN: r.DN, Attributes: r.Attributes}
	if r.Change != nil {
		c = *r.Change
	}
	for _, ctl := range r.Controls {
		switch {
		case ctl.OID == manageDsaIT:
			c.ManageDsaIT = true
		case ctl.Critical:
			return nil, fmt.Errorf("ldif record at line %d: %w: %s", r.Line, ErrControl, ctl.OID)
		}
	}
	return &c, nil
}
