package police

import (
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// arrows is the picture of ARCHITECTURE.md: what each folder may import beside
// the standard library, golang.org/x and itself. The longest matching folder
// counts.
var arrows = map[string][]string{
	"schema":          {module + "/schema"},
	"server":          {module + "/schema", module + "/server", "github.com/prometheus/client_golang", "github.com/xdg-go/scram"},
	"server/wire":     {module + "/schema", module + "/server/wire"},
	"server/password": {"github.com/go-crypt"},
	"backend":         {module + "/schema", module + "/backend", "go.etcd.io/bbolt", "github.com/prometheus/client_golang"},
	"replica":         {module + "/schema", module + "/server/wire", "github.com/prometheus/client_golang", "github.com/xdg-go/scram"},
	"cmd": {module, "github.com/BurntSushi/toml", "github.com/prometheus/client_golang", "github.com/go-ldap/ldap/v3", "github.com/alecthomas/kong",
		"github.com/schollz/progressbar/v3", "github.com/go-asn1-ber/asn1-ber"},
	"conformance":         {module + "/conformance", module + "/schema/ldif", "github.com/go-ldap/ldap/v3", "github.com/prometheus/client_golang"},
	"conformance/bench":   {module + "/conformance", "gonum.org/v1/plot", "github.com/go-asn1-ber/asn1-ber"},
	"conformance/codec":   {module + "/server/wire", module + "/schema", "github.com/lor00x/goldap", "github.com/go-asn1-ber/asn1-ber"},
	"conformance/foreign": {module + "/conformance", "github.com/vjeantet/ldapserver", "github.com/lor00x/goldap", "github.com/go-ldap/ldap/v3"},
}

// testArrows is what tests may import in addition.
var testArrows = []string{"go.uber.org/goleak", "github.com/prometheus/client_model", "pgregory.net/rapid", "github.com/go-ldap/ldap/v3"}

// neverShipped are packages whose licence does not allow them in a program of
// ours, or that are here as misbehaving peers.
var neverShipped = []string{"github.com/vjeantet/ldapserver", "github.com/lor00x/goldap"}

func TestImportsFollowTheArrows(t *testing.T) {
	top := root(t)
	for _, file := range files(t, ".go") {
		folder := path.Dir(file)
		allowed := arrowsOf(folder)
		if allowed == nil {
			t.Errorf("%s: no arrows are drawn for this folder", file)
			continue
		}
		src, err := parser.ParseFile(token.NewFileSet(), filepath.Join(top, file), nil, parser.ImportsOnly)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		test := strings.HasSuffix(file, "_test.go")
		for _, i := range src.Imports {
			name := strings.Trim(i.Path.Value, `"`)
			if !strings.Contains(strings.SplitN(name, "/", 2)[0], ".") || strings.HasPrefix(name, "golang.org/x/") {
				continue
			}
			if matches(name, allowed) || name == module+"/"+folder || (test && matches(name, testArrows)) {
				continue
			}
			t.Errorf("%s imports %s: no arrow leads there", file, name)
		}
	}
}

func arrowsOf(folder string) []string {
	for f := folder; f != "."; f = path.Dir(f) {
		if a, ok := arrows[f]; ok {
			return a
		}
	}
	return nil
}

func matches(name string, prefixes []string) bool {
	for _, p := range prefixes {
		if name == p || strings.HasPrefix(name, p+"/") {
			return true
		}
	}
	return false
}

func TestNoProgramLinksForeignServerCode(t *testing.T) {
	top := root(t)
	for _, file := range files(t, ".go") {
		if strings.HasPrefix(file, "conformance/") && strings.HasSuffix(file, "_test.go") {
			continue
		}
		src, err := parser.ParseFile(token.NewFileSet(), filepath.Join(top, file), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range src.Imports {
			if matches(strings.Trim(i.Path.Value, `"`), neverShipped) {
				t.Errorf("%s imports %s, which only tests in conformance may", file, i.Path.Value)
			}
		}
	}
}
