// entry.go: search result entries, put together from stored attributes.

package wire

import "github.com/sunray-ds/utdsd/schema/ber"

// EntryMark remembers where an entry that is being appended begins.
type EntryMark struct {
	response responseMark
	list     int
}

// BeginEntry appends the start of a SearchResultEntry (RFC 4511 4.5.2). The
// caller then appends whole PartialAttribute elements to the returned buffer
// and hands it to EndEntry. To drop the entry again, cut the buffer to its
// length before.
func BeginEntry(dst []byte, id int32, dn []byte) ([]byte, EntryMark) {
	var m EntryMark
	dst, m.response = beginResponse(dst, id, TagSearchResultEntry)
	dst = appendText(dst, dn, '\\')
	dst, m.list = ber.Begin(dst, ber.TagSequence)
	return dst, m
}

// EndEntry fills in the lengths and appends controls, which AppendControl made
// or are nil.
func EndEntry(dst []byte, m EntryMark, controls []byte) []byte {
	return endResponse(ber.End(dst, m.list), m.response, controls)
}

// BeginReadEntry is BeginEntry for the value of a pre-read or post-read
// response control (RFC 4527 3): the entry without the message around it.
func BeginReadEntry(dst, dn []byte) ([]byte, EntryMark) {
	var m EntryMark
	dst, m.response.op = ber.Begin(dst, TagSearchResultEntry)
	dst = appendText(dst, dn, '\\')
	dst, m.list = ber.Begin(dst, ber.TagSequence)
	return dst, m
}

// EndReadEntry ends what BeginReadEntry began.
func EndReadEntry(dst []byte, m EntryMark) []byte {
	return ber.End(ber.End(dst, m.list), m.response.op)
}
