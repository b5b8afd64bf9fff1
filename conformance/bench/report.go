// report.go: docs/performance.md, whose marked section each run writes anew.

package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The marks around what a run writes.
const (
	beginMark = "<!-- written by make bench -->\n"
	endMark   = "<!-- to here -->\n"
)

// report is the whole of a run in Markdown, the misses first.
func (r *Record) report(s Settings, head string) string {
	lines, growth := r.lines(s.rows()), r.changes(s)
	var b strings.Builder
	b.WriteString(head)
	b.WriteString("\n### Misses\n\n")
	few, wide := missed(lines), slices.DeleteFunc(slices.Clone(growth), func(c change) bool { return c.ok })
	if len(few)+len(wide) == 0 {
		b.WriteString("None.\n")
	}
	if len(few) > 0 {
		b.WriteString(markdown(few))
	}
	if len(few) > 0 && len(wide) > 0 {
		b.WriteString("\n")
	}
	if len(wide) > 0 {
		b.WriteString(growthTable(wide))
	}
	b.WriteString("\n### All figures\n\n" + markdown(lines))
	if len(growth) > 0 {
		b.WriteString("\n### How cost grows\n\n" + growthTable(growth))
	}
	for _, p := range pictures() {
		fmt.Fprintf(&b, "\n![%s](%s)\n", p.title, p.file)
	}
	return b.String()
}

// head tells when, where and what.
func (r *Record) head(tb testing.TB, s Settings, took time.Duration) string {
	tb.Helper()
	var others []float64
	for _, m := range r.list {
		if m.Cores > 0 && m.OwnCores > 0 {
			others = append(others, otherCores(m))
		}
	}
	slices.Sort(others)
	noise := "not known"
	if n := len(others); n > 0 {
		noise = fmt.Sprintf("%.2f cores at the median, %.2f in the tenth part that had most", others[n/2], others[n*9/10])
	}
	return fmt.Sprintf(`- %s
- %s
- %s
- %s entries (small sets: %s), %d rounds that take turns, %s for each piece of work, medians; the run took %s
- other processes meanwhile: %s
`, time.Now().UTC().Format("2 January 2006, 15:04 UTC"), machine(tb), versions(tb), thousands(float64(s.Entries)), thousands(float64(s.Small)),
		s.Rounds, s.Length, took.Round(time.Second), noise)
}

// publish writes the section into docs/performance.md and draws the pictures.
func (r *runner) publish(took time.Duration) {
	r.Helper()
	text := r.record.report(r.Settings, r.record.head(r, r.Settings, took))
	fmt.Println(text)
	if r.Docs == "" {
		return
	}
	path := filepath.Join(r.Docs, "performance.md")
	changed, err := replaceSection(read(r, path), text)
	if err != nil {
		r.Fatalf("%s: %v", path, err)
	}
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
		r.Fatal(err)
	}
	for _, p := range pictures() {
		if err := p.draw(r.record, r.Settings, r.Docs); err != nil {
			r.Fatal(err)
		}
	}
}

// replaceSection puts text between the marks.
func replaceSection(document, text string) (string, error) {
	before, rest, ok := strings.Cut(document, beginMark)
	_, after, closed := strings.Cut(rest, endMark)
	if !ok || !closed {
		return "", fmt.Errorf("the marks %q and %q are not there", strings.TrimSpace(beginMark), strings.TrimSpace(endMark))
	}
	return before + beginMark + "\n" + text + "\n" + endMark + after, nil
}
