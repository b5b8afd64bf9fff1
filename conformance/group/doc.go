// doc.go: what the package is for.

// Package group runs several of the built servers as a failover group: on
// loopback ports, or each in a network namespace of its own whose traffic a
// test can cut, thin out and slow down. It runs their programs, reads their
// status and metrics, waits for a state of the group, compares what the
// members hold, and keeps readers busy that notice a read that fails or goes
// back in time.
//
// It is NOT a test, decides nothing about replication, and knows of the
// servers only what their programs print and what they answer.
package group
