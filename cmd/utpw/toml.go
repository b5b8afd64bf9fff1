// toml.go: the password in utdsd.toml, in which everything else stays as somebody
// may have written it.

package main

import (
	"errors"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/sunray-ds/utdsd/cmd/internal/config"
)

var passwordLine = regexp.MustCompile(`^(\s*password\s*=\s*)("[^"]*"|'[^']*')(.*)$`)

// withRootPassword gives the text of a configuration with another value for
// password in its table [admin].
func withRootPassword(text, hashed string) (string, error) {
	before, err := config.Parse(text)
	if err != nil {
		return "", err
	}
	lines := strings.SplitAfter(text, "\n")
	table := ""
	for i, line := range lines {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "["); ok {
			table, _, _ = strings.Cut(name, "]")
		}
		bare := strings.TrimRight(line, "\r\n")
		if m := passwordLine.FindStringSubmatch(bare); m != nil && strings.TrimSpace(table) == "admin" {
			lines[i] = m[1] + strconv.Quote(hashed) + m[3] + line[len(bare):]
		}
	}
	changed := strings.Join(lines, "")
	after, err := config.Parse(changed)
	before.Admin.Password = hashed
	if err != nil || !reflect.DeepEqual(before, after) {
		return "", errors.New("its line password in [admin] of the configuration is not understood; put the value there with an editor")
	}
	return changed, nil
}
