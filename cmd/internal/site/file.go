// file.go: writing files whole or not at all.

package site

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Modes of files: a secret is for its owner alone.
const (
	ModeSecret os.FileMode = 0o600
	ModePublic os.FileMode = 0o644
)

// BOM is what some editors put in front of a text in UTF-8. It is no part of it.
const BOM = "\ufeff"

// WriteFile writes data to path with exactly this mode, whatever the umask:
// to a new file beside it that is synced and then renamed, so that path holds
// the old or the new content after a crash and nobody ever sees half of it. A
// file that is there keeps its owner. What is there and no file, a device say, is
// left alone: that is an error.
func WriteFile(path string, data []byte, mode os.FileMode) (err error) {
	dir := filepath.Dir(path)
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("write %s: that is no file", path)
	}
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*") // made with mode 0600
	if err != nil {
		var fault *fs.PathError // of a name that nobody knows
		if errors.As(err, &fault) {
			err = fault.Err
		}
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if err := keepOwner(f, path); err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

// Replace renames from to to and makes that last.
func Replace(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(to))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
