// Package police holds the tests that keep the house in order: who may import
// whom, how long a file may be, what metrics are called, and that what README
// and CHANGELOG say is so. It looks at source text and at the built programs
// and tests no behaviour of its own.
package police

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/sunray-ds/utdsd"

// root is the top of the repository.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// files lists files below the repository's top by their slash path, hidden
// folders and what git ignores left out.
func files(t *testing.T, ending string) []string {
	t.Helper()
	top := root(t)
	var out []string
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(top, path)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel != "." && strings.HasPrefix(d.Name(), ".") || rel == "bin" || rel == "demo" {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(rel, ending) {
			out = append(out, rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
