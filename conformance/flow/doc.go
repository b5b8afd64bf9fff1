// Package flow holds the tests of what a site does with dumps: leaving an old
// server, rebuilding a primary, going to slapd and back, with the commands that
// the guide prints. The programs are run as they were built, and faults (kill,
// full disk, a reader that goes away) are made for real. It is not for the forms
// that LDIF and old database files can have, which package schema/ldif and the
// database reader test themselves.
package flow
