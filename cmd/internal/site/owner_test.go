package site

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestRootIsNotLedToGiveAwayOtherFiles(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	traps := map[string]func(string) error{
		"link":        func(path string) error { return os.Symlink(other, path) },
		"second name": func(path string) error { return os.Link(other, path) },
		"pipe":        func(path string) error { return syscall.Mkfifo(path, 0o600) },
	}
	o := Owner{UID: uint32(os.Getuid()) + 1, GID: uint32(os.Getgid()) + 1}
	for name, set := range traps {
		path := filepath.Join(dir, name)
		if err := set(path); err != nil {
			t.Fatal(err)
		}
		if err := o.take(path); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	info, err := os.Stat(other)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Sys().(*syscall.Stat_t).Uid; got != uint32(os.Getuid()) {
		t.Errorf("the owner of the other file is %d now", got)
	}
}

func TestServerBelowARootOfItsOwnRunsAsWhoeverStartsIt(t *testing.T) {
	p, err := NewPaths(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if o, err := p.ServiceOwner(); o != nil || err != nil {
		t.Errorf("%+v, %v", o, err)
	}
	if err := p.GiveToService(); err != nil {
		t.Error(err)
	}
}
