// owner.go: the account that utdsd runs under, and giving it what is its own.

package site

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// ServiceUser is the account of utdsd on a real server. The package makes it.
const ServiceUser = "utdsd"

// Owner is an account with its groups.
type Owner struct {
	UID, GID uint32
	Groups   []uint32
}

// ServiceOwner gives the account that utdsd is to run under. It is nil where
// utdsd runs as whoever starts it: below a root of somebody's own, without root
// rights, and where there is no such account.
func (p Paths) ServiceOwner() (*Owner, error) {
	if p.Root != "/" || os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup(ServiceUser)
	var unknown user.UnknownUserError
	if errors.As(err, &unknown) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up the account %s: %w", ServiceUser, err)
	}
	groups, err := u.GroupIds()
	if err != nil {
		return nil, fmt.Errorf("look up the groups of %s: %w", ServiceUser, err)
	}
	var o Owner
	ids := []*uint32{&o.UID, &o.GID}
	for i, text := range append([]string{u.Uid, u.Gid}, groups...) {
		id, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("look up the account %s: %w", ServiceUser, err)
		}
		if i < len(ids) {
			*ids[i] = uint32(id)
		} else {
			o.Groups = append(o.Groups, uint32(id))
		}
	}
	return &o, nil
}

// GiveToService makes ServiceOwner the owner of what utdsd writes (the folder
// of the store with the files in it, role, process id, logs) and of the two
// secrets that it reads: its configuration and the group signature. What root's
// tools have written since the last start is among it. The modes stay, and what
// is not there is left out.
func (p Paths) GiveToService() error {
	o, err := p.ServiceOwner()
	if o == nil {
		return err
	}
	all := []string{filepath.Dir(p.PID), p.PID, p.Role, p.Config, p.Signature}
	for _, dir := range []string{filepath.Dir(p.Store), p.Log} {
		all = append(all, dir)
		files, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("give files to %s: %w", ServiceUser, err)
		}
		for _, f := range files {
			if f.Type().IsRegular() {
				all = append(all, filepath.Join(dir, f.Name()))
			}
		}
	}
	for _, path := range all {
		if err := o.take(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("give %s to %s: %w", path, ServiceUser, err)
		}
	}
	return nil
}

// take makes o the owner of a file or folder. The folders belong to an account
// that root must not be led astray by: no link is followed, and a file that has
// a second name elsewhere is not given away.
func (o *Owner) take(path string) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	kind := st.Mode & unix.S_IFMT
	switch {
	case st.Uid == o.UID && st.Gid == o.GID:
		return nil
	case kind != unix.S_IFDIR && (kind != unix.S_IFREG || st.Nlink != 1):
		return errors.New("it is no plain file, or it has a second name")
	}
	return unix.Fchown(fd, int(o.UID), int(o.GID))
}

// keepOwner gives f the owner of the file that it is about to replace, so that
// what root's tools write anew stays readable for utdsd.
func keepOwner(f *os.File, path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	var old unix.Stat_t
	err := unix.Lstat(path, &old)
	if errors.Is(err, fs.ErrNotExist) || err == nil && old.Uid == 0 && old.Gid == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Chown(int(old.Uid), int(old.Gid))
}
