package police

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// commands are the lines in the code blocks of a text, without their remarks, one
// list for each block.
func commands(t *testing.T, text string) (blocks [][]string) {
	t.Helper()
	remark := regexp.MustCompile(`\s+# .*$`)
	for i, block := range strings.Split(text, "\n```") {
		if i%2 == 0 {
			continue
		}
		language, rest, _ := strings.Cut(block, "\n")
		if language != "sh" {
			t.Fatalf("a block of %q", language)
		}
		var lines []string
		for _, line := range strings.Split(rest, "\n") {
			lines = append(lines, remark.ReplaceAllString(line, ""))
		}
		blocks = append(blocks, lines)
	}
	return blocks
}

func TestJapaneseReadmeHasTheSameCommands(t *testing.T) {
	english, japanese := read(t, "README.md"), read(t, "README.ja.md")
	begin, _, ok := strings.Cut(english, "\n## ")
	if !ok {
		t.Fatal("README has no sections")
	}
	want := append(commands(t, begin), commands(t, section(t, "The three recovery procedures"))...)
	have := commands(t, japanese)
	if len(want) < 5 || !slices.EqualFunc(have, want, slices.Equal) {
		t.Errorf("README.ja.md has the commands\n%q\nand README.md\n%q", have, want)
	}
}
