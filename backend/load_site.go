package backend

// The files of a load: the lock, the new store under its working name, and the
// swap.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// What stands beside the store.
const (
	loadSuffix     = ".load"     // the new store while it is built; a later load removes one that is left
	previousSuffix = ".previous" // the store that was replaced last
	linkSuffix     = ".previous.new"
	metaWork       = ".meta" // behind the working name
	runsPrefix     = ".load-"
)

// loadSite is the place of a load on the disk, locked against others.
type loadSite struct {
	path, work, dir string
	lock            *os.File // the folder
	old             *os.File // the store that is there; nil if none is
}

// lockLoad locks the store at path, so that no server opens it during the load,
// and its folder, so that no other load runs.
func lockLoad(path string) (*loadSite, error) {
	s, err := openSite(path)
	if err != nil || s.old == nil {
		return s, err
	}
	// bbolt holds this lock as long as a store is open.
	if syscall.Flock(int(s.old.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		err = fmt.Errorf("%w: %s: stop the server that serves it (utstop) and load then", ErrLocked, path)
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

// openSite locks the folder and opens the store at path, if one is there.
func openSite(path string) (*loadSite, error) {
	s := &loadSite{path: path, work: path + loadSuffix, dir: filepath.Dir(path)}
	err := os.MkdirAll(s.dir, dirMode)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if s.lock, err = os.Open(s.dir); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if err := syscall.Flock(int(s.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		err = fmt.Errorf("%w: %s: another load is running: wait for its end", ErrLocked, path)
		return nil, errors.Join(err, s.lock.Close())
	}
	if err := s.clear(); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	s.old, err = os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		s.old = nil
		return s, nil
	}
	if err != nil {
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

// release ends the locks and removes the unfinished store, if there is one.
func (s *loadSite) release() error {
	errs := []error{removeLeft(s.work)}
	if s.old != nil {
		errs = append(errs, s.old.Close())
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

// clear removes what a load that was killed has left. That one had the lock.
func (s *loadSite) clear() error {
	left := []string{s.work, s.work + metaWork, s.path + linkSuffix}
	list, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	for _, f := range list {
		if strings.HasPrefix(f.Name(), runsPrefix) {
			left = append(left, filepath.Join(s.dir, f.Name()))
		}
	}
	for _, path := range left {
		if err := removeLeft(path); err != nil {
			return fmt.Errorf("remove what an earlier load left: %w", err)
		}
	}
	return nil
}

// removeLeft removes a file if it is there. It is looked for first, because a
// file system that cannot be written refuses to remove also what is not there.
func removeLeft(path string) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return os.Remove(path)
}

// create makes the file of the new store, with the owner of the old one.
func (s *loadSite) create() (*os.File, error) {
	f, err := os.OpenFile(s.work, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, fmt.Errorf("create the new store: %w", err)
	}
	err = f.Chmod(fileMode) // whatever the umask
	owner := s.old
	if owner == nil {
		owner = s.lock
	}
	if err == nil {
		err = takeOwner(f, owner)
	}
	if err != nil {
		return nil, fmt.Errorf("create the new store: %w", errors.Join(err, f.Close()))
	}
	return f, nil
}

// takeOwner gives f the owner of like: the server may run as another user than
// root, who loads.
func takeOwner(f, like *os.File) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := like.Stat()
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return f.Chown(int(st.Uid), int(st.Gid))
}

// install puts the new store in the place of the old one, which is kept. At
// every moment the path has one of the two. It is durable after syncDir.
func (s *loadSite) install() (previous string, err error) {
	if s.old != nil {
		previous = s.path + previousSuffix
		// A second name for the old store first: renaming it would leave a moment
		// without any.
		err := os.Link(s.path, s.path+linkSuffix)
		if err == nil {
			err = os.Rename(s.path+linkSuffix, previous)
		} else if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
			err = os.Rename(s.path, previous) // a file system without second names
		}
		if err != nil {
			return "", fmt.Errorf("keep the old store: %w", err)
		}
		// If a crash has left both names for one file, the rename did nothing.
		if err := os.Remove(s.path + linkSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("keep the old store: %w", err)
		}
	}
	if err := os.Rename(s.work, s.path); err != nil {
		if s.old != nil {
			// On a file system without second names the path is empty now.
			if _, gone := os.Lstat(s.path); errors.Is(gone, fs.ErrNotExist) {
				err = errors.Join(err, os.Rename(previous, s.path))
			}
		}
		return "", fmt.Errorf("install the new store: %w", err)
	}
	return previous, nil
}

// IsBerkeley tells whether a file that begins with head is a Berkeley DB file.
func IsBerkeley(head []byte) bool { return isBerkeley(head) }

// IsStore tells whether a file that begins with head is a bbolt file, as our
// stores are.
func IsStore(head []byte) bool {
	_, ok := readBoltMeta(head)
	return ok
}
