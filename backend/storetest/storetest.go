// Package storetest opens stores in tests, so that every store that any test
// has used is checked when the test ends. It is not for programs.
package storetest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/schema"
)

// New makes a store in a folder of the test. Without a Schema in o it has the
// shipped one.
func New(t testing.TB, o backend.Options) *backend.Store {
	t.Helper()
	o.Create = true
	return Open(t, filepath.Join(t.TempDir(), "id2entry.dbb"), o)
}

// Open opens the store at path. When the test ends the store is checked, unless
// the test has closed it (see Close), and closed.
func Open(t testing.TB, path string, o backend.Options) *backend.Store {
	t.Helper()
	if o.Schema == nil {
		o.Schema = Schema(t)
	}
	s, err := backend.Open(path, o)
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() { Close(t, s) })
	return s
}

// Close checks and closes s. Closing again does nothing.
func Close(t testing.TB, s *backend.Store) {
	t.Helper()
	if s.Position() != (schema.Position{}) { // still open
		Check(t, s)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close store: %v", err)
	}
}

// Serve is Open for a store that is replaced while it is served.
func Serve(t testing.TB, path string, o backend.Options) *backend.Served {
	t.Helper()
	if o.Schema == nil {
		o.Schema = Schema(t)
	}
	v, err := backend.Serve(path, o)
	if err != nil {
		t.Fatalf("serve store: %v", err)
	}
	t.Cleanup(func() { CloseServed(t, v) })
	return v
}

// CloseServed checks and closes v. Closing again does nothing.
func CloseServed(t testing.TB, v *backend.Served) {
	t.Helper()
	if v.Position() != (schema.Position{}) {
		Check(t, v)
	}
	if err := v.Close(); err != nil {
		t.Errorf("close store: %v", err)
	}
}

// Check fails the test for each fault that the store finds in itself.
func Check(t testing.TB, s interface {
	Check(ctx context.Context, report func(problem string)) error
}) {
	t.Helper()
	if err := s.Check(context.Background(), func(problem string) { t.Errorf("check: %s", problem) }); err != nil {
		t.Errorf("check: %v", err)
	}
}

// Schema is the shipped schema.
func Schema(t testing.TB) *schema.Schema {
	t.Helper()
	s, err := schema.Default()
	if err != nil {
		t.Fatalf("schema: %v", err)
	}
	return s
}
