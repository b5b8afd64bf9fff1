package police

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// Sizes beyond which a file or a function does more than one thing.
const (
	maxFileLines     = 400
	maxFunctionLines = 80
)

// longFunctions may be longer: each is one switch or one table.
var longFunctions = map[string]string{}

func TestFilesAndFunctionsStaySmall(t *testing.T) {
	top := root(t)
	for _, file := range files(t, ".go") {
		data, err := os.ReadFile(filepath.Join(top, file))
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(data, []byte("\n")); n > maxFileLines {
			t.Errorf("%s has %d lines, more than %d", file, n, maxFileLines)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		src, err := parser.ParseFile(set, file, data, 0)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for _, d := range src.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			n := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1
			if n > maxFunctionLines && longFunctions[file+" "+f.Name.Name] == "" {
				t.Errorf("%s: %s has %d lines, more than %d", file, f.Name.Name, n, maxFunctionLines)
			}
		}
	}
}

func TestNamesSayWhatThingsAre(t *testing.T) {
	for _, file := range files(t, ".go") {
		for _, part := range strings.Split(path.Dir(file)+"/"+strings.TrimSuffix(path.Base(file), ".go"), "/") {
			switch strings.TrimSuffix(part, "_test") {
			case "util", "utils", "common", "helper", "helpers", "manager", "misc":
				t.Errorf("%s: the name %q says nothing", file, part)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	top := root(t)
	documented, seen := map[string]bool{}, map[string]string{}
	for _, file := range files(t, ".go") {
		src, err := parser.ParseFile(token.NewFileSet(), filepath.Join(top, file), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		folder := path.Dir(file)
		seen[folder] = file
		if src.Doc != nil && len(src.Doc.Text()) > 40 {
			documented[folder] = true
		}
	}
	for folder, file := range seen {
		if !documented[folder] {
			t.Errorf("%s: no file of the package has a package comment", path.Dir(file))
		}
	}
}
