// setting_test.go: settings land in their table, once.

package harness

import "testing"

func TestSettingIsWrittenIntoItsTable(t *testing.T) {
	for _, c := range []struct {
		name, text string
		set        Setting
		want       string
	}{
		{"new table", "port = 1\n", Setting{"tls", "key", "k"}, "port = 1\n\n[tls]\nkey = \"k\"\n"},
		{"table without the key", "[tls]\n# key = \"\"\n[log]\nkey = 1\n", Setting{"tls", "key", "k"},
			"[tls]\nkey = \"k\"\n# key = \"\"\n[log]\nkey = 1\n"},
		{"table with the key", "[tls]\na = 1\nkey = \"old\"\n", Setting{"tls", "key", "new"}, "[tls]\na = 1\nkey = \"new\"\n"},
		{"before the first table", "a = 1\n[tls]\na = 2\n", Setting{"", "a", 3}, "a = 3\n[tls]\na = 2\n"},
		{"new key before the first table", "[tls]\na = 2\n", Setting{"", "b", true}, "b = true\n[tls]\na = 2\n"},
		{"last table is empty", "[tls]\n", Setting{"tls", "key", "k"}, "[tls]\nkey = \"k\"\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.set.apply(c.text); got != c.want {
				t.Errorf("got\n%s\nexpected\n%s", got, c.want)
			}
		})
	}
}
