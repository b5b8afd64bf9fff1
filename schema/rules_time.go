package schema

// Generalized Time and UTC Time (RFC 4517 3.3.13, 3.3.34).

import (
	"errors"
	"time"
)

var errNotTime = errors.New("not a time")

// digits2 reads two digits, -1 if there are none.
func digits2(b []byte) int {
	if len(b) < 2 || !isDigit(b[0]) || !isDigit(b[1]) {
		return -1
	}
	return int(b[0]-'0')*10 + int(b[1]-'0')
}

// parseTime reads a Generalized Time. Fractions are exact to a nanosecond.
func parseTime(b []byte) (time.Time, error) {
	century := digits2(b)
	if century < 0 {
		return time.Time{}, errNotTime
	}
	return parseTimeRest(b[2:], century*100)
}

// parseShortTime reads a time with a two-digit year, as in the operational
// attributes of old dumps; by X.509's custom years below 50 are of this century.
func parseShortTime(b []byte) (time.Time, error) {
	base := 1900
	if y := digits2(b); 0 <= y && y < 50 {
		base = 2000
	}
	if len(b) < 11 { // minutes are not optional here
		return time.Time{}, errNotTime
	}
	return parseTimeRest(b, base)
}

// parseTimeRest reads what follows the century.
func parseTimeRest(b []byte, base int) (time.Time, error) {
	var part [6]int // year, month, day, hour, minute, second
	n := 0
	for n < len(part) && digits2(b) >= 0 {
		part[n] = digits2(b)
		b = b[2:]
		n++
	}
	if n < 4 {
		return time.Time{}, errNotTime
	}
	year, month, day := base+part[0], time.Month(part[1]), part[2]
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || part[3] > 23 || part[4] > 59 || part[5] > 60 {
		return time.Time{}, errNotTime
	}
	unit := [...]time.Duration{4: time.Hour, 5: time.Minute, 6: time.Second}[n]
	fraction, b, ok := timeFraction(b, unit)
	if !ok {
		return time.Time{}, errNotTime
	}
	offset, ok := timeZone(b)
	if !ok {
		return time.Time{}, errNotTime
	}
	t := time.Date(year, month, day, part[3], part[4], part[5], 0, time.UTC)
	return t.Add(fraction - offset), nil
}

func daysIn(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// timeFraction reads a fraction of the last unit given.
func timeFraction(b []byte, unit time.Duration) (d time.Duration, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' && b[0] != ',' {
		return 0, b, true
	}
	n := 1
	for scale := time.Duration(1); n < len(b) && isDigit(b[n]); n++ {
		if scale < 1e9 {
			scale *= 10
			d += time.Duration(b[n]-'0') * (1e9 / scale)
		}
	}
	// d is now the fraction in billionths; of an hour that still fits 64 bits.
	return d * (unit / time.Second), b[n:], n > 1
}

// timeZone reads Z or an offset from UTC.
func timeZone(b []byte) (offset time.Duration, ok bool) {
	if len(b) == 1 && b[0] == 'Z' {
		return 0, true
	}
	if len(b) != 3 && len(b) != 5 || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	hours, minutes := digits2(b[1:]), 0
	if len(b) == 5 {
		minutes = digits2(b[3:])
	}
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return 0, false
	}
	offset = time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if b[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// firstYear is the earliest year of a time without seconds: "010203040506Z" is
// of the year 2001 and not of the year 102.
const firstYear = 1000

// normalizeTime gives the time in UTC without trailing zeros of the fraction,
// whose order as bytes is that of the times. Times with two-digit years, which
// an import has let in, are taken too.
func normalizeTime(_ *Schema, dst, value []byte) ([]byte, error) {
	t, err := parseTime(value)
	if err != nil || t.Year() < firstYear {
		if short, err2 := parseShortTime(value); err2 == nil {
			t, err = short, nil
		}
	}
	if err != nil || t.Year() < 0 || t.Year() > 9999 {
		return dst, errNotTime
	}
	return t.AppendFormat(dst, "20060102150405.999999999"), nil
}
