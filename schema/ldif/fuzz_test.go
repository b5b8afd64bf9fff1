// Whatever is read can be written and is then read as the same; whatever the
// Writer takes is read back as what it was.

package ldif

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
)

func FuzzReader(f *testing.F) {
	for _, seed := range []string{changes, photo,
		"17\ndn: cn=x,o=utdata\ncn: x\nuserpassword:: e1NTSEF9\nd: a\n\tb\n\n18\ndn: o=y\n",
		"\xef\xbb\xbf# c\n d\nversion: 1\r\ndn:: bz3DqQ==\r\ncn;lang-de: a\r\nCN: b\r\n\r\n",
		"time: 944006400.0\ndn: o=x\nchangetype: add\no: x\no:\nchangetype: y\n",
		"dn: o=x\ncontrol: 1.2 true:: /w==\ncontrol: 1.3 :x\nchangetype: moddn\nnewrdn: a\ndeleteoldrdn: 0\nnewsuperior:\n",
		"dn: o=x\nchangetype: add\nchangetype: y\no: x\n",
		"dn: o=x\njunk\n: x\ncn:: #\ndn: o=y\nchangetype: modify\nadd: cn\ncn: \x00\n-\ndelete: cn;x=y\n",
	} {
		f.Add([]byte(seed), false, uint8(76))
		f.Add([]byte(seed), true, uint8(0))
	}
	f.Fuzz(func(t *testing.T, data []byte, ancestor bool, width uint8) {
		dialect := RFC2849
		if ancestor {
			dialect = Ancestor
		}
		r := NewReader(bytes.NewReader(data))
		r.Dialect = dialect
		r.OnFault = func(se *SyntaxError) error {
			if se.Line < 1 || se.Line > bytes.Count(data, []byte("\n"))+2 || se.Error() == "" {
				t.Errorf("fault out of place: %v", se)
			}
			return nil
		}
		first, err := readAll(r)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		w := NewWriter(&out)
		w.Width = int(width)
		for _, rec := range first {
			if err := w.WriteRecord(rec); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		written := bytes.Clone(out.Bytes())
		r = NewReader(&out)
		r.Dialect = dialect
		second, err := readAll(r)
		if err != nil {
			t.Fatalf("%v in\n%s", err, written)
		}
		if len(first) != len(second) {
			t.Fatalf("%d records became %d in\n%s", len(first), len(second), written)
		}
		for i := range first {
			first[i].Line, second[i].Line = 0, 0
			if !reflect.DeepEqual(first[i], second[i]) {
				t.Fatalf("%+v %+v\nbecame\n%+v %+v\nin\n%s", first[i], first[i].Change, second[i], second[i].Change, written)
			}
		}
	})
}

func FuzzWriter(f *testing.F) {
	f.Add(uint64(17), "o=x", "cn", []byte("x"), "sn", []byte(" y"), uint8(76))
	f.Add(uint64(0), "o=\u00e9", "cn;lang-de", []byte("\x00\r\n"), "cn;lang-de", []byte(""), uint8(2))
	f.Add(uint64(1), "", "changetype", []byte("add"), "dn", []byte("<"), uint8(0))
	f.Add(uint64(1), "o=x\ndn: o=y", "control", []byte("1.2 true"), "o", bytes.Repeat([]byte{'a'}, 300), uint8(40))
	f.Fuzz(func(t *testing.T, id uint64, dn, name string, value []byte, other string, more []byte, width uint8) {
		attrs := []schema.RawAttribute{{Attr: name, Values: [][]byte{value}}, {Attr: other, Values: [][]byte{more, value}}}
		var out bytes.Buffer
		w := NewWriter(&out)
		w.Width = int(width)
		err := w.WriteEntry(id, dn, attrs)
		if err = errors.Join(err, w.Flush()); err != nil {
			if !errors.Is(err, ErrUnwritable) || out.Len() > 0 {
				t.Fatalf("%v, with %q written", err, out.Bytes())
			}
			return
		}
		for line := range bytes.Lines(out.Bytes()) {
			if width > 1 && len(line)-1 > int(width) && !bytes.Equal(line, appendID(id)) {
				t.Fatalf("a line of %d bytes, wrapped at %d", len(line)-1, width)
			}
		}
		all, err := readAll(NewReader(bytes.NewReader(out.Bytes())))
		if err != nil || len(all) != 1 || all[0].Change != nil || all[0].ID != id || all[0].DN != dn {
			t.Fatalf("%+v %v from\n%s", all, err, out.Bytes())
		}
		got, want := map[string][]byte{}, map[string][]byte{}
		for i := range all[0].Attributes {
			flatten(got, &all[0].Attributes[i])
		}
		for i := range attrs {
			flatten(want, &attrs[i])
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q became %q in\n%s", want, got, out.Bytes())
		}
	})
}

func appendID(id uint64) []byte { return fmt.Appendf(nil, "%d\n", id) }

// flatten adds all values of an attribute, each behind its length.
func flatten(to map[string][]byte, a *schema.RawAttribute) {
	name := strings.ToLower(a.Attr)
	for _, v := range a.Values {
		to[name] = fmt.Appendf(to[name], "%d:%s", len(v), v)
	}
}
