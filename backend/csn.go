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
// within changes.
func (c csn) String() string { return string(c.append(make([]byte, 0, csnLength))) }

// csnLength is the length of a CSN's text.
const csnLength = len("20060102150405.000000Z#000000#000#000000")

// append appends the text of c. It is made for every change, so it is put together
// by hand.
func (c csn) append(dst []byte) []byte {
	const hex = "0123456789abcdef"
	t := time.UnixMicro(c.micros).UTC()
	dst = append(appendSeconds(dst, t), '.')
	dst = append(appendDigits(dst, t.Nanosecond()/1000, 6), "Z#"...)
	for shift := 20; shift >= 0; shift -= 4 {
		dst = append(dst, hex[c.count>>shift&0xf])
	}
	return append(dst, "#000#000000"...)
}

// generalizedTime is the form of createTimestamp and modifyTimestamp.
func generalizedTime(t time.Time) []byte {
	return appendGeneralizedTime(make([]byte, 0, timeLength), t)
}

// timeLength is the length of its text.
const timeLength = len("20060102150405Z")

func appendGeneralizedTime(dst []byte, t time.Time) []byte {
	return append(appendSeconds(dst, t.UTC()), 'Z')
}

// appendSeconds appends t, which is in UTC, as 20060102150405.
func appendSeconds(dst []byte, t time.Time) []byte {
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(dst, "20060102150405")
	}
	hour, minute, second := t.Clock()
	dst = appendDigits(dst, year, 4)
	for _, n := range [...]int{int(month), day, hour, minute, second} {
		dst = append(dst, byte('0'+n/10), byte('0'+n%10))
	}
	return dst
}

// appendDigits appends n in so many digits.
func appendDigits(dst []byte, n, digits int) []byte {
	at := len(dst)
	dst = append(dst, "000000"[:digits]...)
	for i := len(dst) - 1; i >= at; i, n = i-1, n/10 {
		dst[i] = byte('0' + n%10)
	}
	return dst
}
