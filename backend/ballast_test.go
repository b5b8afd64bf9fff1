package backend_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// TestBallastIsAsLargeAsItIsSet goes through settings on one store. What happens
// on a full disk is shown in conformance/faults.
func TestBallastIsAsLargeAsItIsSet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	file := path + ".ballast"
	for i, c := range []struct {
		situation  string
		ballast    int64
		spoil      func() error // before the store is opened
		size, disk int64        // -1 is no file
	}{
		{"none", 0, nil, -1, 0},
		{"made", 1 << 20, nil, 1 << 20, 1 << 20},
		{"as it was", 1 << 20, nil, 1 << 20, 1 << 20},
		{"smaller", 1 << 18, nil, 1 << 18, 1 << 18},
		{"larger", 1 << 21, nil, 1 << 21, 1 << 21},
		{"cut off", 1 << 21, func() error { return os.Truncate(file, 4096) }, 1 << 21, 1 << 21},
		{"sparse", 1 << 21, func() error { return errors.Join(os.Truncate(file, 0), os.Truncate(file, 1<<21)) }, 1 << 21, 1 << 21},
		{"left alone", 0, nil, 1 << 21, 1 << 21},
		{"not wanted any more", -1, nil, -1, 0},
	} {
		if c.spoil != nil {
			if err := c.spoil(); err != nil {
				t.Fatal(err)
			}
		}
		s := storetest.Open(t, path, backend.Options{Create: i == 0, Ballast: c.ballast, Fatal: func(err error) { t.Error(err) }})
		w := &world{t, s, storetest.Schema(t)}
		if i == 0 {
			w.must(add(suffix, "objectClass: organization"))
		} else {
			w.must(replace(suffix, "description", c.situation))
		}
		storetest.Close(t, s)
		var st syscall.Stat_t
		err := syscall.Lstat(file, &st)
		switch {
		case c.size < 0:
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %d bytes, %v", c.situation, st.Size, err)
			}
		case err != nil || st.Size != c.size || st.Blocks*512 < c.disk || st.Mode&0o777 != 0o600:
			t.Errorf("%s: %d bytes in %d blocks, mode %o, %v", c.situation, st.Size, st.Blocks, st.Mode, err)
		}
	}
}

// A batch that deletes entries gets the ballast, one that does not waits for room.
func TestBatchThatDeletesGetsTheBallast(t *testing.T) {
	primary := newMember(t, backend.Options{})
	primary.must(add(suffix, "objectClass: organization"))
	secondary := newMember(t, backend.Options{Ballast: 1 << 20})
	secondary.applies(primary.since(seqAt(0)))
	ballast := secondary.path + ".ballast"
	onFullDisk := func(tx *bbolt.Tx) error {
		if _, err := os.Stat(ballast); errors.Is(err, fs.ErrNotExist) {
			return backend.CommitBolt(tx)
		}
		return errors.Join(tx.Rollback(), &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC})
	}
	backend.SetCommit(secondary.Store, onFullDisk)
	primary.must(add(people, "objectClass: organizationalUnit"))
	if r := resultOf(secondary.ApplyBatch(context.Background(), primary.since(secondary.Position()))); r == nil || r.Code != schema.UnwillingToPerform {
		t.Errorf("a batch without a delete: %v", r)
	}
	backend.SetCommit(secondary.Store, backend.CommitBolt)
	secondary.applies(primary.since(secondary.Position()))
	backend.SetCommit(secondary.Store, onFullDisk)
	primary.must(remove(people))
	secondary.applies(primary.since(secondary.Position()))
	secondary.equals(primary)
	if _, err := os.Stat(ballast); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the ballast: %v", err)
	}
}
