// doc.go: what the package is for.

// Package load makes servers work and watches what it costs them: it keeps many
// connections busy with requests that were encoded beforehand, checks each
// answer, and measures rates, latencies and the processor time of the server.
//
// The load shares the cores with the server, so what it does for a request is
// kept small: one thread serves all connections (package net would take a
// goroutine and two switches of it for each answer, about as much as an answer
// costs a good server), a request is copied and its messageID is put in, and an
// answer is compared by checksum with one that was compared value by value
// before.
//
// It is NOT an LDAP client: it knows the few messages that the benchmark needs,
// speaks to loopback addresses only, and stops at the first wrong answer.
package load
