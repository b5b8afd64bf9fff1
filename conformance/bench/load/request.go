// request.go: requests as bytes, made once and sent often (RFC 4511 4).

package load

import (
	"fmt"
	"slices"

	"github.com/sunray-ds/utdsd/conformance/bench/dataset"
)

// Tags of the messages that the benchmark has to do with.
const (
	tagBindRequest    = 0x60
	tagSearchRequest  = 0x63
	tagSearchEntry    = 0x64
	tagSearchDone     = 0x65
	tagModifyRequest  = 0x66
	tagAddRequest     = 0x68
	tagDelRequest     = 0x4a
	tagSearchRef      = 0x73
	tagIntermediate   = 0x79
	tagSequence       = 0x30
	tagSet            = 0x31
	tagOctetString    = 0x04
	tagControls       = 0xa0
	pagedResults      = "1.2.840.113556.1.4.319" // RFC 2696
	firstID           = 1 << 24                  // the messageID is in four octets always
	digitsOfStamp     = 8
	stampPlace        = "########" // where the stamp of a sending comes
	replaceValue      = 2          // RFC 4511 4.6
	scopeBase, scopeS = 0, 2       // base object and whole subtree, RFC 4511 4.5.1.2
)

// Request is an LDAPMessage ready to be sent, and what has to come back.
type Request struct {
	pdu    []byte
	id     int   // where the four octets of the messageID are
	stamps []int // where the eight digits are that each sending has of its own
	write  bool

	entries int32         // that have to come
	print   dataset.Print // of these entries together; 0 is not looked at
	sum     uint64        // of their bytes; 0 as long as print was not seen
	user    int           // whom it is about, for requests that write
}

// tlv is one BER element with a definite length of as few octets as it takes.
func tlv(tag byte, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	b := append(make([]byte, 0, n+5), tag)
	switch {
	case n < 1<<7:
		b = append(b, byte(n))
	case n < 1<<8:
		b = append(b, 0x81, byte(n))
	case n < 1<<16:
		b = append(b, 0x82, byte(n>>8), byte(n))
	default:
		b = append(b, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, slices.Concat(parts...)...)
}

func octets(s string) []byte { return tlv(tagOctetString, []byte(s)) }

func enumerated(v byte) []byte { return []byte{0x0a, 1, v} }

// integer is a number from 0 on, in as few octets as it takes (X.690 8.3.2).
func integer(v int) []byte {
	contents := []byte{byte(v)}
	for v > 0x7f {
		v >>= 8
		contents = append([]byte{byte(v)}, contents...)
	}
	return tlv(0x02, contents)
}

// newRequest makes the message around an operation.
func newRequest(op []byte, controls ...[]byte) Request {
	parts := [][]byte{{0x02, 4, 1, 0, 0, 0}, op}
	if len(controls) > 0 {
		parts = append(parts, tlv(tagControls, controls...))
	}
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	r := Request{pdu: tlv(tagSequence, parts...)}
	r.id = len(r.pdu) - n + 2
	for i := 0; i+digitsOfStamp <= len(r.pdu); i++ {
		if string(r.pdu[i:i+digitsOfStamp]) == stampPlace {
			r.stamps = append(r.stamps, i)
			i += digitsOfStamp - 1
		}
	}
	return r
}

const digits = "0123456789abcdef"

// appendTo appends the message with its id and stamp.
func (r *Request) appendTo(b []byte, id, stamp uint32) []byte {
	n := len(b)
	b = append(b, r.pdu...)
	m := b[n:]
	m[r.id], m[r.id+1], m[r.id+2], m[r.id+3] = byte(id>>24), byte(id>>16), byte(id>>8), byte(id)
	for _, at := range r.stamps {
		for i := range digitsOfStamp {
			m[at+i] = digits[stamp>>(28-4*i)&15]
		}
	}
	return b
}

// Filters (RFC 4511 4.5.1.7).

func present(attribute string) []byte { return tlv(0x87, []byte(attribute)) }

func equality(attribute, value string) []byte { return tlv(0xa3, octets(attribute), octets(value)) }

// within is a substring filter with one part that may stand anywhere.
func within(attribute, part string) []byte {
	return tlv(0xa4, octets(attribute), tlv(tagSequence, tlv(0x81, []byte(part))))
}

func search(base string, scope byte, filter []byte, attributes ...string) []byte {
	var list [][]byte
	for _, a := range attributes {
		list = append(list, octets(a))
	}
	noLimit, neverAlias, withValues := integer(0), enumerated(0), []byte{0x01, 1, 0}
	return tlv(tagSearchRequest, octets(base), enumerated(scope), neverAlias, noLimit, noLimit, withValues, filter, tlv(tagSequence, list...))
}

func bind(dn, password string) []byte {
	return tlv(tagBindRequest, []byte{0x02, 1, 3}, octets(dn), tlv(0x80, []byte(password)))
}

func attribute(name string, values ...string) []byte {
	var list [][]byte
	for _, v := range values {
		list = append(list, octets(v))
	}
	return tlv(tagSequence, octets(name), tlv(tagSet, list...))
}

func replace(dn, name, value string) []byte {
	return tlv(tagModifyRequest, octets(dn), tlv(tagSequence, tlv(tagSequence, enumerated(replaceValue), attribute(name, value))))
}

func add(e dataset.Entry) []byte {
	var list [][]byte
	for _, a := range e.Attributes {
		list = append(list, attribute(a.Name, a.Values...))
	}
	return tlv(tagAddRequest, octets(e.DN), tlv(tagSequence, list...))
}

func paged(size int, cookie []byte) []byte {
	return tlv(tagSequence, octets(pagedResults), []byte{0x01, 1, 0xff},
		tlv(tagOctetString, tlv(tagSequence, integer(size), tlv(tagOctetString, cookie))))
}

// changedTo is the value that a modify of the benchmark leaves behind.
func changedTo(stamp string) string { return "Changed by the benchmark " + stamp }

// nameAdded is the naming value of an entry that an add of the benchmark makes.
func nameAdded(stamp string) string { return "b" + stamp }

func text(stamp uint32) string { return fmt.Sprintf("%08x", stamp) }
