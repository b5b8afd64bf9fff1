// doc.go: what the package is, what it covers and how a difference is judged.

// Package model is a directory server in a map: Add, Modify, Delete, ModifyDN,
// Compare, Search and Bind over entries that are found by their normalised
// name, written from the RFCs for being obviously right and for nothing else.
// Its tests send the same random operations to it and to a server that was
// built, and every answer must be the same.
//
// It is NOT a server for anybody: it has no network, no controls, no access
// rules, no aliases and no referrals, looks at every entry for every search,
// and knows only the attribute types and classes that its own generator uses.
// It imports nothing of the project, so that an error is not made twice.
//
// # Who is right
//
// Expected values come from RFC 4511, 4512, 4517 and 4518. They leave open
// which of several faults of one request is reported; there the model takes
// the order of OpenLDAP's slapd, which the generator's sequences prove: the
// tests run them against slapd 2.5 too. Where slapd does other than the RFCs,
// the model follows the RFCs and Deviations says what slapd does instead.
package model
