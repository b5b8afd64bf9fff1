// What the Writer writes, byte for byte.

package ldif

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

func TestAppendLine(t *testing.T) {
	tests := []struct {
		name, value, want string
		width             int
	}{
		{"cn", "x", "cn: x\n", 76},
		{"cn", "", "cn:\n", 76},
		{"cn", " x", "cn:: IHg=\n", 76},
		{"cn", "\tx", "cn:: CXg=\n", 76},
		{"cn", ":x", "cn:: Ong=\n", 76},
		{"cn", "<x", "cn:: PHg=\n", 76},
		{"cn", "x ", "cn:: eCA=\n", 76},
		{"cn", "a b:<c", "cn: a b:<c\n", 76},
		{"cn", "#x", "cn: #x\n", 76},
		{"cn", "é", "cn:: w6k=\n", 76},
		{"cn", "a\nb", "cn:: YQpi\n", 76},
		{"cn", "a\x7f", "cn:: YX8=\n", 76},
		{"cn", "a\x00", "cn:: YQA=\n", 76},
		{"cn", "123456", "cn: 123456\n", 10},
		{"cn", "1234567", "cn: 123456\n 7\n", 10},
		{"cn", "123456789012345", "cn: 123456\n 789012345\n", 10},
		{"cn", "1234567890123456", "cn: 123456\n 789012345\n 6\n", 10},
		{"cn", "12", "cn\n :\n  \n 1\n 2\n", 1},
		{"cn", strings.Repeat("x", 73), "cn: " + strings.Repeat("x", 72) + "\n x\n", DefaultWidth},
		{"cn", strings.Repeat("x", 500), "cn: " + strings.Repeat("x", 500) + "\n", 0},
		{"cn", strings.Repeat("x", 500), "cn: " + strings.Repeat("x", 500) + "\n", -1},
	}
	for _, tt := range tests {
		if got := string(AppendLine([]byte("before\n"), tt.name, []byte(tt.value), tt.width)); got != "before\n"+tt.want {
			t.Errorf("%q width %d\n got %q\nwant %q", tt.value, tt.width, got, tt.want)
		}
	}
}

func TestAppendLineAllocatesNothing(t *testing.T) {
	dst := make([]byte, 0, 1<<10)
	values := [][]byte{[]byte("plain"), []byte(strings.Repeat("long ", 60) + "x"), []byte("\x00 base64")}
	allocs := testing.AllocsPerRun(100, func() {
		dst = dst[:0]
		for _, v := range values {
			dst = AppendLine(dst, "description", v, DefaultWidth)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// output gives what use writes.
func output(t *testing.T, use func(w *Writer) error) string {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out)
	if err := use(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWriterWritesTheDialectOfTheTools(t *testing.T) {
	attrs := []schema.RawAttribute{{Attr: "objectclass", Values: vals("top", "utUser")}, {Attr: "userpassword", Values: vals("\xff")}}
	got := output(t, func(w *Writer) error {
		return errors.Join(w.Comment("two\r\nlines\n"), w.WriteEntry(256, "utname=a,o=utdata", attrs), w.WriteEntry(0, "o=é", nil))
	})
	want := "# two\n# lines\n256\ndn: utname=a,o=utdata\nobjectclass: top\nobjectclass: utUser\nuserpassword:: /w==\n\ndn:: bz3DqQ==\n\n"
	if got != want {
		t.Errorf("got %q", got)
	}
	got = output(t, func(w *Writer) error {
		return errors.Join(w.Version(), w.BeginEntry(1, "o=x"), w.Value("o", []byte("x")), w.Value("o", nil), w.EndEntry(),
			w.WriteRecord(&Record{Time: 7, ID: 3, DN: "o=y", Attributes: attrs[:1]}))
	})
	if want = "version: 1\n\n1\ndn: o=x\no: x\no:\n\n3\ntime: 7\ndn: o=y\nobjectclass: top\nobjectclass: utUser\n\n"; got != want {
		t.Errorf("got %q", got)
	}
}

func TestEntryThatBeginsLikeAChangeStaysAnEntry(t *testing.T) {
	attrs := []schema.RawAttribute{{Attr: "changeType", Values: vals("modify")}, {Attr: "control", Values: vals("x")},
		{Attr: "none"}, {Attr: "changeNumber", Values: vals("1")}, {Attr: "cn", Values: vals("a")}}
	got := output(t, func(w *Writer) error { return w.WriteEntry(0, "o=x", attrs) })
	if want := "dn: o=x\nchangeNumber: 1\nchangeType: modify\ncontrol: x\ncn: a\n\n"; got != want {
		t.Errorf("got %q", got)
	}
	rec, err := NewReader(strings.NewReader(got)).Next()
	if err != nil || rec.Change != nil {
		t.Errorf("read back as %+v, %v", rec, err)
	}
}

func TestAppendChangeGivesTheChangeLines(t *testing.T) {
	tests := []struct {
		change schema.Change
		want   string
	}{
		{schema.Change{Kind: schema.ChangeAdd, Attributes: []schema.RawAttribute{{Attr: "cn", Values: vals("a", "b")}}}, "cn: a\ncn: b\n"},
		{schema.Change{Kind: schema.ChangeAdd, Attributes: []schema.RawAttribute{{Attr: "changetype", Values: vals("modify")}, {Attr: "cn", Values: vals("a")}}},
			"changetype: modify\ncn: a\n"},
		{schema.Change{Kind: schema.ChangeDelete}, ""},
		{schema.Change{Kind: schema.ChangeModify, Mods: []schema.Modification{
			{Op: schema.ModAdd, Attr: "cn", Values: vals("a", "")}, {Op: schema.ModDelete, Attr: "sn"},
			{Op: schema.ModReplace, Attr: "ou", Values: vals(" o")}, {Op: schema.ModIncrement, Attr: "n", Values: vals("-1")}}},
			"add: cn\ncn: a\ncn:\n-\ndelete: sn\n-\nreplace: ou\nou:: IG8=\n-\nincrement: n\nn: -1\n-\n"},
		{schema.Change{Kind: schema.ChangeModifyDN, NewRDN: "cn=b", DeleteOldRDN: true}, "newrdn: cn=b\ndeleteoldrdn: 1\n"},
		{schema.Change{Kind: schema.ChangeModifyDN, NewRDN: "cn=b", HasNewSuperior: true, NewSuperior: "o=x"}, "newrdn: cn=b\ndeleteoldrdn: 0\nnewsuperior: o=x\n"},
	}
	for _, tt := range tests {
		if got := string(AppendChange([]byte("> "), &tt.change)); got != "> "+tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	c := &schema.Change{Kind: schema.ChangeModify, DN: "o=x", Mods: []schema.Modification{{Op: schema.ModDelete, Attr: "cn"}}}
	got := string(AppendChangeRecord(nil, time.Unix(944006400, 5), c))
	if want := "time: 944006400\ndn: o=x\nchangetype: modify\ndelete: cn\n-\n\n"; got != want {
		t.Errorf("got %q", got)
	}
	if got = string(AppendChangeRecord(nil, time.Time{}, c)); strings.Contains(got, "time") {
		t.Errorf("no time asked for: %q", got)
	}
}

func TestWriterRefusesWhatCannotBeReadBack(t *testing.T) {
	one := func(name string) []schema.RawAttribute {
		return []schema.RawAttribute{{Attr: name, Values: vals("x")}}
	}
	tests := map[string]func(w *Writer) error{
		"line end in a name": func(w *Writer) error { return w.WriteEntry(1, "o=x", one("cn: x\nsn")) },
		"no name":            func(w *Writer) error { return w.WriteEntry(1, "o=x", one("")) },
		"comment as a name":  func(w *Writer) error { return w.WriteEntry(1, "o=x", one("#cn")) },
		"attribute dn":       func(w *Writer) error { return w.WriteEntry(1, "o=x", one("DN")) },
		"only changetype":    func(w *Writer) error { return w.WriteEntry(1, "o=x", one("changetype")) },
		"changetype first": func(w *Writer) error {
			return errors.Join(w.BeginEntry(1, "o=x"), w.Value("changetype", []byte("x")))
		},
		"value outside":     func(w *Writer) error { return w.Value("cn", nil) },
		"end outside":       func(w *Writer) error { return w.EndEntry() },
		"entry in an entry": func(w *Writer) error { return errors.Join(w.BeginEntry(1, "o=x"), w.BeginEntry(1, "o=x")) },
		"change in an entry": func(w *Writer) error {
			return errors.Join(w.BeginEntry(1, "o=x"), w.WriteChange(changesRead()[1].Change))
		},
		"no kind": func(w *Writer) error { return w.WriteChange(&schema.Change{}) },
		"name in an add": func(w *Writer) error {
			return w.WriteChange(&schema.Change{Kind: schema.ChangeAdd, Attributes: one("a b")})
		},
		"name in a modify":    func(w *Writer) error { return w.WriteChange(modify(schema.ModAdd, "a\n-")) },
		"unknown operation":   func(w *Writer) error { return w.WriteChange(modify(9, "cn")) },
		"control that is not": func(w *Writer) error { return w.WriteChange(changesRead()[1].Change, Control{OID: "1\n"}) },
	}
	for name, use := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			w := NewWriter(&out)
			first := use(w)
			if !errors.Is(first, ErrUnwritable) || !strings.Contains(first.Error(), "record 1") {
				t.Fatalf("got %v", first)
			}
			before := out.Len()
			if err := errors.Join(w.Comment("x"), w.Flush()); !errors.Is(err, ErrUnwritable) || out.Len() != before {
				t.Errorf("the error does not stick: %v, %q", err, out.String())
			}
		})
	}
}

func modify(op schema.ModOp, attr string) *schema.Change {
	return &schema.Change{Kind: schema.ChangeModify, Mods: []schema.Modification{{Op: op, Attr: attr}}}
}

func TestErrorOfTheTargetSticks(t *testing.T) {
	full := errors.New("disk full")
	target := &failing{err: full, room: 2*flushAt + 7}
	w := NewWriter(target)
	var err error
	for err == nil {
		err = w.WriteEntry(1, "o=x", nil)
	}
	if place := fmt.Sprintf("behind byte %d", 2*flushAt+7); !strings.Contains(err.Error(), place) {
		t.Errorf("no %q in %v", place, err)
	}
	calls := target.calls
	for range 3 {
		if err := w.WriteEntry(1, "o=x", nil); !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
	}
	if err := w.Flush(); !errors.Is(err, full) || target.calls != calls {
		t.Errorf("written after the error: %v", err)
	}
}

// failing takes room bytes.
type failing struct {
	err   error
	room  int
	calls int
}

func (f *failing) Write(p []byte) (int, error) {
	f.calls++
	n := min(len(p), f.room)
	f.room -= n
	if n < len(p) {
		return n, f.err
	}
	return n, nil
}

func TestRefusalNamesRecordAndEntry(t *testing.T) {
	w := NewWriter(&bytes.Buffer{})
	err := errors.Join(w.WriteEntry(1, "o=x", nil), w.WriteChange(&schema.Change{Kind: schema.ChangeDelete, DN: "o=y"}), w.BeginEntry(3, "o=z"))
	if err != nil {
		t.Fatal(err)
	}
	want := `write ldif: record 3, entry "o=z": cannot be written as LDIF: attribute name "a b"`
	if err := w.Value("a b", nil); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWriterGivesBackTheMemoryOfALargeValue(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	err := errors.Join(w.BeginEntry(1, "o=x"), w.Value("photo", make([]byte, 2*maxKeptBuffer)), w.EndEntry(), w.Flush())
	if err != nil || out.Len() < 2*maxKeptBuffer {
		t.Errorf("%d bytes written: %v", out.Len(), err)
	}
	if cap(w.buf) > maxKeptBuffer {
		t.Errorf("%d bytes kept", cap(w.buf))
	}
}
