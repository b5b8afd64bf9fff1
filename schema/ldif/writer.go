// The Writer: records to an io.Writer, with a sticky error.

package ldif

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/sunray-ds/utdsd/schema"
)

const (
	flushAt       = 64 << 10
	maxKeptBuffer = 1 << 20
)

// ErrUnwritable is returned for what has no LDIF form that would be read back
// as what it is: a name that ValidName refuses, an attribute called dn, an
// entry whose only attribute is called changetype or control, an unknown kind
// of change.
var ErrUnwritable = errors.New("cannot be written as LDIF")

// Writer writes records. The first error sticks: every further call returns it
// and writes nothing. It tells the record, counted from 1, or how many bytes were
// written before. The same calls give the same bytes always. What is not
// flushed is not written. It is not for use by several goroutines at once.
type Writer struct {
	Width int // columns to wrap at; 0 never wraps

	dst     io.Writer
	buf     []byte
	err     error
	state   writerState
	dn      string // of the entry begun last
	records int    // that are complete
	size    int64  // bytes that dst has taken
}

// writerState is where the Writer is between BeginEntry and EndEntry.
type writerState uint8

const (
	betweenRecords writerState = iota
	afterDN                    // an attribute changetype may not come here
	insideEntry
)

// NewWriter makes a Writer that wraps at DefaultWidth.
func NewWriter(dst io.Writer) *Writer {
	return &Writer{Width: DefaultWidth, dst: dst}
}

// Comment writes each line of text after "# ", never wrapped. It may stand
// between records and inside them.
func (w *Writer) Comment(text string) error {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		w.buf = append(append(append(w.buf, "# "...), line...), '\n')
	}
	return w.written()
}

// Version writes "version: 1" and a blank line. Old tools do not read it.
func (w *Writer) Version() error {
	w.buf = append(w.buf, "version: 1\n\n"...)
	return w.written()
}

// BeginEntry writes the id line, if id is not 0, and the dn line. Value and
// EndEntry follow.
func (w *Writer) BeginEntry(id uint64, dn string) error {
	if w.state != betweenRecords {
		return w.fail("an entry inside an entry")
	}
	if id != 0 {
		w.buf = append(strconv.AppendUint(w.buf, id, 10), '\n')
	}
	w.buf = appendLine(w.buf, "dn", dn, w.Width)
	w.state, w.dn = afterDN, dn
	return w.written()
}

// Value writes one value of the entry begun.
func (w *Writer) Value(name string, value []byte) error {
	switch {
	case w.state == betweenRecords:
		return w.fail("a value outside of an entry")
	case !writable(name):
		return w.fail("attribute name %q", name)
	case w.state == afterDN && beginsChange(name):
		return w.fail("entry that begins with the attribute %q", name)
	}
	w.buf = AppendLine(w.buf, name, value, w.Width)
	w.state = insideEntry
	return w.written()
}

// EndEntry writes the blank line.
func (w *Writer) EndEntry() error {
	if w.state == betweenRecords {
		return w.fail("the end of no entry")
	}
	w.buf = append(w.buf, '\n')
	w.state = betweenRecords
	w.records++
	return w.written()
}

// WriteEntry writes a content record; an id of 0 is none. The order is kept,
// but for an attribute called changetype or control at the start, which gives
// way to the next one.
func (w *Writer) WriteEntry(id uint64, dn string, attrs []schema.RawAttribute) error {
	if what := unfit(attrs); what != "" {
		return w.fail("%s of entry %q", what, dn)
	}
	if err := w.BeginEntry(id, dn); err != nil {
		return err
	}
	w.buf = appendEntry(w.buf, attrs, w.Width)
	return w.EndEntry()
}

// WriteChange writes a change record (RFC 2849), with modrdn for a rename. The
// flags of the Change are not written; controls are.
func (w *Writer) WriteChange(c *schema.Change, controls ...Control) error {
	return w.WriteRecord(&Record{DN: c.DN, Change: c, Controls: controls})
}

// WriteRecord writes what a Reader read, id and time included.
func (w *Writer) WriteRecord(rec *Record) error {
	if w.state != betweenRecords {
		return w.fail("a record inside an entry")
	}
	c := rec.Change
	if c != nil {
		if what := unfitChange(c, rec.Controls); what != "" {
			return w.fail("%s of change to %q", what, c.DN)
		}
	} else if what := unfit(rec.Attributes); what != "" {
		return w.fail("%s of entry %q", what, rec.DN)
	}
	if c == nil && rec.Time == 0 {
		return w.WriteEntry(rec.ID, rec.DN, rec.Attributes)
	}
	if rec.ID != 0 {
		w.buf = append(strconv.AppendUint(w.buf, rec.ID, 10), '\n')
	}
	if rec.Time != 0 {
		w.buf = appendTime(w.buf, rec.Time)
	}
	if c == nil {
		return w.WriteEntry(0, rec.DN, rec.Attributes)
	}
	w.buf = appendChangeRecord(w.buf, c, rec.Controls, w.Width)
	w.records++
	return w.written()
}

// Flush writes what is buffered.
func (w *Writer) Flush() error {
	if w.err == nil && len(w.buf) > 0 {
		n, err := w.dst.Write(w.buf)
		w.size += int64(n)
		if err != nil {
			w.err = fmt.Errorf("write ldif: behind byte %d: %w", w.size, err)
		}
	}
	if cap(w.buf) > maxKeptBuffer {
		w.buf = nil
	}
	w.buf = w.buf[:0]
	return w.err
}

// written ends each call: the buffer is flushed when full, dropped after an error.
func (w *Writer) written() error {
	if w.err != nil || len(w.buf) >= flushAt {
		return w.Flush()
	}
	return nil
}

func (w *Writer) fail(format string, args ...any) error {
	if w.err == nil {
		_ = w.Flush() // what was right goes out; its own error sticks
	}
	if w.err == nil {
		where := fmt.Sprintf("record %d", w.records+1)
		if w.state != betweenRecords {
			where += fmt.Sprintf(", entry %q", w.dn)
		}
		w.err = fmt.Errorf("write ldif: %s: %w: %s", where, ErrUnwritable, fmt.Sprintf(format, args...))
	}
	return w.err
}

// unfit says what cannot be written of the attributes of an entry.
func unfit(attrs []schema.RawAttribute) string {
	values, special := 0, 0
	for i := range attrs {
		if !writable(attrs[i].Attr) {
			return fmt.Sprintf("attribute name %q", attrs[i].Attr)
		}
		values += len(attrs[i].Values)
		if beginsChange(attrs[i].Attr) {
			special += len(attrs[i].Values)
		}
	}
	if values > 0 && values == special {
		return "changetype or control as the only attribute"
	}
	return ""
}

// unfitChange says the same of a change record.
func unfitChange(c *schema.Change, controls []Control) string {
	if ChangeType(c.Kind) == "" {
		return fmt.Sprintf("kind %d", c.Kind)
	}
	for i := range c.Attributes {
		if c.Kind == schema.ChangeAdd && !writable(c.Attributes[i].Attr) {
			return fmt.Sprintf("attribute name %q", c.Attributes[i].Attr)
		}
	}
	for i := range c.Mods {
		if c.Kind != schema.ChangeModify {
			break
		}
		if modName(c.Mods[i].Op) == "" {
			return fmt.Sprintf("operation %d", c.Mods[i].Op)
		}
		if !writable(c.Mods[i].Attr) {
			return fmt.Sprintf("attribute name %q", c.Mods[i].Attr)
		}
	}
	for i := range controls {
		oid := controls[i].OID
		if strings.Trim(oid, ".0123456789") != "" || oid == "" {
			return fmt.Sprintf("control %q", oid)
		}
	}
	return ""
}

// writable: a name that, as the start of a line, is read back as an attribute.
func writable(name string) bool { return ValidName(name) && !foldEqual(name, "dn") }
