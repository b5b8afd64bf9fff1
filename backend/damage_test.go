package backend_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

const (
	flips    = 400          // single bits that the test turns over
	metaBits = 2 * 4096 * 8 // the meta pages have a test of their own
)

// TestDamagedStoreGivesNoWrongAnswer turns single bits of a closed store over
// and asks it everything: each answer is right or an error.
func TestDamagedStoreGivesNoWrongAnswer(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "store")
	sch := storetest.Schema(t)
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true, Indexes: indexes}), sch}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	w.fill(150)
	w.must(rename("cn=user000010,"+people, "cn=renamed"))
	want := questions(w)
	storetest.Close(t, w.Store)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The file is sparse at its end; flip where there is something.
	used := bytes.TrimRight(good, "\x00")
	random := rand.New(rand.NewPCG(1, 2))
	refused, failed, harmless := 0, 0, 0
	for range flips {
		bit := metaBits + random.IntN(len(used)*8-metaBits)
		bad := bytes.Clone(used)
		bad[bit/8] ^= 1 << (bit % 8)
		copyPath := filepath.Join(dir, "damaged")
		if err := os.WriteFile(copyPath, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(copyPath, int64(len(good))); err != nil {
			t.Fatal(err)
		}
		s, err := backend.Open(copyPath, backend.Options{Schema: sch, Indexes: indexes})
		if err != nil {
			var damage *backend.DamageError
			if !errors.As(err, &damage) && !errors.Is(err, backend.ErrForeign) {
				t.Errorf("bit %d: %v", bit, err)
			}
			refused++
			continue
		}
		errorsMet := 0
		for question, answer := range questions(&world{t, s, sch}) {
			switch {
			case strings.HasPrefix(answer, "error "):
				errorsMet++
			case answer != want[question]:
				t.Errorf("bit %d (page %d): %s answers %.200q, want %.200q", bit, bit/8/4096, question, answer, want[question])
			}
		}
		if errorsMet > 0 {
			failed++
		} else {
			harmless++
		}
		if err := s.Close(); err != nil {
			t.Errorf("bit %d: close: %v", bit, err)
		}
	}
	t.Logf("%d flips: %d stores refused, %d gave errors, %d harmless", flips, refused, failed, harmless)
	if refused == 0 || failed == 0 {
		t.Error("the flips have hit nothing: the test proves nothing")
	}
}

// questions asks a store everything there is and gives the answers by question.
func questions(w *world) map[string]string {
	out := map[string]string{}
	ask := func(name string, q *schema.Search) {
		f, err := w.search(q)
		var b strings.Builder
		for _, v := range f.views {
			fmt.Fprintf(&b, "%d %s %x %x\n", v.ID, v.DN, v.User, v.Operational)
		}
		switch r := resultOf(err); {
		case err == nil:
		case r.Code == schema.Other:
			b.Reset()
			b.WriteString("error " + r.Diagnostic)
		default:
			fmt.Fprintf(&b, "result %d %s", r.Code, r.MatchedDN)
		}
		out[name] = b.String()
	}
	any := present("objectClass")
	ask("all", w.query(suffix, schema.ScopeSub, w.filter(any)))
	ask("tree", w.query(people, schema.ScopeSub, w.filter(any)))
	ask("one", w.query(people, schema.ScopeOne, w.filter(any)))
	ask("class", w.query(suffix, schema.ScopeSub, w.filter(eq("objectClass", "organizationalUnit"))))
	for i := range 155 {
		name := fmt.Sprintf("user%06d", i)
		ask("base "+name, w.query("cn="+name+","+people, schema.ScopeBase, w.filter(any)))
		ask("uid "+name, w.query(suffix, schema.ScopeSub, w.filter(eq("uid", name))))
	}
	ask("substring", w.query(suffix, schema.ScopeSub, w.filter(item(schema.FilterSubstrings, "cn", ""),
		schema.SubstringPart{At: schema.PartAny, Value: []byte("00004")})))
	ask("short substring", w.query(suffix, schema.ScopeSub, w.containing("cn", "014")))
	var log strings.Builder
	err := w.Changelog(1, func(r backend.ChangeRecord) bool { fmt.Fprintf(&log, "%+v\n", r); return true })
	if out["log"] = log.String(); err != nil {
		out["log"] = "error " + err.Error()
	}
	out["position"] = w.Position().String() + w.ContextCSN()
	return out
}

// TestDamagedMetaPageIsReported damages the page that makes the last commit
// valid. The store cannot know whether a crash tore it, but it says so.
func TestDamagedMetaPageIsReported(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	before := w.Position()
	w.must(add(people, "objectClass: organizationalUnit"))
	after := w.Position()
	good, err := os.ReadFile(path) // as a crash leaves it
	if err != nil {
		t.Fatal(err)
	}
	storetest.Close(t, w.Store)
	older := 0
	for i := range 80 {
		bad := bytes.Clone(good)
		bad[i%2*4096+16+i/2] ^= 1 << (i % 8) // of the fields and the checksum
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		s := storetest.Open(t, path, backend.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		switch p := s.Position(); {
		case !strings.Contains(log.String(), "meta pages"):
			t.Errorf("byte %d of meta page %d: nothing was logged", i/2, i%2)
		case p == before:
			older++
		case p != after:
			t.Errorf("byte %d of meta page %d: position %v", i/2, i%2, p)
		}
		storetest.Close(t, s)
	}
	if older != 40 {
		t.Errorf("%d of 80 stores fell back to the commit before, want 40", older)
	}
}

// TestStoreClosedInOrderLosesNothingWithAMetaPage damages either of the meta
// pages of a closed store: both of them have the last change.
func TestStoreClosedInOrderLosesNothingWithAMetaPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	position := w.Position()
	storetest.Close(t, w.Store)
	for page := range 2 {
		flip(t, path, int64(page*4096+16+40), 0)
		s := storetest.Open(t, path, backend.Options{WalkLater: true})
		if s.Position() != position {
			t.Errorf("meta page %d damaged: position %v, want %v", page, s.Position(), position)
		}
		if err := s.MarkFresh(); err != nil { // writes both pages again, in the end
			t.Fatal(err)
		}
		storetest.Close(t, s)
	}
}

func TestCutOffStoreIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	w.fill(500)
	used := int64(w.Stats().Bytes)
	storetest.Close(t, w.Store)
	for _, size := range []int64{used - 4096, used / 2, 3 * 4096, 4096, 100} {
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		_, err := backend.Open(path, backend.Options{Schema: w.schema})
		var damage *backend.DamageError
		if !errors.As(err, &damage) && !errors.Is(err, backend.ErrForeign) {
			t.Errorf("cut to %d bytes: %v", size, err)
		}
	}
}

func TestPagesAreCounted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true, Indexes: indexes}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	w.fill(500)
	w.must(replace("cn=user000001,"+people, "description", strings.Repeat("long ", 5000))) // overflow pages
	storetest.Close(t, w.Store)
	keys, err := backend.CountKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	for bucket, want := range map[string]uint64{"id2entry": 502, "dn2id": 502, "uuid2id": 502, "changelog": 503, "eq/uid": 500, "eq/cn": 500, "meta": 10} {
		if keys[bucket] != want {
			t.Errorf("bucket %s has %d keys, want %d", bucket, keys[bucket], want)
		}
	}
}
