package backend_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// TestRandomOperations makes random changes in a small tree, knows from a map of
// names what must become of each, and has the store check itself as it goes.
func TestRandomOperations(t *testing.T) {
	seed := rand.Uint64()
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	r := rand.New(rand.NewPCG(seed, 0))
	path := filepath.Join(t.TempDir(), "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true, Indexes: indexes}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	tree := map[string]string{suffix: ""} // name to description
	pick := func() string {               // some name, that may be there or not
		dn := suffix
		for range r.IntN(4) {
			dn = fmt.Sprintf("ou=%c,%s", 'a'+r.IntN(4), dn)
		}
		return dn
	}
	leaf := func(dn string) bool {
		for other := range tree {
			if strings.HasSuffix(other, ","+dn) {
				return false
			}
		}
		return true
	}
	has := func(dn string) bool { _, ok := tree[dn]; return ok }
	for step := range 2000 {
		dn, text := pick(), fmt.Sprint(r.IntN(20))
		switch r.IntN(8) {
		case 0, 1, 2:
			if dn == suffix {
				continue
			}
			code := schema.Success
			switch _, parent, _ := schema.SplitDN(dn, 1); {
			case has(dn):
				code = schema.EntryAlreadyExists
			case !has(parent):
				code = schema.NoSuchObject
			default:
				tree[dn] = text
			}
			w.refused(add(dn, "objectClass: organizationalUnit", "description: "+text), code)
		case 3:
			if dn == suffix {
				continue
			}
			code := schema.Success
			switch {
			case !has(dn):
				code = schema.NoSuchObject
			case !leaf(dn):
				code = schema.NotAllowedOnNonLeaf
			default:
				delete(tree, dn)
			}
			w.refused(remove(dn), code)
		case 4, 5:
			code := schema.NoSuchObject
			if has(dn) {
				code, tree[dn] = schema.Success, text
			}
			w.refused(replace(dn, "description", text), code)
		case 6:
			rdn, superior := fmt.Sprintf("ou=%c", 'a'+r.IntN(5)), pick()
			code := schema.Success
			switch {
			case !has(dn):
				code = schema.NoSuchObject
			case dn == suffix, superior == dn, strings.HasSuffix(superior, ","+dn):
				code = schema.UnwillingToPerform
			case !has(superior):
				code = schema.NoSuchObject
			case has(rdn+","+superior) && rdn+","+superior != dn:
				code = schema.EntryAlreadyExists
			default:
				tree = moved(tree, dn, rdn+","+superior)
			}
			w.refused(move(dn, rdn, superior), code)
		case 7:
			if step%5 == 0 {
				storetest.Close(t, w.Store)
				w.Store = storetest.Open(t, path, backend.Options{Indexes: indexes})
			}
			want := []string{}
			for name, d := range tree {
				if d == text && (name == dn || strings.HasSuffix(name, ","+dn)) {
					want = append(want, name)
				}
			}
			if has(dn) {
				w.finds(w.query(dn, schema.ScopeSub, w.filter(eq("description", text))), want...)
			}
		}
		if t.Failed() {
			t.Fatalf("step %d", step)
		}
	}
	var want []string
	for name := range tree {
		want = append(want, name)
	}
	got := w.all(suffix)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

// moved is tree with the entry dn, and what is below it, under another name.
func moved(tree map[string]string, dn, to string) map[string]string {
	out := map[string]string{}
	for name, text := range tree {
		if name == dn || strings.HasSuffix(name, ","+dn) {
			name = strings.TrimSuffix(name, dn) + to
		}
		out[name] = text
	}
	return out
}
