// doc.go: what the package is for.

// Package wire knows the bytes of LDAP: it finds messages in a stream, decodes
// requests and the values of controls and extended operations, and encodes
// results, entries and references (RFC 4511 and the RFCs named at each type).
// For a replica, which is a client, it also does the reverse of that.
//
// It is not for sessions, sockets, access or limits that are configured; it
// knows no schema beyond the shape of a filter, and it decides no result code:
// an error says which of the three kinds in errors.go it is and the server
// answers.
//
// Requests are decoded into values that the caller keeps and reuses. What they
// hold points into the message they were decoded from, so a message must stay
// untouched as long as its request is in use. Encoding appends to a buffer of
// the caller. Neither decoding a search nor encoding an entry or a result
// allocates once the memory has grown to what is needed.
package wire
