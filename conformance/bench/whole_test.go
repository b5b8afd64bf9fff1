// whole_test.go: a run with everything that "make bench" has, in small.

package bench

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWholeRunInSmall(t *testing.T) {
	docs, out := t.TempDir(), t.TempDir()
	s := Settings{
		Entries: fewest, Small: 600, Rounds: 1, Length: 40 * time.Millisecond, Lag: 5, Missed: 100,
		Folder: out, Docs: docs, Profile: filepath.Join(out, "profiles"), Clients: []int{1, 8},
	}
	if err := os.WriteFile(filepath.Join(docs, "performance.md"), []byte("before\n"+beginMark+"old\n"+endMark+"after\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := newRunner(t, s)
	r.whole()
	r.publish(time.Second)

	lines := r.record.lines(s.rows())
	if len(lines) != len(s.rows()) {
		t.Errorf("%d of %d rows were measured", len(lines), len(s.rows()))
	}
	for _, l := range lines {
		// The kernel counts processor time in steps of 10 ms, and in so little
		// time there may be no write among the reads.
		if l.unit != "µs/op" && l.key.What != mixing && (l.ours <= 0 || l.theirs <= 0 || l.ratio <= 0) {
			t.Errorf("%s: %v and %v", l.label, l.ours, l.theirs)
		}
	}
	if n := len(r.record.changes(s)); n < len(grown()) {
		t.Errorf("%d figures of growth", n)
	}
	text := read(t, filepath.Join(docs, "performance.md"))
	if !strings.HasPrefix(text, "before\n"+beginMark) || !strings.HasSuffix(text, endMark+"after\n") || strings.Contains(text, "old\n") {
		t.Errorf("the section was not replaced:\n%.300s", text)
	}
	for _, p := range pictures() {
		if !strings.Contains(text, p.file) || !strings.Contains(read(t, filepath.Join(docs, p.file)), "</svg>") {
			t.Errorf("%s is missing", p.file)
		}
	}
	count := 0
	for line := range strings.Lines(read(t, filepath.Join(out, "results.jsonl"))) {
		var m Measurement
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.What == "" || m.Server == "" {
			t.Errorf("%q: %v", line, err)
		}
		count++
	}
	if count != len(r.record.list) {
		t.Errorf("%d lines of JSON for %d measurements", count, len(r.record.list))
	}
	if found, err := filepath.Glob(filepath.Join(s.Profile, "*.pprof")); err != nil || len(found) < len(jobs()) {
		t.Errorf("%d profiles of %d jobs (%v)", len(found), len(jobs()), err)
	}
}
