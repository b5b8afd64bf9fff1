package bench

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/bench/load"
)

// invented are figures of both servers in three rounds. Of ours, one is far off.
func invented(t *testing.T, s Settings) *Record {
	r := newRecord(t, t.TempDir())
	put := func(server string, k Key, f load.Figure) {
		for round, times := range []float64{1, 1.1, 30} {
			f := f
			f.PerSecond /= times
			f.ServerCPU *= times
			r.add(t, Measurement{Key: k, Server: server, Round: round, Figure: f})
		}
	}
	for _, n := range s.sizes() {
		for _, w := range grown() {
			k := Key{w.what, n, 64, 1}
			put("utdsd", k, load.Figure{PerSecond: 40000, ServerCPU: 20 * math.Sqrt(float64(n)/float64(s.Small)), P99: 2000, Cores: 1, OwnCores: 0.5, OtherCores: 0.25})
			put("slapd", k, load.Figure{PerSecond: 20000, ServerCPU: 40, P99: 4000})
		}
	}
	put("utdsd", Key{base, s.Entries, 64, 16}, load.Figure{PerSecond: 100000})
	put("slapd", Key{base, s.Entries, 64, 16}, load.Figure{PerSecond: 20000})
	put("utdsd", Key{modify, s.Entries, 64, 16}, load.Figure{PerSecond: 1, P99: 50001})
	put("utdsd", Key{reading, s.Entries, 64, 1}, load.Figure{PerSecond: 1, P99: 3000})
	put("utdsd", Key{mixing, s.Entries, 64, 1}, load.Figure{PerSecond: 1, ReadsP99: 5999})
	return r
}

func TestTableHasMediansRatiosAndVerdicts(t *testing.T) {
	s := Defaults()
	lines := map[string]line{}
	for _, l := range invented(t, s).lines(s.rows()) {
		lines[l.label] = l
	}
	for label, want := range map[string]struct {
		ours, ratio float64
		ok          bool
	}{
		"base search, 64 connections":                                {40000 / 1.1, 2, true},
		"base search, 64 connections: processor time":                {20 * math.Sqrt(10) * 1.1, 40 / (20 * math.Sqrt(10)), false},
		"base search, 64 × 16 outstanding":                           {100000 / 1.1, 5, false},
		"modify, 64 clients":                                         {40000 / 1.1, 2, false},
		"modify, 64 × 16 outstanding: p99":                           {50.001, 0, false},
		"the same: reads' p99, beside twice that without the writes": {5.999, 0, true},
	} {
		l := lines[label]
		if math.Abs(l.ours-want.ours) > 0.01 || math.Abs(l.ratio-want.ratio) > 0.01 || l.ok != want.ok {
			t.Errorf("%s: %v, %v times, %v; want %+v", label, l.ours, l.ratio, l.ok, want)
		}
	}
	if _, ok := lines["full scan"]; ok {
		t.Error("a row stands that was not measured")
	}
}

func TestReportTellsTheMissesFirst(t *testing.T) {
	s := Defaults()
	r := invented(t, s)
	text := r.report(s, "- today\n")
	before, after, ok := strings.Cut(text, "### All figures")
	if !ok || !strings.HasPrefix(text, "- today\n\n### Misses\n") {
		t.Fatalf("the report begins %.200q", text)
	}
	if strings.Count(before, "**miss**") != strings.Count(after, "**miss**") || strings.Contains(before, " ok ") {
		t.Errorf("the misses are\n%s", before)
	}
	// 20 µs grows with the root of the entries, by 10.
	if want := "| modify, 1,000,000 entries beside 10,000: processor time | times as much | 10.0× |    1× | ≤ 1.5× | **miss** |"; !strings.Contains(squeezed(before), squeezed(want)) {
		t.Errorf("%q is not in\n%s", want, before)
	}
	if text := (&Record{}).report(s, ""); !strings.Contains(text, "None.\n") {
		t.Errorf("without figures: %s", text)
	}
	if head := r.head(t, s, 0); !strings.Contains(head, "0.25 cores") || !strings.Contains(head, "cores, ") || !strings.Contains(head, "beside slapd 2") {
		t.Errorf("the head is %s", head)
	}
}

func squeezed(s string) string { return strings.Join(strings.Fields(s), " ") }

func TestTableIsInLine(t *testing.T) {
	s := Defaults()
	table := markdown(invented(t, s).lines(s.rows()))
	width := 0
	for row := range strings.Lines(table) {
		if n := len([]rune(row)); width != 0 && n != width {
			t.Errorf("%d characters, not %d: %s", n, width, row)
		} else {
			width = n
		}
	}
}

func TestPicturesAreWellFormed(t *testing.T) {
	s, dir := Defaults(), t.TempDir()
	r := invented(t, s)
	if err := pictures()[0].draw(r, s, dir); err != nil {
		t.Fatal(err)
	}
	text := read(t, filepath.Join(dir, pictures()[0].file))
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"utdsd, modify", "slapd, add", "1,000,000", "<path"} {
		if !strings.Contains(text, want) {
			t.Errorf("the picture has no %q", want)
		}
	}
	if err := pictures()[2].draw(r, s, dir); err == nil {
		t.Error("a picture of nothing was drawn")
	}
	if _, err := os.Stat(filepath.Join(dir, pictures()[2].file)); err == nil {
		t.Error("a picture of nothing is there")
	}
}

func TestNumbersAreShort(t *testing.T) {
	for v, want := range map[float64]string{0: "", 0.1234: "0.12", 1.26: "1.3", 12.34: "12.3", 123.4: "123", 1234.5: "1,234", 1234567: "1,234,567"} {
		if got := number(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}

func TestSectionNeedsItsMarks(t *testing.T) {
	for _, document := range []string{"", beginMark, endMark + beginMark} {
		if text, err := replaceSection(document, "x"); err == nil {
			t.Errorf("%q became %q", document, text)
		}
	}
}

func TestSettingsComeFromTheEnvironment(t *testing.T) {
	t.Setenv("BENCH_ENTRIES", "12345")
	t.Setenv("BENCH_SECONDS", "0.25")
	t.Setenv("BENCH_LARGE", "0")
	t.Setenv("BENCH_DOCS", "")
	s := Defaults().FromEnvironment(t)
	if s.Entries != 12345 || s.Length.Milliseconds() != 250 || s.Large != 0 || s.Docs != "" || s.Rounds != Defaults().Rounds || !filepath.IsAbs(s.Folder) {
		t.Errorf("%+v", s)
	}
	if got := s.sizes(); len(got) != 2 || got[1] != 12345 {
		t.Errorf("sizes %v", got)
	}
}

func TestServersTakeTurns(t *testing.T) {
	a, b := &contender{name: "a"}, &contender{name: "b"}
	for round := range 4 {
		got := turns(round, []*contender{a, b})
		if len(got) != 2 || got[0] == got[1] || (got[0] == a) != (round%2 == 0) {
			t.Errorf("round %d: %s first", round, got[0].name)
		}
	}
}
