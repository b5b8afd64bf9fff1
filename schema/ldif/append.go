// Lines appended to memory: safe strings, base64, folding, change lines.

package ldif

import (
	"encoding/base64"
	"slices"
	"strconv"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// DefaultWidth is the column at which the old tools wrap lines.
const DefaultWidth = 76

// AppendLine appends "name: value\n" to dst: in base64 after "::" when the
// value begins with white space, ":" or "<", ends in a space, or has a byte
// that is not printable ASCII; wrapped to lines of at most width bytes, each
// continuation beginning with one space. A width of 0 or less never wraps. An
// empty value is "name:" alone. The name must be one that ValidName takes.
func AppendLine(dst []byte, name string, value []byte, width int) []byte {
	return appendLine(dst, name, value, width)
}

func appendLine[T string | []byte](dst []byte, name string, value T, width int) []byte {
	from := len(dst)
	dst = append(dst, name...)
	return appendSpec(dst, from, value, width)
}

// appendSpec appends the colon and the value to the line begun at from, and
// wraps and ends it.
func appendSpec[T string | []byte](dst []byte, from int, value T, width int) []byte {
	switch {
	case len(value) == 0:
		dst = append(dst, ':')
	case plain(value):
		dst = append(append(dst, ": "...), value...)
	default:
		dst = base64.StdEncoding.AppendEncode(append(dst, ":: "...), []byte(value))
	}
	return append(fold(dst, from, width), '\n')
}

// plain tells whether a value that is not empty can stand as it is.
func plain[T string | []byte](value T) bool {
	switch value[0] {
	case ' ', ':', '<':
		return false
	}
	i := 0
	for ; i+8 <= len(value); i += 8 {
		if odd(eight(value, i)) {
			return false
		}
	}
	for ; i < len(value); i++ {
		if value[i] < ' ' || value[i] > '~' {
			return false
		}
	}
	return value[len(value)-1] != ' '
}

// eight are the bytes of value from i on as one number.
func eight[T string | []byte](value T, i int) uint64 {
	v := value[i : i+8]
	return uint64(v[0]) | uint64(v[1])<<8 | uint64(v[2])<<16 | uint64(v[3])<<24 |
		uint64(v[4])<<32 | uint64(v[5])<<40 | uint64(v[6])<<48 | uint64(v[7])<<56
}

// odd tells whether one of the eight bytes of x is not printable ASCII. The top
// bit of a byte is set in x itself if it is no ASCII, in the sum if it is 0x7f and
// in the difference if it is below a space. What a byte carries over to the next
// one comes only from bytes that are odd themselves.
func odd(x uint64) bool {
	const each = 0x0101010101010101
	return (x|(x+each)|(x-' '*each))&(0x80*each) != 0
}

// fold breaks dst[from:] into lines, in place and from its end, so that each
// byte is moved once.
func fold(dst []byte, from, width int) []byte {
	size := len(dst) - from
	if width <= 0 || size <= width {
		return dst
	}
	width = max(width, 2) // a continuation holds its space and one byte
	breaks := (size - width + width - 2) / (width - 1)
	part := size - width - (breaks-1)*(width-1)
	src := len(dst)
	dst = slices.Grow(dst, 2*breaks)[:src+2*breaks]
	out := len(dst)
	for range breaks {
		copy(dst[out-part:], dst[src-part:src])
		src, out = src-part, out-part-2
		dst[out], dst[out+1] = '\n', ' '
		part = width - 1
	}
	return dst
}

// AppendChange appends what follows the changetype line of a change record,
// which is also the value of "changes" in cn=changelog: the attributes of an
// add, the mod-specs of a modify (each ended by "-"), newrdn, deleteoldrdn and
// newsuperior of a rename; nothing for a delete. Lines wrap at DefaultWidth.
// All names of the change must be such as ValidName takes.
func AppendChange(dst []byte, c *schema.Change) []byte {
	return appendChange(dst, c, DefaultWidth)
}

func appendChange(dst []byte, c *schema.Change, width int) []byte {
	switch c.Kind {
	case schema.ChangeAdd:
		dst = appendAttributes(dst, c.Attributes, width)
	case schema.ChangeModify:
		for i := range c.Mods {
			m := &c.Mods[i]
			dst = appendLine(dst, modName(m.Op), m.Attr, width)
			for _, v := range m.Values {
				dst = AppendLine(dst, m.Attr, v, width)
			}
			dst = append(dst, "-\n"...)
		}
	case schema.ChangeModifyDN:
		dst = appendLine(dst, "newrdn", c.NewRDN, width)
		deleteOld := "0"
		if c.DeleteOldRDN {
			deleteOld = "1"
		}
		dst = appendLine(dst, "deleteoldrdn", deleteOld, width)
		if c.HasNewSuperior {
			dst = appendLine(dst, "newsuperior", c.NewSuperior, width)
		}
	}
	return dst
}

// AppendChangeRecord appends a whole changelog record in the ancestors' form:
// the time line in Unix seconds (none if at is zero), dn, changetype, the lines
// of AppendChange and a blank line.
func AppendChangeRecord(dst []byte, at time.Time, c *schema.Change) []byte {
	if !at.IsZero() {
		dst = appendTime(dst, at.Unix())
	}
	return appendChangeRecord(dst, c, nil, DefaultWidth)
}

// AppendLogged appends a record of the changelog in the ancestors' form, as
// AppendChangeRecord does; its LDIF is the lines of the change.
func AppendLogged(dst []byte, rec *schema.ChangeRecord) []byte {
	dst = appendTime(dst, rec.Time.Unix())
	dst = appendLine(dst, "dn", rec.DN, DefaultWidth)
	dst = appendLine(dst, "changetype", ChangeType(rec.Kind), DefaultWidth)
	return append(append(dst, rec.LDIF...), '\n')
}

func appendTime(dst []byte, seconds int64) []byte {
	return append(strconv.AppendInt(append(dst, "time: "...), seconds, 10), '\n')
}

func appendChangeRecord(dst []byte, c *schema.Change, controls []Control, width int) []byte {
	dst = appendLine(dst, "dn", c.DN, width)
	for i := range controls {
		dst = appendControl(dst, &controls[i], width)
	}
	dst = appendLine(dst, "changetype", ChangeType(c.Kind), width)
	return append(appendChange(dst, c, width), '\n')
}

func appendControl(dst []byte, ctl *Control, width int) []byte {
	from := len(dst)
	dst = append(append(dst, "control: "...), ctl.OID...)
	if ctl.Critical {
		dst = append(dst, " true"...)
	}
	if ctl.Value == nil {
		return append(fold(dst, from, width), '\n')
	}
	return appendSpec(dst, from, ctl.Value, width)
}

// appendEntry appends the attributes of a content record. It keeps the given
// order, with one exception: an attribute called changetype or control never
// comes first if there is another, for after the dn line it would make the
// entry a change record.
func appendEntry(dst []byte, attrs []schema.RawAttribute, width int) []byte {
	first := 0
	for first < len(attrs) && (beginsChange(attrs[first].Attr) || len(attrs[first].Values) == 0) {
		first++
	}
	if first == len(attrs) {
		return dst
	}
	dst = appendAttributes(dst, attrs[first:first+1], width)
	dst = appendAttributes(dst, attrs[:first], width)
	return appendAttributes(dst, attrs[first+1:], width)
}

func appendAttributes(dst []byte, attrs []schema.RawAttribute, width int) []byte {
	for i := range attrs {
		for _, v := range attrs[i].Values {
			dst = AppendLine(dst, attrs[i].Attr, v, width)
		}
	}
	return dst
}

// ChangeType is the word of a changetype line (RFC 2849) and of the attribute
// changeType; empty for what is no kind of change.
func ChangeType(kind schema.ChangeKind) string {
	switch kind {
	case schema.ChangeAdd:
		return "add"
	case schema.ChangeDelete:
		return "delete"
	case schema.ChangeModify:
		return "modify"
	case schema.ChangeModifyDN:
		return "modrdn"
	}
	return ""
}

// modName is the word of a mod-spec (RFC 2849, RFC 4525) or empty.
func modName(op schema.ModOp) string {
	switch op {
	case schema.ModAdd:
		return "add"
	case schema.ModDelete:
		return "delete"
	case schema.ModReplace:
		return "replace"
	case schema.ModIncrement:
		return "increment"
	}
	return ""
}
