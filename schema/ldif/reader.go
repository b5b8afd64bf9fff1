// The Reader: its options, the head of a record and the way past faults.

package ldif

import (
	"fmt"
	"io"
	"strconv"
)

// Dialect is the point in which the two kinds of LDIF contradict each other.
// Whatever does not contradict is read in both: id lines, continuation by a
// tab, version lines, time and replica lines before the dn.
type Dialect uint8

const (
	// RFC2849 is the default. An attribute may have an empty value ("cn:" alone),
	// FILL after the colon is spaces only, and nothing stands between name and colon.
	RFC2849 Dialect = iota
	// Ancestor is the dialect of the old tools. A line without a value is a
	// fault, because they never wrote one: it is a sign of damage. Blanks and
	// tabs around the colon are passed over.
	Ancestor
)

// Reader reads records one after the other. Set its fields before the first
// call of Next. It is not for use by several goroutines at once.
//
// Bytes that RFC 2849 wants in base64 (NUL, UTF-8) are taken as they stand,
// for nothing in a dump may be lost. Spaces at the end of a value are kept.
type Reader struct {
	Dialect Dialect

	// OnFault makes the Reader tolerant. It is called with each fault; when it
	// returns nil, reading goes on past the fault: a bad line of an entry is left
	// out and the rest of the entry is kept; a record with no usable dn line is
	// left out, and so is a delete, modify or modrdn record with any bad line,
	// because half of a change is another change. When it returns an error, Next
	// returns that error for good. With a nil OnFault (strict) the first fault is
	// returned by Next, for good.
	OnFault func(*SyntaxError) error

	// MaxValue bounds one value, in bytes, and with it the memory for a line;
	// 0 is no bound.
	MaxValue int

	// Open is asked for the content of a "name:< URL" value. With a nil Open such
	// a line is a fault: a file from elsewhere must not make us read local files.
	Open func(url string) (io.ReadCloser, error)

	// Reuse makes Next reuse the memory of a content record: the Record, its
	// Attributes and their values are then valid only until the next call, and
	// not to be changed. Strings and change records stay valid.
	Reuse bool

	lines  lineScanner
	err    error
	faults int
	done   bool // the current record has ended
	rec    Record
	name   []byte // of the current line, valid until the next
	value  []byte // of the current line, in arena
	parsed content
}

// NewReader makes a strict Reader of RFC 2849 text.
func NewReader(src io.Reader) *Reader {
	r := &Reader{}
	r.Reset(src)
	return r
}

// Reset makes r read src from its start; options and memory stay, line
// numbers begin at 1.
func (r *Reader) Reset(src io.Reader) {
	r.lines.reset(src)
	r.err, r.faults = nil, 0
}

// Faults is the number of faults met so far.
func (r *Reader) Faults() int { return r.faults }

// Line is the number of lines consumed so far, for progress.
func (r *Reader) Line() int { return r.lines.num }

// Next gives the next record. The error is io.EOF after the last one, a
// *SyntaxError in a strict Reader, what OnFault returned, or the source's error
// wrapped with the line; it is the same at every further call.
func (r *Reader) Next() (*Record, error) {
	if r.MaxValue > 0 {
		r.lines.limit = r.MaxValue/3*4 + nameRoom
	}
	for r.err == nil {
		found, err := r.head()
		var rec *Record
		if err == nil && found {
			rec, err = r.body()
		}
		if fail := r.lines.failed(); err == nil && fail != nil {
			err = fmt.Errorf("read ldif: line %d: %w", r.lines.start, fail)
		}
		switch {
		case err != nil:
			r.err = err
		case rec != nil:
			return rec, nil
		case !found:
			r.err = io.EOF
		}
	}
	return nil, r.err
}

// begin forgets the record before.
func (r *Reader) begin() {
	r.rec = Record{}
	r.done = false
	r.parsed.clear()
}

// head reads up to the dn line of the next record. It is false at the end.
func (r *Reader) head() (bool, error) {
record:
	for {
		r.begin()
		for r.lines.next() && len(r.lines.cur) == 0 {
		}
		if len(r.lines.cur) == 0 || r.lines.failed() != nil {
			return false, nil
		}
		r.lines.push()
		for r.more() {
			found, se := r.headLine()
			if se != nil {
				if err := r.report(se); err != nil {
					return false, err
				}
				if isDN(r.name) {
					r.drain()
					continue record
				}
			}
			if found {
				return true, nil
			}
		}
		if r.done && r.rec.Line > 0 && r.lines.failed() == nil {
			if err := r.report(r.fault(NoDN, "")); err != nil {
				return false, err
			}
		}
	}
}

// headLine takes one line before or with the dn.
func (r *Reader) headLine() (found bool, se *SyntaxError) {
	line := r.lines.cur
	first := r.rec.Line == 0
	r.name = nil
	if first {
		r.rec.Line = r.lines.start
	}
	if digits := trimRight(line); first && isNumber(digits) {
		id, err := strconv.ParseUint(string(digits), 10, 64)
		if err != nil {
			return false, r.fault(BadID, "entry id")
		}
		r.rec.ID = id
		return false, nil
	}
	if se := r.split(); se != nil {
		return false, se
	}
	switch {
	case isDN(r.name):
		r.rec.DN = string(r.value)
		return true, nil
	case foldEqual(r.name, "version"):
		if string(r.value) != "1" {
			se = r.fault(BadVersion, "")
		}
		if first {
			r.rec.Line = 0 // alone it begins no record
		}
		return false, se
	case foldEqual(r.name, "time"):
		return false, r.timeLine()
	case foldEqual(r.name, "replica"):
		return false, nil // a replication log names its receivers; every record is ours
	}
	return false, r.fault(BeforeDN, "")
}

// timeLine takes "time: SECONDS", where newer tools add a fraction.
func (r *Reader) timeLine() *SyntaxError {
	whole := r.value
	for i, c := range whole {
		if c == '.' && isNumber(whole[i+1:]) {
			whole = whole[:i]
			break
		}
	}
	t, err := strconv.ParseInt(string(whole), 10, 64)
	if err != nil || t < 0 {
		return r.fault(BadID, "time")
	}
	r.rec.Time = t
	return nil
}

// body reads what follows the dn line. A nil record without an error is one
// that was left out.
func (r *Reader) body() (*Record, error) {
	change, err := r.attributes(true)
	switch {
	case err != nil:
		return nil, err
	case change:
		return r.changeRecord()
	}
	if r.Reuse {
		r.rec.Attributes = r.parsed.attrs
		return &r.rec, nil
	}
	rec := r.rec
	rec.Attributes = r.parsed.owned()
	return &rec, nil
}

// attributes reads attribute lines up to the end of the record. With
// mayChange it stops, true, at a changetype or control line before the first
// attribute: further down that is an attribute like any other.
func (r *Reader) attributes(mayChange bool) (bool, error) {
	for r.more() {
		se := r.split()
		switch {
		case isDN(r.name):
			// Two entries run together: neither may get the other's values.
			r.lines.push()
			return false, r.report(r.fault(SecondDN, "taken as the next record"))
		case mayChange && len(r.parsed.attrs) == 0 && beginsChange(r.name):
			return true, nil // even a bad line: what follows is no entry
		case se == nil:
			r.parsed.add(r.name, r.value)
			continue
		}
		if err := r.report(se); err != nil {
			return false, err
		}
	}
	return false, nil
}

// more moves to the next line of the record; false at its end, and from then
// on until the next record.
func (r *Reader) more() bool {
	if !r.done && (!r.lines.next() || len(r.lines.cur) == 0) {
		r.done = true
	}
	return !r.done
}

// drain passes over the rest of the record, up to a blank line or a dn line.
func (r *Reader) drain() {
	for r.more() {
		if isDN(r.lines.cur[:nameEnd(r.lines.cur)]) {
			r.lines.push()
			return
		}
	}
}

func (r *Reader) fault(kind Kind, msg string) *SyntaxError {
	return &SyntaxError{Line: r.lines.start, Record: r.rec.Line, DN: r.rec.DN, Kind: kind, Msg: msg}
}

// report counts a fault and gives it to the caller; an error ends the reading.
func (r *Reader) report(se *SyntaxError) error {
	r.faults++
	if r.OnFault == nil {
		return se
	}
	return r.OnFault(se)
}

func isDN(name []byte) bool { return foldEqual(name, "dn") }

func beginsChange[T string | []byte](name T) bool {
	return foldEqual(name, "changetype") || foldEqual(name, "control")
}
