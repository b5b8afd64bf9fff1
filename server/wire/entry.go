// entry.go: search result entries, put together from stored attributes.

package wire

import (
	"unicode/utf8"

	"github.com/sunray-ds/utdsd/schema/ber"
)

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

// AppendEntry appends a SearchResultEntry without controls, of which the attributes,
// whole PartialAttribute elements, are known. It is what BeginEntry and EndEntry
// make, in half the time: nothing has to make room for a length.
func AppendEntry(dst []byte, id int32, dn, attributes []byte) []byte {
	if !utf8.Valid(dn) {
		dst, m := BeginEntry(dst, id, dn)
		return EndEntry(append(dst, attributes...), m, nil)
	}
	entry := ber.HeaderSize(len(dn)) + len(dn) + ber.HeaderSize(len(attributes)) + len(attributes)
	dst = ber.AppendHeader(dst, ber.TagSequence, ber.IntSize(int64(id))+ber.HeaderSize(entry)+entry)
	dst = ber.AppendInt(dst, ber.TagInteger, int64(id))
	dst = ber.AppendHeader(dst, TagSearchResultEntry, entry)
	dst = ber.AppendBytes(dst, ber.TagOctetString, dn)
	return ber.AppendBytes(dst, ber.TagSequence, attributes)
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
