// Package lines reads and writes the lines in which the administration tools
// take and give objects, as TOKEN,SERVER,PORT,NAME,OTHER: one at a time, or a file
// of them with many lines at work at once.
//
// It knows no kind of object and no server: what becomes of a line is the
// caller's.
package lines

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Parse takes a line apart. A field with a comma stands in quotation marks, as
// Format writes it; a quotation mark within a field that does not begin with one
// is nothing special. White space around a field is not part of it.
func Parse(line string) ([]string, error) {
	if !utf8.ValidString(line) {
		return nil, errors.New("not in UTF-8")
	}
	r := reader(line)
	fields, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("an empty line")
	}
	if err != nil {
		return nil, err
	}
	if _, err := r.Read(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one line")
	}
	if open(line) {
		return nil, errors.New("a quotation mark is open: a field in quotation marks ends with one, and one within it is written twice")
	}
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	return fields, nil
}

func reader(line string) *csv.Reader {
	r := csv.NewReader(strings.NewReader(line))
	r.LazyQuotes = true
	r.TrimLeadingSpace = true
	return r
}

// open tells whether a field in quotation marks has no end. The reader takes all
// that follows for a part of it, and so also a field that is put behind the line.
func open(line string) bool {
	const end = "end"
	fields, err := reader(line + "," + end).Read()
	return err == nil && fields[len(fields)-1] != end
}

// Format is the reverse of Parse, with a line break.
func Format(w io.Writer, list [][]string) error {
	out := csv.NewWriter(w)
	if err := out.WriteAll(list); err != nil {
		return err
	}
	return out.Error()
}

// Edit is what becomes of one field of an object that is there already.
type Edit struct {
	Value string
	Keep  bool // the field stays as it is; else Value replaces it, "" takes it away
}

// takeAway stands in the place of a value that is to be taken away.
const takeAway = "-"

// Count tells how many fields there are, for errors.
func Count(fields []string) string {
	if len(fields) == 1 {
		return "1 field"
	}
	return fmt.Sprintf("%d fields", len(fields))
}

// Edits reads the fields behind the name of an object: an empty or missing one
// stays as it is, a minus takes it away, another one replaces it. names are those
// of all fields, for errors; those that begin with "=" cannot be taken away.
func Edits(fields []string, names ...string) ([]Edit, error) {
	if len(fields) > len(names) {
		return nil, fmt.Errorf("%s; at most %d can be changed", Count(fields), len(names))
	}
	edits := make([]Edit, len(names))
	for i := range edits {
		edits[i].Keep = i >= len(fields) || fields[i] == ""
		if edits[i].Keep {
			continue
		}
		edits[i].Value = fields[i]
		if fields[i] == takeAway {
			if name, must := strings.CutPrefix(names[i], "="); must {
				return nil, fmt.Errorf("the %s cannot be taken away", name)
			}
			edits[i].Value = ""
		}
	}
	return edits, nil
}
