// doc.go: what the package is, the promise it tests, and how.

// Package faults breaks the built server while it writes and looks at what is
// left: it is killed at random moments and at chosen system calls, its flushes
// and writes fail, its disk fills up. What every test asks is the same: is each
// change that was acknowledged there, is each that was not there whole or not
// at all, has each exactly one record in the changelog, and does the server's
// own check find the store good.
//
// The same is done to primaries and secondaries of a failover group, and to the
// network between them (farm_test.go). There it is asked besides: does every
// secondary come level by itself, with equal dumps and equal state hashes, and
// does nobody who reads one server ever see it go back in time.
//
// It is NOT for wrong requests (conformance/model, conformance/corpus), nor for
// the durability of a disk that lies.
//
// # How
//
// Clients own the entries that they write, so the last acknowledged state of
// each is known. A client keeps a ledger: a line before it sends a request and
// one after the answer. The oracle (oracle_test.go) compares the ledgers with
// what the restarted server returns. System calls are watched and made to fail
// with strace, which needs no change of the server.
//
// From the recorded writes every state is made in which a lost power can leave
// the file: of what was not flushed nothing, a part, or all but a part, or half of
// a write (states_test.go). The check and the dump look at each. And what is on
// the disks of a primary and a secondary at an instant is looked at as after a
// power failure: these disks are files on an XFS, which copies a file in no time
// (disk_test.go).
//
// make soak runs an hour of all this on one group of servers (soak_test.go): what
// they need must not grow from fault to fault.
//
// Every test prints its seed; FAULTS_SEED asks for one again. FAULTS_TIMES makes
// every fault come so many times more often than in make test, FAULTS_KEEP names
// a folder where a failing test leaves stores, ledgers and logs. That the tests
// find anything at all is shown with programs that were spoilt on purpose
// (sabotage_test.go).
package faults
