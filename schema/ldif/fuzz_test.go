// Whatever is read can be written and is then read as the same.

package ldif

import (
	"bytes"
	"reflect"
	"testing"
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
