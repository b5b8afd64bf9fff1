// foreign_test.go: the encodings with which two codecs test themselves, taken
// from these modules and sent to the built server (rows E15 and E16).

package corpus

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// So many the modules have: fewer were not found.
const (
	asn1Encodings = 51
	goldapPDUs    = 104
)

// What these modules refuse, or do not know to be of LDAP, and what is right.
const (
	emptyString   = "tc44.ber as a name"                                               // 04 00: the name of the root DSE
	longerLengths = "\x30\x0e\x02\x01\x01\x60\x82\x00\x07\x02\x01\x03\x04\x00\x80\x00" // BER allows it, DER alone does not
)

// moduleFolder is where the source of a required module is.
func moduleFolder(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatalf("find %s: %v", module, err)
	}
	return strings.TrimSpace(string(out))
}

// fate sends bytes on a connection of their own and nothing after them, and
// tells what became of it: the code of the final response, or -1 for the end
// of the connection.
func fate(address string, b []byte) (code int, last response, err error) {
	p, err := dial(address)
	if err != nil {
		return 0, response{}, err
	}
	defer p.conn.Close()
	if err := p.send(b); err != nil {
		return 0, response{}, err
	}
	if err := p.noMore(); err != nil {
		return 0, response{}, err
	}
	code = -1
	if last, _, err = p.end(); last.ID != 0 {
		code = last.Code
	}
	return code, last, err
}

// TestEncodingsOfTheFreeASN1TestSuite sends each as a message, in the place of a
// name and in that of a control's value. None is an LDAPMessage, and one alone is
// a name.
func TestEncodingsOfTheFreeASN1TestSuite(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(moduleFolder(t, "github.com/go-asn1-ber/asn1-ber"), "tests", "tc*.ber"))
	if err != nil || len(files) != asn1Encodings {
		t.Fatalf("%d encodings, want %d: %v", len(files), asn1Encodings, err)
	}
	s := harness.StartUtdsd(t, harness.Options{Plain: true})
	tail := []byte("\x0a\x01\x00\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x01o\x30\x00")
	id := []byte("\x02\x01\x01")
	search := nest(0x63, 1, append(nest(0x04, 1, []byte(harness.Suffix)), tail...))
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		control := append([]byte("\x04\x161.2.840.113556.1.4.319"), b...)
		for place, message := range map[string][]byte{
			"message": b,
			"name":    nest(0x30, 1, append(bytes.Clone(id), nest(0x63, 1, append(bytes.Clone(b), tail...))...)),
			"control": nest(0x30, 1, append(append(bytes.Clone(id), search...), nest(0xa0, 1, nest(0x30, 1, control))...)),
		} {
			code, last, err := fate(s.Endpoint().Address, message)
			what := filepath.Base(file) + " as a " + place
			if err != nil || (code == 0) != (what == emptyString) {
				t.Errorf("%s: code %d, %+v, %v", what, code, last, err)
			}
		}
		if err := askBeside(s.Endpoint().Address); err != nil {
			t.Fatalf("%s: %v\n%s", filepath.Base(file), err, s.Log())
		}
	}
	checkLog(t, s.Log())
}

var (
	pduStart = regexp.MustCompile(`^\s*(//)?\s*bytes: \[\]byte\{$`)
	pduByte  = regexp.MustCompile(`0x([0-9a-f]{2}),`)
)

// goldapMessage is one of the table; only those that are in use are wrong.
type goldapMessage struct {
	line  int
	wrong bool
	bytes []byte
}

// goldapMessages reads the table as text: most of it is in comments.
func goldapMessages(t *testing.T) (list []goldapMessage) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleFolder(t, "github.com/lor00x/goldap"), "message", "read_error_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for i, line := range strings.Split(string(text), "\n") {
		if m := pduStart.FindStringSubmatch(line); m != nil {
			list, inside = append(list, goldapMessage{line: i + 1, wrong: m[1] == ""}), true
			continue
		}
		line = strings.TrimPrefix(strings.TrimSpace(line), "// ")
		switch line = strings.TrimSpace(line); {
		case !inside, strings.HasPrefix(line, "//"):
		case strings.HasPrefix(line, "}"):
			inside = false
		default:
			line, _, _ = strings.Cut(line, "//")
			for _, m := range pduByte.FindAllStringSubmatch(line, -1) {
				b, err := hex.DecodeString(m[1])
				if err != nil {
					t.Fatal(err)
				}
				list[len(list)-1].bytes = append(list[len(list)-1].bytes, b...)
			}
		}
	}
	return list
}

// TestMessagesOfGoldapsErrorTable: what goldap calls wrong must not succeed
// here either, and everything comes to an end in which others go on.
func TestMessagesOfGoldapsErrorTable(t *testing.T) {
	list := goldapMessages(t)
	if len(list) != goldapPDUs {
		t.Fatalf("%d messages, want %d", len(list), goldapPDUs)
	}
	s := harness.StartUtdsd(t, harness.Options{Plain: true})
	wrong := 0
	for _, m := range list {
		if len(m.bytes) == 0 {
			t.Errorf("line %d: no bytes", m.line)
			continue
		}
		code, last, err := fate(s.Endpoint().Address, m.bytes)
		if err != nil || m.wrong && (code == 0) != (string(m.bytes) == longerLengths) {
			t.Errorf("line %d: % x: code %d, %+v, %v", m.line, m.bytes, code, last, err)
		}
		if m.wrong {
			wrong++
		}
		if err := askBeside(s.Endpoint().Address); err != nil {
			t.Fatalf("line %d: %v\n%s", m.line, err, s.Log())
		}
	}
	if wrong == 0 {
		t.Error("none of the messages is wrong")
	}
	checkLog(t, s.Log())
}

// noMore closes the connection for sending: whoever waits for the rest of a
// message is told that there is none.
func (p *peer) noMore() error {
	half, ok := p.conn.(interface{ CloseWrite() error })
	if !ok {
		return fmt.Errorf("%T cannot be closed for sending alone", p.conn)
	}
	if err := half.CloseWrite(); err != nil && !errors.Is(err, syscall.ENOTCONN) {
		return err
	}
	return nil
}
