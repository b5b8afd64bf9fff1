// setting.go: one key of the TOML configuration, changed in place.

package harness

import (
	"fmt"
	"strconv"
	"strings"
)

// Setting is one key of utdsd.toml: Table is empty for a key before the first
// table, Value a string, bool or integer.
type Setting struct {
	Table, Key string
	Value      any
}

// apply returns the TOML text with the setting made. utconfig may have
// written the table already and a table must not stand twice, so the line is
// put where it belongs; everything else stays as it is.
func (s Setting) apply(text string) string {
	line := s.Key + " = " + s.toml()
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	start := 0
	if s.Table != "" {
		for i, l := range lines {
			if strings.TrimSpace(l) == "["+s.Table+"]" {
				start = i + 1
			}
		}
		if start == 0 {
			return strings.Join(append(lines, "", "["+s.Table+"]", line, ""), "\n")
		}
	}
	for i := start; i < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[i]), "["); i++ {
		if key, _, ok := strings.Cut(lines[i], "="); ok && strings.TrimSpace(key) == s.Key {
			lines[i] = line
			return strings.Join(lines, "\n") + "\n"
		}
	}
	lines = append(lines[:start], append([]string{line}, lines[start:]...)...)
	return strings.Join(lines, "\n") + "\n"
}

// toml is the value as TOML: Go's quoting of a string is a TOML basic string
// for the printable values that tests use.
func (s Setting) toml() string {
	if text, ok := s.Value.(string); ok {
		return strconv.Quote(text)
	}
	return fmt.Sprint(s.Value)
}
