package backend_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

func TestReopenedStoreIsEqual(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dbm.ut", "id2entry.dbb")
	s := storetest.Open(t, path, backend.Options{Create: true, Indexes: indexes})
	w := &world{t, s, storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	w.fill(100)
	w.must(remove("cn=user000050," + people))
	position, csn, before, id := w.Position(), w.ContextCSN(), w.all(suffix), w.ID()
	storetest.Close(t, s)

	w.Store = storetest.Open(t, path, backend.Options{Indexes: indexes})
	if w.Position() != position || w.ContextCSN() != csn || w.ID() != id {
		t.Errorf("position %v, CSN %s after reopening, want %v, %s", w.Position(), w.ContextCSN(), position, csn)
	}
	if after := w.all(suffix); strings.Join(after, "\n") != strings.Join(before, "\n") {
		t.Errorf("other entries after reopening: %q, want %q", after, before)
	}
	if d := w.must(replace(people, "description", "x")); d.Position.Seq != position.Seq+1 || w.ContextCSN() <= csn {
		t.Errorf("change after reopening has position %v and CSN %s", d.Position, w.ContextCSN())
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the file is %v (%v), want 0600", info.Mode(), err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	inUse := storetest.Open(t, filepath.Join(dir, "inuse"), backend.Options{Create: true})
	_ = inUse
	berkeley := make([]byte, 512)
	copy(berkeley[12:], []byte{0x62, 0x31, 0x05, 0x00})
	for _, c := range []struct {
		what, path string
		create     bool
		is         error
		text       string
	}{
		{"not there", filepath.Join(dir, "none"), false, backend.ErrNotThere, "utconfig"},
		{"there already", filepath.Join(dir, "inuse"), true, backend.ErrExists, ""},
		{"locked", filepath.Join(dir, "inuse"), false, backend.ErrLocked, "stop the server"},
		{"Berkeley DB", write("berkeley", berkeley), false, backend.ErrForeign, "utldif2ldbm"},
		{"text", write("text", []byte(strings.Repeat("dn: o=utdata\n", 1000))), false, backend.ErrForeign, ""},
		{"empty", write("empty", nil), false, backend.ErrForeign, ""},
	} {
		_, err := backend.Open(c.path, backend.Options{Schema: storetest.Schema(t), Create: c.create})
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

func TestReadOnlyStoreRefusesChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true, Indexes: indexes}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	storetest.Close(t, w.Store)
	w.Store = storetest.Open(t, path, backend.Options{ReadOnly: true, Indexes: indexes})
	other := storetest.Open(t, path, backend.Options{ReadOnly: true})
	w.finds(w.query(suffix, schema.ScopeSub, w.filter(eq("objectClass", "organization"))), suffix)
	w.refused(add(people, "objectClass: organizationalUnit"), schema.UnwillingToPerform)
	if other.Position() != w.Position() {
		t.Error("two readers see different positions")
	}
}

func TestIndexesFollowTheConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	w.fill(50)
	position := w.Position()
	for _, ix := range []backend.Indexes{indexes, {Eq: []string{"uid", "mail"}}, {}, {Sub: []string{"CN", "2.5.4.3"}}} {
		storetest.Close(t, w.Store)
		last := 0
		w.Store = storetest.Open(t, path, backend.Options{Indexes: ix, Progress: func(done, total int) { last = done - total }})
		if last != 0 {
			t.Errorf("progress ended %d entries off", last)
		}
		if w.Position() != position {
			t.Errorf("position moved by indexing")
		}
		w.finds(w.query(suffix, schema.ScopeSub, w.filter(eq("uid", "USER000007"))), "cn=user000007,"+people)
	}
	if _, err := backend.Open(path, backend.Options{Schema: w.schema, Indexes: backend.Indexes{Eq: []string{"nonsense"}}}); err == nil {
		t.Error("index of an unknown type was taken")
	}
}

func TestMetricsHaveGoodNamesAndFollowTheStore(t *testing.T) {
	r := prometheus.NewPedanticRegistry()
	w := newWorldWith(t, backend.Options{Registry: r})
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if problems, err := promlint.NewWithMetricFamilies(families).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
	got := map[string]float64{}
	for _, f := range families {
		got[f.GetName()] = f.Metric[0].GetGauge().GetValue()
	}
	if got["utds_store_entries"] != 2 || got["utds_store_changelog_last_number"] != 2 || got["utds_store_snapshots"] != 1 {
		t.Errorf("metrics: %v", got)
	}
	storetest.Close(t, w.Store)
	storetest.Close(t, storetest.New(t, backend.Options{Registry: r})) // the names are free again
}

func TestClosedStoreAnswersUnavailable(t *testing.T) {
	w := newWorld(t)
	storetest.Close(t, w.Store)
	if d := w.do(remove(people)); d.Result.Code != schema.Unavailable {
		t.Errorf("change: %v", &d.Result)
	}
	if _, err := w.search(w.query(suffix, schema.ScopeBase, w.filter(present("objectClass")))); resultOf(err).Code != schema.Unavailable {
		t.Errorf("search: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}
