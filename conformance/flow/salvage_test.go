package flow

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// One damaged record must not keep anybody from the others.
func TestDamagedStoreIsSalvaged(t *testing.T) {
	root, other := newRoot(t), newRoot(t)
	load(t, root, data(200)).want(t, 0)
	before := dump(t, root)
	store := filepath.Join(root, storeFile)
	content, err := os.ReadFile(store)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(content, fmt.Appendf(nil, "request %08x of", scatter(20))) // in no index
	if at < 0 {
		t.Fatal("the entry is not where it should be")
	}
	content[at]++
	if err := os.WriteFile(store, content, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "", "utldbmcat", store).want(t, 1, "store damaged", "-salvage")
	file := filepath.Join(t.TempDir(), "rest.ldif")
	run(t, "", "utldbmcat", "-salvage", "-o", file, store).want(t, 1, "store damaged", "utname=usr0000020,utname=users,", "entries could be read", "-partial")
	load(t, other, read(t, file)).want(t, 1, "cut off")
	load(t, other, read(t, file), "-partial").want(t, 3)
	if got, want := strings.Count(dump(t, other), "\ndn: "), strings.Count(before, "\ndn: ")-1; got != want {
		t.Errorf("%d entries of %d", got, want)
	}
}
