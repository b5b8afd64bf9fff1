// foreign_test.go: the odd encodings that go-asn1-ber tests itself with.

package codec_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server/wire"
)

// oddEncodings are the 51 files of the free ASN.1 test-suite as the module
// go-asn1-ber carries them.
func oddEncodings(t *testing.T) map[string][]byte {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/go-asn1-ber/asn1-ber").Output()
	if err != nil {
		t.Fatalf("find the module: %v", err)
	}
	names, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "tests", "*.ber"))
	if err != nil || len(names) < 40 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		if files[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestOddEncodingsAreRefusedEverywhere(t *testing.T) {
	ops := []byte{wire.TagBindRequest, wire.TagSearchRequest, wire.TagModifyRequest, wire.TagAddRequest,
		wire.TagModifyDNRequest, wire.TagCompareRequest, wire.TagExtendedRequest}
	for name, odd := range oddEncodings(t) {
		t.Run(name, func(t *testing.T) {
			if _, err := readOurs(odd); !errors.Is(err, wire.ErrFatal) {
				t.Errorf("as a message: error %v", err)
			}
			for _, op := range ops {
				if err := newRequest(op).Decode(odd); err == nil {
					t.Errorf("as the body of operation %#x: accepted", op)
				}
				pdu := pduAround(append([]byte{2, 1, 1, op, 0}, ber.AppendBytes(nil, 0xa0, odd)...))
				if m := new(wire.Message); m.Decode(pdu) == nil {
					t.Errorf("as controls: accepted %+v", m.Controls)
				}
			}
			if err := wire.DecodeFilter(new(schema.Filter), odd); err == nil {
				t.Error("as a filter: accepted")
			}
		})
	}
}
