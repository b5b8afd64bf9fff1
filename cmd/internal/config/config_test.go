package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/server"
)

var written = Written{
	Listen:        []string{"ldap://:7012", "ldapi://"},
	AdminDN:       "cn=admin,o=utdata",
	AdminPassword: "{PBKDF2-SHA512}10000$a/b$c",
	Writers:       []string{"cn=utadmin,utname=farm,o=v1,o=utdata"},
}

// commented is a key or table that the file shows with its default.
var commented = regexp.MustCompile(`(?m)^#(\[+[a-z]+\]+|[a-z_]+ = )`)

func TestWrittenFileIsTheDefaultAndWhatWasAsked(t *testing.T) {
	want := Default()
	want.Admin.Password = written.AdminPassword
	want.Writers = written.Writers
	got, err := Parse(written.Text())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
}

func TestEveryCommentedKeyShowsItsRealDefault(t *testing.T) {
	text := commented.ReplaceAllString(written.Text(), "$1")
	got, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Admin.Password = written.AdminPassword
	want.Writers = written.Writers
	want.Index.Sub = []string{}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	if server.Limits(got.Limits) != server.DefaultLimits() {
		t.Errorf("limits %+v", got.Limits)
	}
	// Every field has its key in the file; a subtree stands in no default rule.
	for key := range keys() {
		if key == "subtree" {
			continue
		}
		if !regexp.MustCompile(`(?m)^` + key + ` = `).MatchString(text) {
			t.Errorf("the file does not show %s", key)
		}
	}
}

// keys are the last parts of all keys.
func keys() map[string]bool {
	all := map[string]bool{}
	for i := range reflect.TypeFor[Config]().NumField() {
		f := reflect.TypeFor[Config]().Field(i)
		table := f.Type
		if table.Kind() == reflect.Slice && table.Elem().Kind() == reflect.Struct {
			table = table.Elem()
		}
		if table.Kind() != reflect.Struct {
			all[f.Tag.Get("toml")] = true
			continue
		}
		for j := range table.NumField() {
			all[table.Field(j).Tag.Get("toml")] = true
		}
	}
	return all
}

func TestMistakesAreNamedWithTheirLine(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown key", "# x\nlisten = [\"ldap://\"]\nport = 7012\n", "line 3: unknown key port"},
		{"unknown key in a table", "[limits]\nsize_limit = 1\nsize = 2\n", "line 3: unknown key limits.size"},
		{"key under the wrong table", "[admin]\ndn = \"o=x\"\nsize_limit = 2\n", "line 3: unknown key admin.size_limit; it belongs to the table [limits]"},
		{"top key under a table", "[log]\nmetrics = \"\"\n", "line 2: unknown key log.metrics; it belongs in front of the first table"},
		{"unknown table", "\n[limit]\nsize_limit = 2\n", "line 2: unknown key limit"},
		{"syntax", "metrics = \n", "line 1: "},
		{"twice", "metrics = \"\"\nmetrics = \"\"\n", "line 2: "},
		{"wrong type", "\nlisten = \"ldap://\"\n", "line 2 (last key \"listen\"): "},
		{"wrong type of a number", "[limits]\n\nconnections = \"many\"\n", "line 3 (last key \"limits.connections\"): "},
		{"no such time", "[limits]\ntime_limit = \"soon\"\n", `line 2: limits.time_limit: write a time with its unit, as "30s" or "1h", and not "soon"`},
		{"time without unit", "[limits]\ntime_limit = 60\n", "line 2: limits.time_limit: write a time with its unit"},
		{"number out of range", "[limits]\nconnections = -1\n", "line 2: limits.connections: -1 is too small"},
		{"scheme", "[password]\nscheme = \"{MD5}\"\n", "line 2: password.scheme: "},
		{"level", "[log]\nlevel = \"loud\"\n", "line 2: log.level: "},
		{"URL", "listen = [\"http://x\"]\n", "line 1: listen: "},
		{"nothing to listen on", "listen = []\n", "line 1: listen: "},
		{"ldaps without certificate", "listen = [\"ldaps://\"]\n", "needs certificate and key"},
		{"certificate without key", "[tls]\ncertificate = \"c.pem\"\n", "line 2: tls.certificate: "},
		{"metrics", "metrics = \"9712\"\n", "line 1: metrics: "},
		{"empty name", "[index]\neq = [\"\"]\n", "line 2: index.eq: "},
		{"no administrator", "[admin]\ndn = \"\"\n", "line 2: admin.dn: "},
		{"unknown key of a rule", "[[access]]\nwho = \"anyone\"\nrights = \"read\"\n", "line 3: unknown key access.rights"},
		{"key of a rule elsewhere", "[log]\nwho = \"anyone\"\n", "line 2: unknown key log.who; it belongs to the table [[access]]"},
		{"changelog", "[changelog]\nkeep = 0\n", "line 2: changelog.keep: "},
	} {
		if _, err := Parse(c.text); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}

func TestAccessRulesOfTheFileReplaceTheDefault(t *testing.T) {
	c, err := Parse("[[access]]\nwho = \"users\"\nsubtree = \"o=v1,o=utdata\"\nattributes = [\"cn\"]\nright = \"read\"\n")
	want := []server.AccessRule{{Who: "users", Subtree: "o=v1,o=utdata", Attributes: []string{"cn"}, Right: "read"}}
	if err != nil || !reflect.DeepEqual(c.Rules(), want) {
		t.Errorf("%+v, %v", c.Rules(), err)
	}
	if c, err = Parse(""); err != nil || !reflect.DeepEqual(c.Rules(), server.DefaultAccess()) {
		t.Errorf("without rules: %+v, %v", c.Rules(), err)
	}
}

func TestRelativePathsCountFromTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "utdsd.toml")
	if _, err := Load(path); !os.IsNotExist(unwrapAll(err)) {
		t.Errorf("a missing file: %v", err)
	}
	text := "[tls]\ncertificate = \"cert.pem\"\nkey = \"/secure/key.pem\"\n[limits]\nbound_idle = \"90s\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	if c.TLS.Certificate != filepath.Join(dir, "cert.pem") || c.TLS.Key != "/secure/key.pem" || c.Schema.Dir != filepath.Join(dir, "schema") {
		t.Errorf("%+v %+v", c.TLS, c.Schema)
	}
	if c.Limits.BoundIdle != 90*time.Second {
		t.Errorf("bound_idle %s", c.Limits.BoundIdle)
	}
	if err := os.WriteFile(path, []byte("x = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.HasPrefix(err.Error(), path+": line 1: ") {
		t.Errorf("%v", err)
	}
}

func unwrapAll(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		if next := u.Unwrap(); next != nil {
			err = next
			continue
		}
		return err
	}
}

func TestURLsAreThoseOfSlapd(t *testing.T) {
	for text, want := range map[string]string{
		"ldap://":                "ldap://:7012",
		"ldap:///":               "ldap://:7012",
		"LDAP://127.0.0.1":       "ldap://127.0.0.1:7012",
		"ldap://127.0.0.1:7112/": "ldap://127.0.0.1:7112",
		"ldap://[::1]":           "ldap://[::1]:7012",
		"ldap://[::1]:99":        "ldap://[::1]:99",
		"ldaps://ray.example":    "ldaps://ray.example:636",
		"ldapi://":               "ldapi://",
		"ldapi:///":              "ldapi://",
		"ldapi://%2Ftmp%2Fldapi": "ldapi://%2Ftmp%2Fldapi",
		"ldapi://relative":       "",
		"ldap://:70000":          "",
		"ldap://:x":              "",
		"ldap://host/o=utdata":   "",
		"ldap://user@host":       "",
		"http://host":            "",
		"host:7012":              "",
		"":                       "",
	} {
		u, err := ParseURL(text)
		if want == "" {
			if err == nil {
				t.Errorf("%q is taken as %s", text, u)
			}
			continue
		}
		if err != nil || u.String() != want {
			t.Errorf("%q: %s, %v", text, u, err)
		}
	}
}
