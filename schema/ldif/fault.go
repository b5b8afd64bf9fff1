// What can be wrong with a line, and where it was found.

package ldif

import (
	"fmt"
	"strconv"
)

// Kind says what is wrong with a line or a record.
type Kind uint8

// The faults of LDIF text.
const (
	NoColon         Kind = iota + 1 // neither "name: value" nor anything else that is known
	EmptyValue                      // no value, and the dialect asks for one
	BrokenBase64                    // "::" and then something else than base64
	BadName                         // what stands before the colon is no attribute description
	URLRefused                      // ":<" and no opener, or the opener's error
	TooLong                         // more than Reader.MaxValue
	BadContinuation                 // a continuation with no line before it
	NoDN                            // a record ends without a dn line
	BeforeDN                        // a line that may not stand before the dn line
	SecondDN                        // a dn line inside a record: a blank line is missing
	BadVersion                      // a version other than 1
	BadID                           // an entry id or a time too large for 64 bits or no number
	BadControl                      // a control line RFC 2849 does not know
	BadChange                       // an unknown changetype, or lines that do not fit it
)

// String is a sentence without an end.
func (k Kind) String() string {
	switch k {
	case NoColon:
		return "no colon in line"
	case EmptyValue:
		return "empty value"
	case BrokenBase64:
		return "broken base64"
	case BadName:
		return "not an attribute name before the colon"
	case URLRefused:
		return "value from a URL refused"
	case TooLong:
		return "line too long"
	case BadContinuation:
		return "continuation without a line before it"
	case NoDN:
		return "record without a dn line"
	case BeforeDN:
		return "line before the dn line"
	case SecondDN:
		return "second dn line in a record (blank line missing)"
	case BadVersion:
		return "unknown LDIF version"
	case BadID:
		return "not a usable number"
	case BadControl:
		return "bad control line"
	case BadChange:
		return "bad change record"
	}
	return "ldif fault " + strconv.Itoa(int(k))
}

// SyntaxError is a fault of the input and its place. It never quotes a value:
// the line may hold a password and the error goes to a log.
type SyntaxError struct {
	Line   int    // where the faulty line begins, from 1; for a folded line its first
	Record int    // where the record begins; 0 before the first
	DN     string // of the record; empty when not known yet
	Kind   Kind
	Msg    string // more about it; may be empty
	Err    error  // the opener's error for URLRefused; else nil
}

// maxShownDN keeps a damaged file from filling a log with one DN.
const maxShownDN = 256

// Error names line, entry and fault.
func (e *SyntaxError) Error() string {
	where := "line " + strconv.Itoa(e.Line)
	if e.DN != "" {
		dn := e.DN
		if len(dn) > maxShownDN {
			dn = dn[:maxShownDN] + "..."
		}
		where += fmt.Sprintf(", entry %q at line %d", dn, e.Record)
	}
	text := where + ": " + e.Kind.String()
	if e.Msg != "" {
		text += ": " + e.Msg
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the opener's error.
func (e *SyntaxError) Unwrap() error { return e.Err }
