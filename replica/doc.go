// Package replica has the rules of one-way replication by changelog: what a
// member of a failover group is (Role), how a consumer names the state it has
// (Cookie), and what a provider and a consumer that meet do with each other
// (Outcome).
//
// It opens no store and no file of the store, and it speaks no LDAP operation
// but those of replication. The decisions are pure functions, so that every
// case of them is a line in a table.
//
// # Protocol
//
// A position (schema.Position) is epoch, change number and state hash. The
// cookie of RFC 4533 carries it behind the fields that OpenLDAP's consumers
// keep:
//
//	rid=001,csn=20261122184228.123456Z#000000#000#000000,pos=EPOCH.SEQ.HASH
//
// A consumer applies only what fits its position. Two stores with the same
// epoch and number but another hash have diverged, which is found at the first
// contact and never papered over.
package replica
