package backend

// Time stamps of changes. Clocks go backwards; CSNs do not.

import (
	"time"
)

// maxCount is the largest count that the six hexadecimal digits of a CSN hold.
const maxCount = 0xffffff

// csn is a change sequence number in OpenLDAP's sense: a time and a count that
// tells changes of the same microsecond apart.
type csn struct {
	micros int64 // since 1970
	count  uint32
}

// next is the CSN for a change made at now: later than c in any case.
func (c csn) next(now time.Time) csn {
	micros := now.UnixMicro()
	switch {
	case micros > c.micros:
		return csn{micros, 0}
	case c.count < maxCount:
		return csn{c.micros, c.count + 1}
	}
	return csn{c.micros + 1, 0}
}

// String is OpenLDAP's form, which sorts as text: one server id, no changes
// within changes. It is made for every change, so it is put together by hand.
func (c csn) String() string {
	const hex = "0123456789abcdef"
	b := make([]byte, 0, len("20060102150405.000000Z#000000#000#000000"))
	b = time.UnixMicro(c.micros).UTC().AppendFormat(b, "20060102150405.000000")
	b = append(b, "Z#"...)
	for shift := 20; shift >= 0; shift -= 4 {
		b = append(b, hex[c.count>>shift&0xf])
	}
	return string(append(b, "#000#000000"...))
}

// generalizedTime is the form of createTimestamp and modifyTimestamp.
func generalizedTime(t time.Time) []byte {
	return t.UTC().AppendFormat(nil, "20060102150405Z")
}
