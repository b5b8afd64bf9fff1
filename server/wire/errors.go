// errors.go: the kinds of faults of incoming bytes, told apart with errors.Is.

package wire

import (
	"errors"
	"fmt"
)

// The three kinds. Every error of this package is of exactly one kind.
var (
	// ErrFatal: the bytes are no encoding that LDAP allows, so nothing behind
	// them can be trusted. The server sends a Notice of Disconnection with
	// protocolError and closes (RFC 4511 4.1.1).
	ErrFatal = errors.New("not an LDAP message")
	// ErrProtocol: the encoding is sound and the next message can be found,
	// but this request is not what RFC 4511 defines: protocolError.
	ErrProtocol = errors.New("malformed request")
	// ErrLimit: a sound request that asks for more than is decoded:
	// adminLimitExceeded, unless noted otherwise.
	ErrLimit = errors.New("request is too large")
)

// Faults of the envelope, all of kind ErrFatal.
var (
	ErrNotLDAP   = fatal("does not begin with a SEQUENCE")
	ErrTooLarge  = fatal("longer than the limit")
	ErrLength    = fatal("length is indefinite or out of range")
	ErrTruncated = fatal("element is longer than what holds it")
	ErrMessageID = fatal("message ID is no integer of 0 to 2147483647")
	ErrEncoding  = fatal("element of a type that LDAP does not use here")
)

// Limits, all of kind ErrLimit.
var (
	// ErrTooManyControls is answered with unwillingToPerform.
	ErrTooManyControls   = limit("too many controls")
	ErrFilterDepth       = limit("filter is nested too deeply")
	ErrFilterItems       = limit("filter has too many items")
	ErrTooManyAttributes = limit("too many attributes requested")
	ErrTooManyValues     = limit("too many values")
	ErrTooManySortKeys   = limit("too many sort keys")
)

// Faults within a request, all of kind ErrProtocol.
var (
	errMissing      = malformed("an element is missing")
	errTag          = malformed("an element has the wrong type")
	errInteger      = malformed("an integer is out of range")
	errEnumerated   = malformed("an enumerated value is not defined")
	errTrailing     = malformed("there is more than one element")
	errControl      = malformed("control")
	errFilterChoice = malformed("unknown kind of filter")
	errSubstrings   = malformed("substrings are empty or out of order")
	errExtensible   = malformed("extensible match has neither type nor matching rule")
	errNoValues     = malformed("an attribute has no values")
	errUUID         = malformed("a UUID has not 16 bytes")
)

// inValue makes a fault of a control's or an extended operation's value one of
// the request: the message around it is sound, so the stream is.
func inValue(err error) error {
	if errors.Is(err, ErrFatal) {
		return fmt.Errorf("%w: value: %v", ErrProtocol, err)
	}
	return err
}

func fatal(text string) error     { return fmt.Errorf("%w: %s", ErrFatal, text) }
func limit(text string) error     { return fmt.Errorf("%w: %s", ErrLimit, text) }
func malformed(text string) error { return fmt.Errorf("%w: %s", ErrProtocol, text) }
