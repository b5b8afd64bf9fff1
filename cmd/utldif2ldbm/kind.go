// kind.go: what an input is by its first bytes, and the way to read it or the
// reason why not.

package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
)

var gzipMagic = []byte{0x1f, 0x8b}

// unpacker reads what gzip has compressed; its errors are of the file.
type unpacker struct {
	*gzip.Reader
	name string
}

// unpackError tells that a compressed file is not as it was written.
type unpackError struct {
	name string
	err  error
}

func (e *unpackError) Error() string {
	return fmt.Sprintf("the compressed file %s is cut off or damaged: %v", e.name, e.err)
}

func (e *unpackError) Unwrap() error { return e.err }

func newUnpacker(in io.Reader, name string) (io.Reader, error) {
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, &unpackError{name, err}
	}
	return unpacker{z, name}, nil
}

// Read reads what was compressed.
func (u unpacker) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &unpackError{u.name, err}
	}
	return n, err
}

// packers are programs whose files are known by their beginning, and that write
// what was in them with -dc.
var packers = [...]struct{ magic, program string }{
	{"\xfd7zXZ\x00", "xz"}, {"BZh", "bzip2"}, {"\x28\xb5\x2f\xfd", "zstd"}, {"\x1f\x9d", "gzip"},
}

// refuse is the error for an input that cannot be LDIF: each of its lines would
// be one that is told and left out.
func refuse(name string, head []byte) error {
	for _, p := range packers {
		if bytes.HasPrefix(head, []byte(p.magic)) {
			return fmt.Errorf("%s is compressed by %s: use %s -dc FILE | utldif2ldbm -c -i -", name, p.program, p.program)
		}
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return fmt.Errorf("%s is text in UTF-16, and LDIF is UTF-8: use iconv -f UTF-16 -t UTF-8 FILE | utldif2ldbm -c -i -", name)
	}
	// A damaged dump may well begin with some noise; it is one if a name is there.
	if bytes.ContainsFunc(head, unprintable) && !bytes.Contains(head, []byte("dn:")) {
		return fmt.Errorf("%s is no LDIF: it has bytes that no text has; %s", name, wanted)
	}
	return nil
}

// wanted is what can be given instead.
const wanted = "give a dump made by utldbmcat or slapcat, or an id2entry.dbb of the original data store"

// unprintable is for control characters that lines of text do not have.
func unprintable(r rune) bool {
	return r < ' ' && !strings.ContainsRune("\t\r\n", r)
}
