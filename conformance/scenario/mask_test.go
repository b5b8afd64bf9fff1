// mask_test.go: what differs from run to run is given a name.

package scenario

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// masks are tried in this order.
var masks = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`\b[0-9a-f]{32}\.[0-9a-f]{16}\.[0-9a-f]{32}\b`), "POSITION"},
	{regexp.MustCompile(`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`), "UUID"},
	{regexp.MustCompile(`\b\d{14}\.\d{6}Z#[0-9a-f]{6}#[0-9a-f]{3}#[0-9a-f]{6}\b`), "CSN"},
	{regexp.MustCompile(`\b\d{14}(\.\d+)?Z\b`), "TIME"},
	{regexp.MustCompile(`\b\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?`), "TIME"},
	{regexp.MustCompile(`lost-[0-9a-f]{8}-`), "lost-EPOCH-"},
	{regexp.MustCompile(`\d+ entries/s`), "RATE"},
	// A secondary gives no id to what came and went in one batch. conformance/flow knows ids.
	{regexp.MustCompile(`the next id is \d+`), "the next id is ID"},
	{regexp.MustCompile(`(?m)^time: \d+$`), "time: TIME"},
	{regexp.MustCompile(`\b[0-9a-f]{32}\b`), "EPOCH"},
	{regexp.MustCompile(`\b(\d+h)?(\d+m)?\d+(\.\d+)?(ms|µs|s)\b`), "DURATION"},
	{regexp.MustCompile(`version [^\s,]+`), "version VERSION"},
}

// mask replaces what differs, and host:port of a server by its name.
func (s *story) mask(text string) string {
	for _, m := range s.group.Members() {
		text = strings.ReplaceAll(text, m.Address(), m.Name)
		text = strings.ReplaceAll(text, fmt.Sprintf("%s:%d", s.host, m.Port), m.Name) // as it calls itself
		text = strings.ReplaceAll(text, m.Root, "<"+m.Name+">")
	}
	text = strings.ReplaceAll(text, s.dir, "<files>")
	for _, m := range masks {
		text = m.pattern.ReplaceAllString(text, m.name)
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

func TestMasksTakeWhatDiffersAndNothingElse(t *testing.T) {
	s := newStory(t)
	const (
		text = `at 0123456789abcdef0123456789abcdef.0000000000000010.0123456789abcdef0123456789abcdef
lost-01234567-17-19.ldif, lag 1.5s, 20261122184228Z 2026-11-22T18:42:28.5Z 2026-11-22 18:42:28
12 changes, sec1 has 3 seconds, the next id is 45`
		want = `at POSITION
lost-EPOCH-17-19.ldif, lag DURATION, TIME TIME TIME
12 changes, sec1 has 3 seconds, the next id is ID
`
	)
	if got := s.mask(text); got != want {
		t.Errorf("got\n%s", got)
	}
}
