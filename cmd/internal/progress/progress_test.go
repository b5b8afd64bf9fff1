package progress

import (
	"strings"
	"testing"
	"time"
)

func TestLineShowsEntriesRateAndWhatIsLeft(t *testing.T) {
	var out strings.Builder
	now := time.Unix(1000, 0)
	l := New(&out)
	l.clock = func() time.Time { return now }
	l.Show("reading", 0, 0, 1000)
	now = now.Add(10 * time.Second)
	l.Show("reading", 5000, 250, 1000)
	l.Show("reading", 5001, 251, 1000) // too soon
	l.Clear()
	got := out.String()
	for _, want := range []string{"reading", "5000 entries", "500/s", "25%", "30s left", "[======  "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	if strings.Contains(got, "5001") || strings.Contains(got, "\n") {
		t.Errorf("line %q", got)
	}
	if last := got[strings.LastIndex(strings.TrimRight(got, "\r"), "\r")+1:]; strings.Trim(last, " \r") != "" {
		t.Errorf("what is left on the terminal: %q", last)
	}
}

func TestNothingIsShownWhereNobodyLooks(t *testing.T) {
	var none *Line
	none.Show("reading", 1, 1, 1)
	none.Clear()
	var zero Line
	zero.Show("reading", 1, 1, 1)
	zero.Clear()
}

func TestUnknownTotalShowsNoBar(t *testing.T) {
	if got := text("writing", 10, 0, 0, time.Second); strings.Contains(got, "%") {
		t.Errorf("line %q", got)
	}
}
