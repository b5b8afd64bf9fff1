// paths.go: where things are.

package site

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// RootEnv names the environment variable that -R overrides.
const RootEnv = "UTROOT"

// Paths of an installation. All of them are absolute.
type Paths struct {
	Root      string // put in front of every other one; "/" on a real server
	Store     string // the bbolt file
	Ballast   string // see backend.Options
	Previous  string // the store that -force replaced
	Socket    string // ldapi, beside the store
	PID       string // process id of a running utdsd
	Role      string // role in the failover group; utdsd and utreplica write it
	Config    string // utdsd.toml
	SchemaDir string // further schema files
	Password  string // clear password of the utadmin entry
	Signature string // group signature
	Admin     string // utadmin.conf
	Log       string // folder of the logs
}

// NewPaths puts root in front of every Sun Ray path. An empty root is the
// value of UTROOT, and "/" without that.
func NewPaths(root string) (Paths, error) {
	if root == "" {
		root = os.Getenv(RootEnv)
	}
	if root == "" {
		root = "/"
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return Paths{}, fmt.Errorf("find the root folder: %w", err)
	}
	at := func(path string) string { return filepath.Join(root, path) }
	return Paths{
		Root:      root,
		Store:     at("/var/opt/SUNWut/srds/dbm.ut/id2entry.dbb"),
		Ballast:   at("/var/opt/SUNWut/srds/dbm.ut/id2entry.dbb.ballast"),
		Previous:  at("/var/opt/SUNWut/srds/dbm.ut/id2entry.dbb.previous"),
		Socket:    at("/var/opt/SUNWut/srds/dbm.ut/ldapi"),
		PID:       at("/var/opt/SUNWut/srds/utdsd.pid"),
		Role:      at("/var/opt/SUNWut/srds/role"),
		Config:    at("/etc/opt/SUNWut/srds/utdsd.toml"),
		SchemaDir: at("/etc/opt/SUNWut/srds/schema"),
		Password:  at("/etc/opt/SUNWut/utadmin.pw"),
		Signature: at("/etc/opt/SUNWut/gmSignature"),
		Admin:     at("/etc/opt/SUNWut/utadmin.conf"),
		Log:       at("/var/opt/SUNWut/srds/log"),
	}, nil
}

// MakeFolders makes the folders that the files of p need, whatever the umask: the
// account of utdsd and whoever uses the tools pass through them, and secrets are
// closed one by one. The store's own folder is for its owner alone: the ldapi
// socket in it is as good as the file. The root is somebody's own, and made as they
// make theirs.
func (p Paths) MakeFolders() error {
	if err := os.MkdirAll(p.Root, 0o755); err != nil {
		return fmt.Errorf("make the root folder: %w", err)
	}
	defer syscall.Umask(syscall.Umask(0o022))
	for _, dir := range []struct {
		path string
		mode os.FileMode
	}{
		{filepath.Dir(p.Admin), 0o755},
		{filepath.Dir(p.Config), 0o755},
		{p.SchemaDir, 0o755},
		{filepath.Dir(filepath.Dir(p.PID)), 0o755},
		{filepath.Dir(p.PID), 0o755},
		{p.Log, 0o750},
		{filepath.Dir(p.Store), 0o700},
	} {
		if err := os.MkdirAll(dir.path, dir.mode); err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
		if dir.mode != 0o755 {
			continue
		}
		if err := letThrough(dir.path); err != nil {
			return fmt.Errorf("let everybody pass through a folder: %w", err)
		}
	}
	if err := closeFolder(filepath.Dir(p.Store)); err != nil {
		return fmt.Errorf("close the store's folder: %w", err)
	}
	return nil
}

// closeFolder leaves a folder to its owner. A link stays as it is: who made it, and
// where it leads to, is not known, and it may stand where others than root can put it.
func closeFolder(path string) error {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o700), f.Close())
}

// letThrough mends a folder that was made under a narrow umask. One through which
// everybody can pass stays as it is.
func letThrough(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&0o011 == 0o011 {
		return err
	}
	return os.Chmod(path, info.Mode()|0o755)
}
