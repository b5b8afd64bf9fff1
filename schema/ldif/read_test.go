// What the tests share: reading everything, and records as short text.

package ldif

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// readAll reads to the end; the error is nil for io.EOF.
func readAll(r *Reader) ([]*Record, error) {
	var all []*Record
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, rec)
	}
}

// tolerant makes a Reader that collects its faults as "line kind".
func tolerant(src string) (*Reader, *[]string) {
	faults := new([]string)
	r := NewReader(strings.NewReader(src))
	r.OnFault = func(se *SyntaxError) error {
		*faults = append(*faults, fmt.Sprintf("%d %s", se.Line, se.Kind))
		return nil
	}
	return r, faults
}

// text shows a content record: "ID@LINE DN name=value|value ...".
func text(rec *Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d@%d %s", rec.ID, rec.Line, rec.DN)
	for _, a := range rec.Attributes {
		fmt.Fprintf(&b, " %s=", a.Attr)
		for i, v := range a.Values {
			if i > 0 {
				b.WriteByte('|')
			}
			b.Write(v)
		}
	}
	return b.String()
}

func wantRecords(t *testing.T, got []*Record, want ...string) {
	t.Helper()
	for i, rec := range got {
		if i >= len(want) {
			t.Errorf("record too many: %q", text(rec))
		} else if text(rec) != want[i] {
			t.Errorf("record %d\n got %q\nwant %q", i, text(rec), want[i])
		}
	}
	if len(got) < len(want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
}

func wantLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s\n got %q\nwant %q", what, got, want)
	}
}
