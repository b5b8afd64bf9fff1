// The old dialect, and the liberties of files met in practice.

package ldif

import (
	"io"
	"strings"
	"testing"
)

func TestFilesAsTheyAreMetInPractice(t *testing.T) {
	tests := []struct {
		name    string
		dialect Dialect
		src     string
		want    []string
	}{
		{"nothing", RFC2849, "", nil},
		{"only blank lines and comments", RFC2849, "\n\r\n# a\n b\n\n", nil},
		{"only a version", RFC2849, "version: 1\n", nil},
		{"id line", Ancestor, "17\ndn: cn=x,o=utdata\ncn: x\n\n18\ndn: o=y\no: y\n", []string{"17@1 cn=x,o=utdata cn=x", "18@5 o=y o=y"}},
		{"id line in an RFC file", RFC2849, "# c\n17 \ndn: o=x\no: x\n", []string{"17@2 o=x o=x"}},
		{"continuation by space and by tab", Ancestor, "1\ndn: cn=x\n\t,o=ut\n data\ncn: a\n\t\tb\n", []string{"1@1 cn=x,o=utdata cn=a\tb"}},
		{"base64 in lower-case name", Ancestor, "1\ndn: cn=x\nuserpassword:: e1NTSEF9\n", []string{"1@1 cn=x userpassword={SSHA}"}},
		{"old operational attributes, unknown attributes", Ancestor, "5\ndn: cn=x\ncreatorsname: NULLDN\ncreatetimestamp: 991231235959Z\nut_odd: 1\n", []string{"5@1 cn=x creatorsname=NULLDN createtimestamp=991231235959Z ut_odd=1"}},
		{"blanks around the colon", Ancestor, "1\ndn \t: cn=x\ncn\t:\t x\n", []string{"1@1 cn=x cn=x"}},
		{"tab after the colon belongs to an RFC value", RFC2849, "dn: cn=x\ncn:\tx\n", []string{"0@1 cn=x cn=\tx"}},
		{"spaces before a value go, after it stay", RFC2849, "dn: cn=x\ncn:   x  \n", []string{"0@1 cn=x cn=x  "}},
		{"empty value", RFC2849, "dn:\ncn:\nsn::\nou: \n", []string{"0@1  cn= sn= ou="}},
		{"byte order mark", RFC2849, "\xef\xbb\xbfdn: o=x\no: x\n", []string{"0@1 o=x o=x"}},
		{"byte order mark, blank lines, version", RFC2849, "\xef\xbb\xbf\n\nversion: 1\n\n\ndn: o=x\no: x", []string{"0@6 o=x o=x"}},
		{"version before each part of a joined file", RFC2849, "version: 1\ndn: o=x\no: x\n\nversion: 1\ndn: o=y\no: y\n", []string{"0@2 o=x o=x", "0@6 o=y o=y"}},
		{"no final newline", RFC2849, "dn: o=x\no: x", []string{"0@1 o=x o=x"}},
		{"cut inside the last CRLF", RFC2849, "dn: o=x\r\no: x\r", []string{"0@1 o=x o=x"}},
		{"lone CR inside a value", RFC2849, "dn: o=x\no: a\rb\n", []string{"0@1 o=x o=a\rb"}},
		{"raw UTF-8 and NUL", RFC2849, "dn: o=é\no: a\x00b\n", []string{"0@1 o=é o=a\x00b"}},
		{"upper-case dn", RFC2849, "DN: o=x\nO: x\n", []string{"0@1 o=x O=x"}},
		{"comment between a line and its continuation", RFC2849, "dn: o=x\no: x\n# c\n d\ncn: y\n", []string{"0@1 o=x o=x cn=y"}},
		{"scattered values under the first name", RFC2849, "dn: o=x\nCN: b\nsn: s\ncn: a\ncn;lang-en: e\ncN: b\n", []string{"0@1 o=x CN=b|a|b sn=s cn;lang-en=e"}},
		{"options with a range", RFC2849, "dn: o=x\nmember;range=0-9: y\n", []string{"0@1 o=x member;range=0-9=y"}},
		{"attribute changetype of a changelog entry", RFC2849, "dn: changenumber=1\ncn: x\nchangetype: modify\ncontrol: y\n", []string{"0@1 changenumber=1 cn=x changetype=modify control=y"}},
		{"entry without attributes", RFC2849, "dn: o=x\n\ndn: o=y\n", []string{"0@1 o=x", "0@3 o=y"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, src := range []io.Reader{strings.NewReader(tt.src), oneByOne(tt.src)} {
				r := NewReader(src)
				r.Dialect = tt.dialect
				got, err := readAll(r)
				if err != nil {
					t.Fatal(err)
				}
				wantRecords(t, got, tt.want...)
			}
		})
	}
}

func TestChangelogInTheAncestorsForm(t *testing.T) {
	src := "replica: host.example:7012\ntime: 944006399\ndn: o=x\nchangetype: delete\n\n" +
		"replica: host.example:7012\ntime: 944006400.0\ndn: o=y\nchangetype: delete\n\n"
	got, err := readAll(NewReader(strings.NewReader(src)))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Time != 944006399 || got[1].Time != 944006400 || got[1].Line != 6 || got[1].Change == nil {
		t.Errorf("got %+v", got)
	}
}

func TestManyAttributesOfOneEntryStayInOrder(t *testing.T) {
	var src, want strings.Builder
	src.WriteString("dn: o=x\n")
	want.WriteString("0@1 o=x")
	name := func(i int) string { return "a" + strings.Repeat("x", i%7) + string(rune('a'+i/7)) }
	for i := range 120 {
		src.WriteString(name(i) + ": 1\n")
	}
	for i := range 120 {
		src.WriteString(strings.ToUpper(name(119-i)) + ": 2\n")
		want.WriteString(" " + name(i) + "=1|2")
	}
	r := NewReader(strings.NewReader(src.String() + "\n" + src.String()))
	got, err := readAll(r)
	if err != nil {
		t.Fatal(err)
	}
	wantRecords(t, got, want.String(), strings.Replace(want.String(), "@1", "@243", 1))
}

func TestReusedMemoryHoldsOneRecordAtATime(t *testing.T) {
	src := "dn: o=x\ncn: a\ncn: b\nsn: c\n\ndn: o=y\nou: long value\n\ndn: o=z\ncn: d\nsn: e\nsn: f\n"
	r := NewReader(strings.NewReader(src))
	r.Reuse = true
	for _, want := range []string{"0@1 o=x cn=a|b sn=c", "0@6 o=y ou=long value", "0@9 o=z cn=d sn=e|f"} {
		rec, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if text(rec) != want {
			t.Errorf("got %q, want %q", text(rec), want)
		}
	}
	r.Reuse = false
	r.Reset(strings.NewReader("dn: o=x\no: x\n"))
	got, err := readAll(r)
	if err != nil {
		t.Fatal(err)
	}
	wantRecords(t, got, "0@1 o=x o=x")
}

func TestRecordIsGivenBeforeTheNextOneIsTyped(t *testing.T) {
	in, out := io.Pipe()
	defer in.Close()
	go func() { // ends with the pipe: nothing after the blank line is ever written
		_, _ = io.WriteString(out, "dn: o=x\no: x\n\n")
	}()
	rec, err := NewReader(in).Next()
	if err != nil || text(rec) != "0@1 o=x o=x" {
		t.Errorf("got %v, %v", rec, err)
	}
}

func TestOwnedValuesCanBeAppendedTo(t *testing.T) {
	rec, err := NewReader(strings.NewReader("dn: o=x\ncn: a\ncn: b\nsn: c\n")).Next()
	if err != nil {
		t.Fatal(err)
	}
	cn := rec.Attributes[0].Values
	_, _ = append(cn[0], "XY"...), append(cn, []byte("XY"))
	if got := text(rec); got != "0@1 o=x cn=a|b sn=c" {
		t.Errorf("got %q", got)
	}
}
