// Package answer tells what an error of the LDAP library is: what a server has
// answered, or why it has not.
//
// It is not for what the error means to somebody; that is the caller's.
package answer

import (
	"errors"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// Refused tells whether a server has answered, and not with success.
func Refused(err error) bool {
	var e *ldap.Error
	return errors.As(err, &e) && e.ResultCode < ldap.ErrorNetwork
}

// silence is the text of the library's error for a server that did not answer in
// time. It has no other sign of that.
const silence = "ldap: connection timed out"

// TimedOut tells whether a server that was reached did not answer in time.
func TimedOut(err error) bool {
	var e *ldap.Error
	return errors.As(err, &e) && e.ResultCode == ldap.ErrorNetwork && e.Err != nil && e.Err.Error() == silence
}

// Text is err with a text that can stand in a sentence: the library ends that of
// an answer without a diagnostic text with a colon, and gives one number to all
// errors of the network.
func Text(err error) error {
	var e *ldap.Error
	switch {
	case !errors.As(err, &e) || e.Err == nil:
		return err
	case e.ResultCode == ldap.ErrorNetwork:
		return e.Err
	case e.Err.Error() == "":
		return bare{err}
	}
	return err
}

// bare is an answer without a diagnostic text.
type bare struct{ err error }

func (b bare) Error() string { return strings.TrimSuffix(b.err.Error(), ": ") }

func (b bare) Unwrap() error { return b.err }
