// Files that the builder made: every version, checked by the library's own tools first.

package berkeley_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheLibraryReadsWhatIsBuilt has the library read the builder's files, the
// versions 6 to 8 by bringing them up to 9, so that the builder and the reader
// cannot be wrong together.
func TestTheLibraryReadsWhatIsBuilt(t *testing.T) {
	dump185 := need(t, "db_dump185", "libdb1-compat")
	dump5 := need(t, "db5.3_dump", "db5.3-util")
	for name, b := range builders(1024) {
		t.Run(name, func(t *testing.T) {
			list := entries(300)
			var found map[string]string
			switch {
			case b.old():
				if b.order.String() == "BigEndian" && b.width == 8 {
					list = short(list) // see TestFilesOfRelease185
				}
				found = dumped(t, dump185, b.build(list))
			case b.version == 9:
				path := filepath.Join(t.TempDir(), "verified.dbb")
				if err := os.WriteFile(path, b.build(list), 0o600); err != nil {
					t.Fatal(err)
				}
				run(t, nil, need(t, "db5.3_verify", "db5.3-util"), path)
				found = dumped(t, dump5, b.build(list))
			case b.version < 9 && b.order.String() == "LittleEndian": // the upgrade knows only this machine's order
				path := filepath.Join(t.TempDir(), "upgraded.dbb")
				if err := os.WriteFile(path, b.build(list), 0o600); err != nil {
					t.Fatal(err)
				}
				run(t, nil, need(t, "db5.3_upgrade", "db5.3-util"), path)
				found = dumped(t, dump5, slurp(t, path))
			default:
				return // read by nothing but this package
			}
			if len(found) != len(list) {
				t.Errorf("the library finds %d entries, want %d", len(found), len(list))
			}
			for _, r := range list {
				if found[fmt.Sprintf("%x", b.key(r.id))] != string(r.stored()) {
					t.Errorf("the library does not find entry %d", r.id)
				}
			}
		})
	}
}

func TestBuiltFiles(t *testing.T) {
	list := entries(350)
	for _, pageSize := range []int{512, 8192, 65536} {
		for name, b := range builders(pageSize) {
			t.Run(fmt.Sprintf("%s/%d", name, pageSize), func(t *testing.T) {
				t.Parallel()
				release, _, _ := strings.Cut(name, "/")
				want := map[string]string{
					"1.85": "1.85", "2.x": "2.x", "3.0": "3.0", "3.1": "3.1 to 4.0",
					"5.3": "4.1 to 5.3", "5.3 sums": "4.1 to 5.3", "6.x": "6.x",
				}[release]
				checkWhole(t, b.build(list), b.machine, list, "Berkeley DB "+want+" btree")
			})
		}
	}
}
