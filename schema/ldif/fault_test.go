// Bad input: what is reported, where, and what is kept.

package ldif

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestTolerantReaderGoesOnPastAFault(t *testing.T) {
	tests := []struct {
		name    string
		dialect Dialect
		src     string
		faults  []string
		want    []string
	}{
		{"no colon", RFC2849, "dn: o=x\no: x\njunk\ncn: a\n\ndn: o=y\no: y\n",
			[]string{"3 no colon in line"}, []string{"0@1 o=x o=x cn=a", "0@6 o=y o=y"}},
		{"broken base64, folded", RFC2849, "dn: o=x\no: x\ncn:: YQ\n =!\nsn: s\n",
			[]string{"3 broken base64"}, []string{"0@1 o=x o=x sn=s"}},
		{"base64 without its padding", RFC2849, "dn: o=x\ncn:: YQ\n", []string{"2 broken base64"}, []string{"0@1 o=x"}},
		{"empty attribute name", RFC2849, "dn: o=x\n: x\no: x\n", []string{"2 not an attribute name before the colon"}, []string{"0@1 o=x o=x"}},
		{"text that lost its continuation space", RFC2849, "dn: o=x\nsee also: x\n=b:\no: x\n",
			[]string{"2 not an attribute name before the colon", "3 not an attribute name before the colon"}, []string{"0@1 o=x o=x"}},
		{"separator of a modify", RFC2849, "dn: o=x\n-\no: x\n", []string{"2 no colon in line"}, []string{"0@1 o=x o=x"}},
		{"empty values in the old dialect", Ancestor, "1\ndn: o=x\ncn:\nsn:: \nou: \t\no: x\n",
			[]string{"3 empty value", "4 empty value", "5 empty value"}, []string{"1@1 o=x o=x"}},
		{"value from a URL", RFC2849, "dn: o=x\no:<file:///etc/passwd\n", []string{"2 value from a URL refused"}, []string{"0@1 o=x"}},
		{"continuation of nothing", RFC2849, " a\n b\ndn: o=x\no: x\n\n y\n",
			[]string{"1 continuation without a line before it", "6 continuation without a line before it", "7 record without a dn line"}, []string{"0@1 o=x o=x"}},
		{"lines before the dn", RFC2849, "cn: a\nsn: b\ndn: o=x\no: x\n",
			[]string{"1 line before the dn line", "2 line before the dn line"}, []string{"0@1 o=x o=x"}},
		{"no dn", RFC2849, "7\no: x\n\n8\ndn: o=y\no: y\n",
			[]string{"2 line before the dn line", "3 record without a dn line"}, []string{"8@4 o=y o=y"}},
		{"id alone at the end", Ancestor, "7\n", []string{"2 record without a dn line"}, nil},
		{"broken dn takes its record along", RFC2849, "3\ndn:: ####\no: x\ncn: y\n\ndn: o=y\no: y\n", []string{"2 broken base64"}, []string{"0@6 o=y o=y"}},
		{"entries run together", RFC2849, "dn: o=x\no: x\ndn: o=y\no: y\n",
			[]string{"3 second dn line in a record (blank line missing)"}, []string{"0@1 o=x o=x", "0@3 o=y o=y"}},
		{"entries run together, the second dn broken", RFC2849, "dn: o=x\no: x\ndn:: #\no: y\n\ndn: o=z\n",
			[]string{"3 second dn line in a record (blank line missing)", "3 broken base64"}, []string{"0@1 o=x o=x", "0@6 o=z"}},
		{"id out of range", Ancestor, "18446744073709551616\ndn: o=x\no: x\n", []string{"1 not a usable number"}, []string{"0@1 o=x o=x"}},
		{"two ids", Ancestor, "1\n2\ndn: o=x\no: x\n", []string{"2 no colon in line"}, []string{"1@1 o=x o=x"}},
		{"version 2", RFC2849, "version: 2\ndn: o=x\no: x\n", []string{"1 unknown LDIF version"}, []string{"0@2 o=x o=x"}},
		{"time that is none", RFC2849, "time: 1.x\ndn: o=x\no: x\n", []string{"1 not a usable number"}, []string{"0@1 o=x o=x"}},
		{"bad line in an add", RFC2849, "dn: o=x\nchangetype: add\njunk\n", []string{"3 no colon in line"}, []string{"0@1 o=x"}},
		{"unknown changetype", RFC2849, "dn: o=x\nchangetype: destroy\no: x\n\ndn: o=y\n", []string{"2 bad change record"}, []string{"0@5 o=y"}},
		{"broken changetype", RFC2849, "dn: o=x\nchangetype:: #\nadd: cn\ncn: x\n", []string{"2 broken base64"}, nil},
		{"delete with lines", RFC2849, "dn: o=x\nchangetype: delete\no: x\n\ndn: o=y\n", []string{"3 bad change record"}, []string{"0@5 o=y"}},
		{"half a modify is no modify", RFC2849, "dn: o=x\nchangetype: modify\ndelete: cn\ncn:: #\n-\n\ndn: o=y\n", []string{"4 broken base64"}, []string{"0@7 o=y"}},
		{"modify with the value of another attribute", RFC2849, "dn: o=x\nchangetype: modify\nadd: cn\ncn: a\nsn: b\n-\n", []string{"5 bad change record"}, nil},
		{"modify without an operation", RFC2849, "dn: o=x\nchangetype: modify\ncn: a\n", []string{"3 bad change record"}, nil},
		{"modify of no name", RFC2849, "dn: o=x\nchangetype: modify\nadd: a b\n-\n", []string{"3 not an attribute name before the colon"}, nil},
		{"modify of the dn", RFC2849, "dn: o=x\nchangetype: modify\ndelete: dn\n-\n", []string{"3 not an attribute name before the colon"}, nil},
		{"change run into the next record", RFC2849, "dn: o=x\nchangetype: modify\nadd: cn\ncn: a\ndn: o=y\no: y\n",
			[]string{"5 second dn line in a record (blank line missing)"}, []string{"0@5 o=y o=y"}},
		{"bad change run into the next record", RFC2849, "dn: o=x\nchangetype: modrdn\ndeleteoldrdn: 1\ndn: o=y\no: y\n", []string{"3 bad change record"}, []string{"0@4 o=y o=y"}},
		{"rename without deleteoldrdn", RFC2849, "dn: o=x\nchangetype: modrdn\nnewrdn: o=y\n\ndn: o=z\n", []string{"4 bad change record"}, []string{"0@5 o=z"}},
		{"deleteoldrdn yes", RFC2849, "dn: o=x\nchangetype: modrdn\nnewrdn: o=y\ndeleteoldrdn: yes\n", []string{"4 bad change record"}, nil},
		{"rename with something else than newsuperior", RFC2849, "dn: o=x\nchangetype: modrdn\nnewrdn: o=y\ndeleteoldrdn: 1\no: y\n", []string{"5 bad change record"}, nil},
		{"lines after a rename", RFC2849, "dn: o=x\nchangetype: modrdn\nnewrdn: o=y\ndeleteoldrdn: 1\nnewsuperior: o=z\no: y\n", []string{"6 bad change record"}, nil},
		{"control without changetype", RFC2849, "dn: o=x\ncontrol: 1.2.3\no: x\n\ndn: o=y\n", []string{"3 bad change record"}, []string{"0@5 o=y"}},
		{"control alone", RFC2849, "dn: o=x\ncontrol: 1.2.3\n", []string{"3 bad change record"}, nil},
		{"control without OID", RFC2849, "dn: o=x\ncontrol: true\nchangetype: delete\n", []string{"2 bad control line"}, nil},
		{"control with a wrong criticality", RFC2849, "dn: o=x\ncontrol: 1.2 maybe\nchangetype: delete\n", []string{"2 bad control line"}, nil},
		{"control with an OID that is none", RFC2849, "dn: o=x\ncontrol: 1.2x\nchangetype: delete\n", []string{"2 bad control line"}, nil},
		{"control with a broken value", RFC2849, "dn: o=x\ncontrol: 1.2 true:: #\nchangetype: delete\n", []string{"2 broken base64"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, faults := tolerant(tt.src)
			r.Dialect = tt.dialect
			got, err := readAll(r)
			if err != nil {
				t.Fatal(err)
			}
			wantRecords(t, got, tt.want...)
			wantLines(t, "faults", *faults, tt.faults...)
			if r.Faults() != len(tt.faults) {
				t.Errorf("Faults() = %d", r.Faults())
			}

			strict := NewReader(strings.NewReader(tt.src))
			strict.Dialect = tt.dialect
			_, err = readAll(strict)
			var se *SyntaxError
			if !errors.As(err, &se) {
				t.Fatalf("strict reader: %v", err)
			}
			if _, again := strict.Next(); again != err {
				t.Errorf("strict reader goes on: %v", again)
			}
			if first := strings.SplitN(tt.faults[0], " ", 2); first[1] != se.Kind.String() {
				t.Errorf("strict reader: %v, want %s", se, tt.faults[0])
			}
		})
	}
}

func TestBlankLineAcrossTwoReadsEndsTheRecord(t *testing.T) {
	r, faults := tolerant("")
	r.Reset(oneByOne("dn: o=x\r\no: x\r\n\r\n y\r\n"))
	got, err := readAll(r)
	if err != nil {
		t.Fatal(err)
	}
	wantRecords(t, got, "0@1 o=x o=x")
	wantLines(t, "faults", *faults, "4 continuation without a line before it", "5 record without a dn line")
}

func TestErrorNamesLineRecordAndEntryAndNoSecret(t *testing.T) {
	src := "dn: o=x\no: x\n\n# comment\n18\ndn: cn=admin,\n o=x\ncn: admin\nuserpassword secret\n"
	_, err := readAll(NewReader(strings.NewReader(src)))
	var se *SyntaxError
	if !errors.As(err, &se) {
		t.Fatal(err)
	}
	if se.Line != 9 || se.Record != 5 || se.DN != "cn=admin,o=x" || se.Kind != NoColon {
		t.Errorf("got %+v", se)
	}
	if want := `line 9, entry "cn=admin,o=x" at line 5: no colon in line`; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	se.DN = strings.Repeat("x", 1<<20)
	if len(se.Error()) > 1000 {
		t.Errorf("an error of %d bytes", len(se.Error()))
	}
}

func TestCallbackCanStopTheReader(t *testing.T) {
	enough := errors.New("enough")
	r := NewReader(strings.NewReader(strings.Repeat("junk\n", 100)))
	r.OnFault = func(*SyntaxError) error {
		if r.Faults() == 3 {
			return enough
		}
		return nil
	}
	for range 2 {
		if _, err := r.Next(); !errors.Is(err, enough) {
			t.Errorf("got %v", err)
		}
	}
	if r.Faults() != 3 {
		t.Errorf("%d faults", r.Faults())
	}
}

func TestSourceThatFailsGivesNoHalfRecord(t *testing.T) {
	broken := errors.New("disk on fire")
	src := io.MultiReader(strings.NewReader("dn: o=x\no: x\n\ndn: o=y\no: y\ncn:"), iotest.ErrReader(broken))
	r := NewReader(src)
	if rec, err := r.Next(); err != nil || text(rec) != "0@1 o=x o=x" {
		t.Fatalf("got %v, %v", rec, err)
	}
	rec, err := r.Next()
	if rec != nil || !errors.Is(err, broken) || !strings.Contains(err.Error(), "line 6") {
		t.Errorf("got %v, %v", rec, err)
	}
	if _, err := NewReader(idle{}).Next(); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("source that never gives: %v", err)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestMaxValueBoundsAValue(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	src := "dn: o=x\na: 12345\nb: 123456\nc:: MTIzNDU=\nd:: MTIzNDU2\ne: " + long + "\n " + long + "\nf: 1\n"
	r, faults := tolerant(src)
	r.MaxValue = 5
	got, err := readAll(r)
	if err != nil {
		t.Fatal(err)
	}
	wantRecords(t, got, "0@1 o=x a=12345 c=12345 f=1")
	wantLines(t, "faults", *faults, "3 line too long", "5 line too long", "6 line too long")
	if c := cap(r.lines.long); c > 4*nameRoom {
		t.Errorf("a line of 400 kB was kept in %d bytes", c)
	}

	r, faults = tolerant("dn: " + long + "\no: x\n\ndn: o=y\no: y\n")
	r.MaxValue = 1000
	if got, err = readAll(r); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, got, "0@4 o=y o=y")
	wantLines(t, "faults", *faults, "1 line too long")
}
