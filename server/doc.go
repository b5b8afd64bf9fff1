// Package server speaks LDAP (RFC 4511, versions 2 and 3 on the same port) to
// clients: it knows connections, sessions, access, limits, controls and the
// answers to each operation.
//
// It knows no bytes (server/wire does), no files and no transactions (the
// Store that it is given does), and it does not replicate: what has changed
// since when, a Syncer knows.
//
// A connection has one goroutine that reads requests and runs short
// operations itself, in order. Two things leave it: a write waits in the
// store's queue while further requests are read, and a search that is not done
// after its first slice gets a goroutine of its own, so that Abandon, Cancel
// and other operations go on. A bind waits for everything in flight, and a
// read waits for the connection's own writes before it, so requests take
// effect in the order in which they were sent.
//
// A search with the Sync Request control (RFC 4533), a persistent search and an
// Extension have a goroutine from the start. What does not end by itself is
// ended, with an answer, by a bind, by Shutdown and by Recycle.
//
// Members of the failover group bind by SCRAM-SHA-256 with the group signature;
// they read everything, as it is stored, and write nothing.
package server
