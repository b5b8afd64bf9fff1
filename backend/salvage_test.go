package backend_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
)

// blocks are the entries of a dump.
func blocks(text string) map[string]bool {
	all := map[string]bool{}
	for block := range strings.SplitSeq(text, "\n\n") {
		if block != "" && block[0] != '#' {
			all[block] = true
		}
	}
	return all
}

// salvage reads what can be read of a file.
func salvage(t *testing.T, path string) (text string, entries uint64, told []string, err error) {
	t.Helper()
	state, err := backend.OpenState(path)
	if err != nil {
		return "", 0, nil, err
	}
	var b bytes.Buffer
	entries, err = state.Salvage(context.Background(), &b, backend.DumpOptions{}, func(err error) { told = append(told, err.Error()) })
	if err := errors.Join(err, state.Close()); err != nil {
		t.Error(err)
	}
	return b.String(), entries, told, nil
}

// TestSalvageWritesWhatCanBeRead damages a store in all kinds of places.
func TestSalvageWritesWhatCanBeRead(t *testing.T) {
	const entries = 302
	path, _ := closedStore(t, entries-2)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole, n, told, err := salvage(t, path)
	want := blocks(whole)
	if err != nil || n != entries || len(told) != 0 || len(want) != entries || !strings.HasSuffix(whole, "\n") || !strings.Contains(whole, "# end: 302 entries") {
		t.Fatalf("%d entries, %q, %v", n, told, err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	used := bytes.TrimRight(good, "\x00")
	copied := filepath.Join(t.TempDir(), "damaged")
	lost := 0
	for range 150 {
		bad := bytes.Clone(good)
		for range 1 + random.IntN(3) {
			bit := random.IntN(len(used) * 8)
			if random.IntN(2) == 0 { // in the header or the first elements of a page
				bit = bit/8/4096*4096*8 + random.IntN(64*8)
			}
			bad[bit/8] ^= 1 << (bit % 8)
		}
		if err := os.WriteFile(copied, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		text, n, told, err := salvage(t, copied)
		if err != nil {
			continue // what the store says about itself is lost
		}
		got := blocks(text)
		for block := range got {
			if !want[block] {
				t.Fatalf("an entry that there never was:\n%s", block)
			}
		}
		if n != uint64(len(got)) || n < entries && len(told) == 0 || (n == entries) != strings.Contains(text, "# end: ") {
			t.Errorf("%d entries, %d in the text, told %q", n, len(got), told)
		}
		if n < entries {
			lost++
		}
	}
	if lost < 8 {
		t.Errorf("in %d cases something was lost: that shows little", lost)
	}
}

// TestSalvageEndsWhereTheWayDownLeadsUp has the branch page lead to itself.
func TestSalvageEndsWhereTheWayDownLeadsUp(t *testing.T) {
	path, _ := closedStore(t, 300)
	root, err := backend.RootOf(path, "id2entry")
	if err != nil {
		t.Fatal(err)
	}
	page := pageOf(t, path, root)
	for i := 1; i < int(binary.NativeEndian.Uint16(page[10:])); i++ { // but for its first element
		write(t, path, int64(root*4096)+int64(16+16*i+8), binary.NativeEndian.AppendUint64(nil, root))
	}
	if _, n, told, err := salvage(t, path); err != nil || n == 0 || n > 250 || len(told) < 50 {
		t.Errorf("%d entries, %d faults, %v", n, len(told), err)
	}
}

func TestSalvageAndCheckNameWhatIsLost(t *testing.T) {
	path, _ := closedStore(t, 50)
	whole, _, _, err := salvage(t, path)
	if err != nil {
		t.Fatal(err)
	}
	root, err := backend.RootOf(path, "id2entry")
	if err != nil {
		t.Fatal(err)
	}
	page := pageOf(t, path, root)
	leaf := int64(binary.NativeEndian.Uint64(page[16+8:])) // the first one
	write(t, path, leaf*4096+2000, []byte("damage"))
	text, n, told, err := salvage(t, path)
	if err != nil || n < 40 || n > 51 || strings.Contains(text, "# end") {
		t.Fatalf("%d entries, %v", n, err)
	}
	damaged, err := backend.Open(path, backend.Options{Schema: storetest.Schema(t), Indexes: indexes})
	if err != nil {
		t.Fatal(err)
	}
	var checked []string
	if err := errors.Join(damaged.Check(context.Background(), func(p string) { checked = append(checked, p) }), damaged.Close()); err != nil {
		t.Error(err)
	}
	missing := 0
	for block := range blocks(whole) {
		if blocks(text)[block] {
			continue
		}
		missing++
		name := strings.ToLower(strings.SplitN(strings.SplitN(block, "dn: ", 2)[1], "\n", 2)[0])
		for by, lines := range map[string][]string{"salvage": told, "check": checked} {
			if list := strings.Join(lines, "\n"); !strings.Contains(list, fmt.Sprintf("%q", name)) {
				t.Errorf("%s is lost, and told by %s is\n%s", name, by, list)
			}
		}
	}
	if missing == 0 {
		t.Error("nothing is lost")
	}
}
