// server.go: what every server under test has in common, whichever program it is.

// Package harness starts LDAP servers for the black-box tests of conformance:
// the project's own utdsd, built from the tree that is tested, and OpenLDAP's
// slapd as an independent implementation to prove a suite against. It hands
// out addresses, waits until a server answers, captures its log, stops, kills
// and restarts it, and never leaves a process behind.
//
// It is NOT for unit tests (a package's own tests need no process), holds no
// expectations about answers, and imports nothing of the server: it knows
// programs, files and the network only.
package harness

import "testing"

// The naming of the tree that both servers hold when they start.
const (
	Suffix  = "o=utdata"
	AdminDN = "cn=admin," + Suffix
	// Password is the one of AdminDN and of the utadmin entry. It is odd
	// enough to be searched for in logs, where it must never appear.
	Password = "Zebra-7-in-the-harness"
	// Group is the failover group when Options names none.
	Group = "farm"
)

// Kind tells which program a Server is.
type Kind string

// The servers that the harness can start.
const (
	Ours      Kind = "utdsd"
	Reference Kind = "slapd"
)

// Endpoint is how to reach a server and who may write.
type Endpoint struct {
	Kind      Kind
	URL       string // ldap://127.0.0.1:PORT
	SecureURL string // ldaps://127.0.0.1:PORT, empty without TLS
	Address   string // 127.0.0.1:PORT of URL
	CAFile    string // PEM certificate that signed the server's; empty without TLS
	Group     string // utname below o=v1,o=utdata
}

// UtadminDN is the DN of the second identity that may write.
func (e Endpoint) UtadminDN() string {
	return "cn=utadmin,utname=" + e.Group + ",o=v1," + Suffix
}

// Server is a started server. Its methods fail the test they are given when
// the server does not do as asked in time. The test that started a server
// need not stop it: that is done when the test ends.
type Server interface {
	Endpoint() Endpoint
	// Pid is the process id of the running server, 0 when it is stopped.
	Pid() int
	// Log is everything the server printed so far, all starts together.
	Log() string
	// Stop ends the server with SIGTERM and waits for it.
	Stop(tb testing.TB)
	// Kill ends the server with SIGKILL and waits for it.
	Kill(tb testing.TB)
	// Restart starts a stopped or killed server again on the same address
	// and data and waits until it answers.
	Restart(tb testing.TB)
}
