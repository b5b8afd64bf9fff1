// doc.go: what the package is for.

// Package bench measures the built server beside OpenLDAP's slapd: the same data
// and indexes, the same durability (an answer to a write means synced), on one
// machine, in one run, in rounds that take turns. "make bench" runs it, prints
// the table and draws the curves of docs/performance.md; "make bench-quick" is a
// minute of it. What can be turned is in settings.go.
//
// Processor time for each operation is the steadiest figure: the load and both
// servers share the cores, so rates of a fast server are bounded by the load.
//
// It is NOT a test of what the server answers, although every answer is checked,
// and knows of the servers only what their programs print and what they answer.
package bench
