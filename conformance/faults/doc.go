// doc.go: what the package is, the promise it tests, and how.

// Package faults breaks the built server while it writes and looks at what is
// left: it is killed at random moments and at chosen system calls, its flushes
// and writes fail, its disk fills up. What every test asks is the same: is each
// change that was acknowledged there, is each that was not there whole or not
// at all, has each exactly one record in the changelog, and does the server's
// own check find the store good.
//
// It is NOT for wrong requests (conformance/model, conformance/corpus), nor for
// replication, nor for the durability of a disk that lies.
//
// # How
//
// Clients own the entries that they write, so the last acknowledged state of
// each is known. A client keeps a ledger: a line before it sends a request and
// one after the answer. The oracle (oracle_test.go) compares the ledgers with
// what the restarted server returns. System calls are watched and made to fail
// with strace, which needs no change of the server.
//
// Every test prints its seed; FAULTS_SEED asks for one again.
package faults
