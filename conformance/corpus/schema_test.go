// schema_test.go: schema files that end or delay servers which read them (row D4).

package corpus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	schemaFolder = "etc/opt/SUNWut/srds/schema"
	readWithin   = 20 * time.Second // a whole check, with the machine busy
	readMemory   = 256 << 10        // KiB that the process may have, for a file of 2 MiB at most
)

// TestSchemaTexts: a text that cannot be read is refused by every program that
// needs the schema, with its file and line (389-ds CVE-2025-14905 overflowed on
// long texts, issue 7735 ran behind open quotes).
func TestSchemaTexts(t *testing.T) {
	const good = "attributetype ( 1.3.6.1.4.1.99999.1 NAME 'siteOne' SUP name )\n"
	var chain strings.Builder // each type is below the next one
	for i := range 20000 {
		fmt.Fprintf(&chain, "attributetype ( 1.3.6.1.4.1.99999.%d NAME 'chain%d' SUP chain%d )\n", i+1, i, i+1)
	}
	s := harness.NewUtdsd(t, harness.Options{Plain: true})
	if err := os.MkdirAll(filepath.Join(s.Root, schemaFolder), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		situation, file, text, where string // where is file:line, or "" for a text that is in order
	}{
		{"a text that is in order", "site.schema", good, ""},
		{"open quotation mark", "site.schema", good + "attributetype ( 1.2.3.4 NAME 'x\n", "site.schema:2"},
		{"open quotation mark behind 2 MiB", "site.schema", good + "attributetype ( 1.2.3.4 DESC '" + strings.Repeat("x", 2<<20), "site.schema:2"},
		{"open parenthesis", "site.schema", good + good[:len(good)-3], "site.schema:2"},
		{"100,000 parentheses", "site.schema", good + "attributetype " + strings.Repeat("( ", 100_000), "site.schema:2"},
		{"superior of 1 MiB", "site.schema", good + "attributetype ( 1.2.3.4 NAME 'x' SUP " + strings.Repeat("y", 1<<20) + " )\n", "site.schema:2"},
		{"100,000 superiors", "site.schema", good + "objectclass ( 1.2.3.4 NAME 'x' SUP ( top" + strings.Repeat(" $ y", 100_000) + " ) )\n", "site.schema:2"},
		{"100,000 names", "site.schema", good + "attributetype ( 1.2.3.4 NAME (" + strings.Repeat(" 'x'", 100_000) + " ) SUP nosuch )\n", "site.schema:2"},
		{"number of 100,000 parts", "site.schema", good + "attributetype ( 1" + strings.Repeat(".1", 100_000) + " NAME 'x' )\n", "site.schema:2"},
		{"length of 10,000 digits", "site.schema", good + "attributetype ( 1.2.3.4 NAME 'x' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{" + strings.Repeat("9", 10_000) + "} )\n", "site.schema:2"},
		{"a type below itself", "site.schema", good + "attributetype ( 1.2.3.4 NAME 'x' SUP x )\n", "site.schema:2"},
		{"20,000 types below each other and the last below none", "site.schema", chain.String(), "site.schema:20000"},
		{"bytes of 0", "site.schema", good + "attributetype ( 1.2.3.4 NAME '\x00' SUP name )\n", "site.schema:2"},
		{"bytes that are no UTF-8", "site.schema", good + "\xff\xfe\xff\n", "site.schema:2"},
		{"LDIF with an open quotation mark", "site.ldif", "dn: cn=schema\ncn: schema\nattributeTypes: ( 1.2.3.4 NAME 'x\n", "site.ldif:3"},
		{"LDIF with a huge superior", "site.ldif", "dn: cn=schema\nobjectClasses: ( 1.2.3.4 NAME 'x' SUP\n  " + strings.Repeat("y", 1<<20) + " )\n", "site.ldif:2"},
		{"LDIF with broken base64", "site.ldif", "dn: cn=schema\nattributeTypes:: %%%\n", "site.ldif:2"},
	} {
		t.Run(c.situation, func(t *testing.T) {
			file := filepath.Join(s.Root, schemaFolder, c.file)
			if err := os.WriteFile(file, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			defer os.Remove(file)
			readSchema(t, c.where, "utdsd", "-R", s.Root, "-check")
			if c.where != "" {
				readSchema(t, c.where, "utldif2ldbm", "-R", s.Root, "-c", "-i", os.DevNull)
			}
		})
	}
}

// readSchema runs a program that must refuse what is there, or take it if where
// is empty.
func readSchema(t *testing.T, where, program string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), readWithin)
	defer cancel()
	limit := fmt.Sprintf(`ulimit -d %d && exec "$0" "$@"`, readMemory)
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", limit, harness.Binary(t, program)}, args...)...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%s: %v, %v", program, err, ctx.Err())
	}
	switch {
	case where == "" && err != nil:
		t.Errorf("%s: %v\n%.2000s", program, err, out)
	case where != "" && (err == nil || !bytes.Contains(out, []byte(where+":"))):
		t.Errorf("%s does not name %s: %v\n%.2000s", program, where, err, out)
	case len(out) > maxLogLine:
		t.Errorf("%s says %d bytes: %.300q...", program, len(out), out)
	case bytes.Contains(out, []byte("goroutine ")):
		t.Errorf("%s panics:\n%.2000s", program, out)
	}
}
