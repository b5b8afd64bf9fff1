// ballast_test.go: entries can be deleted on a disk that is full to the last
// block.

package faults

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	crowdedDisk = "16m"
	leastShare  = 16 << 20 / 64 // what the ballast takes of it, and more of a larger one
	crowd       = 300           // entries
	crowdValue  = 6000          // bytes of each, on overflow pages of its own
	fewRefusals = 5
	deleters    = 30
)

// full is a server on a disk without a free block.
type full struct {
	*subject
	conn   *ldap.Conn
	filler string // what fills the disk
	used   int    // entries of use
}

// newFull starts a server on a disk of its own, with entries that can be deleted,
// and then fills the disk.
func newFull(t *testing.T, dir string, ballast int) *full {
	t.Helper()
	t.TempDir() // on the ordinary disk
	t.Setenv("TMPDIR", dir)
	f := &full{subject: newSubject(t), filler: filepath.Join(dir, "filler")}
	f.Configure(t, harness.Setting{Table: "store", Key: "ballast", Value: ballast})
	f.restart(t)
	for i := range crowd {
		if err := crowdAdd(f.conn, i); err != nil {
			t.Fatal(err)
		}
	}
	fillDisk(t, f.filler)
	return f
}

// restart starts the server, perhaps again, and connects to it.
func (f *full) restart(t *testing.T) {
	t.Helper()
	if !f.start(t) {
		t.Fatalf("the server does not start\n%s", f.log.String())
	}
	var err error
	if f.conn, err = f.Bind(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.conn.Close() })
}

// fillDisk writes to a file until its disk has no room.
func fillDisk(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for block := make([]byte, 4096); ; {
		if _, err := file.Write(block); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func crowdDN(i int) string { return fmt.Sprintf("utname=crowd-%d,utname=kiosk,%s", i, parent) }

func crowdAdd(conn *ldap.Conn, i int) error {
	add := ldap.NewAddRequest(crowdDN(i), nil)
	add.Attribute("objectClass", []string{"utKioskSession"})
	add.Attribute("utkioskconfig", []string{strings.Repeat("x", crowdValue)})
	return conn.Add(add)
}

// use takes the free pages of the file: first with entries, and then with changes
// of one value, which need fewer pages than a delete and leave no more.
func (f *full) use(t *testing.T) {
	t.Helper()
	for refused, i := 0, 0; refused < fewRefusals; i++ {
		f.used++
		err := crowdAdd(f.conn, crowd+f.used)
		if i > crowd {
			// This entry's page has no large neighbours, for which there would have to be
			// several free pages side by side.
			set := ldap.NewModifyRequest(harness.Suffix, nil)
			set.Replace("description", []string{fmt.Sprint(i)})
			err = f.conn.Modify(set)
		}
		switch {
		case ldap.IsErrorWithCode(err, ldap.LDAPResultUnwillingToPerform):
			refused += i / crowd
		case err != nil:
			t.Fatal(err)
		case i > 100*crowd:
			t.Fatal("the disk is not full")
		}
	}
}

// deletes lets many clients at once delete entries, and gives how many deletes
// were refused. One alone finds the pages that the commit before it has freed, so
// the server stands still until all have sent theirs: it commits them together.
func (f *full) deletes(t *testing.T, from, to int) (refused int64) {
	t.Helper()
	var sent sync.WaitGroup
	clients := make([]*ldap.Conn, deleters)
	for i := range clients {
		clients[i] = f.teller(t, &sent)
		defer clients[i].Close()
	}
	var answered sync.WaitGroup
	var count atomic.Int64
	for ; from < to; from += deleters {
		f.send(t, stopped)
		for i, c := range clients[:min(deleters, to-from)] {
			sent.Add(1)
			answered.Go(func() {
				err := c.Del(ldap.NewDelRequest(crowdDN(from+i), nil))
				switch {
				case ldap.IsErrorWithCode(err, ldap.LDAPResultUnwillingToPerform):
					count.Add(1)
				case err != nil:
					t.Errorf("delete entry %d: %v", from+i, err)
				}
			})
		}
		sent.Wait()
		f.send(t, goesOn)
		answered.Wait()
	}
	return count.Load()
}

func (f *full) send(t *testing.T, signal syscall.Signal) {
	t.Helper()
	if err := f.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// teller is a connection of the administrator that tells when it has sent a
// request.
func (f *full) teller(t *testing.T, sent *sync.WaitGroup) *ldap.Conn {
	t.Helper()
	nc, err := net.Dial("tcp", f.Endpoint().Address)
	if err != nil {
		t.Fatal(err)
	}
	c := ldap.NewConn(&telling{Conn: nc, sent: sent}, false)
	c.Start()
	sent.Add(1)
	if err := c.Bind(harness.AdminDN, harness.Password); err != nil {
		t.Fatal(err)
	}
	return c
}

type telling struct {
	net.Conn
	sent *sync.WaitGroup
}

func (c *telling) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.sent.Done()
	return n, err
}

// ballast is the metric, and makes sure that the file agrees.
func (f *full) ballast(t *testing.T) int64 {
	t.Helper()
	held, err := f.Metric("utds_store_ballast_bytes")
	if err != nil {
		t.Fatal(err)
	}
	var st syscall.Stat_t
	err = syscall.Lstat(f.StoreFile()+".ballast", &st)
	switch {
	case held == 0 && errors.Is(err, syscall.ENOENT):
	case err != nil || st.Size != int64(held) || st.Blocks*512 < int64(held) || st.Mode&0o777 != 0o600:
		t.Errorf("ballast of %.0f bytes: the file has %d in %d blocks and mode %o, %v", held, st.Size, st.Blocks, st.Mode, err)
	}
	return int64(held)
}

// TestDeletesOnAFullDisk: everything can be deleted, also after a crash; what is
// freed in the file is used again while the disk is still full; with room on the
// disk the ballast comes back. An ext4 allocates its blocks later than a disk in
// memory.
func TestDeletesOnAFullDisk(t *testing.T) {
	t.Run("tmpfs", func(t *testing.T) {
		t.TempDir()
		dir, _ := tmpfs(t, crowdedDisk)
		deletesOnAFullDisk(t, dir)
	})
	t.Run("ext4", func(t *testing.T) {
		t.TempDir()
		deletesOnAFullDisk(t, newShelf(t).newDisk(t, "full").dir)
	})
}

func deletesOnAFullDisk(t *testing.T, dir string) {
	f := newFull(t, dir, 4<<20)
	share := f.ballast(t)
	if share < leastShare {
		t.Errorf("ballast of %d bytes", share)
	}
	for from := 0; from < crowd/3; from += deleters {
		if f.ballast(t) == share { // those of a few entries may find their pages
			f.use(t)
			if n := f.ballast(t); n != share {
				t.Errorf("ballast of %d bytes after adds alone", n)
			}
		}
		if n := f.deletes(t, from, min(from+deleters, crowd/3)); n > 0 {
			t.Errorf("%d deletes were refused", n)
		}
	}
	fillDisk(t, f.filler) // whatever the ballast had left
	if n := f.deletes(t, crowd/3, crowd/2); n > 0 {
		t.Errorf("%d deletes were refused when others had taken the room", n)
	}
	f.end(t, syscall.SIGKILL)
	f.check(t)
	f.restart(t)
	if n := f.deletes(t, crowd/2, crowd); n > 0 {
		t.Errorf("%d deletes were refused after a crash", n)
	}
	for i := range crowd / 3 {
		if err := crowdAdd(f.conn, i); err != nil {
			t.Fatalf("entry %d finds no room among %d that were deleted: %v", i, crowd, err)
		}
	}
	if n := f.ballast(t); n != 0 {
		t.Errorf("ballast of %d bytes on a full disk", n)
	}
	if err := os.Remove(f.filler); err != nil {
		t.Fatal(err)
	}
	if err := crowdAdd(f.conn, crowd/2); err != nil {
		t.Fatal(err)
	}
	if n := f.ballast(t); n == 0 {
		t.Error("no ballast although there is room")
	}
	for _, line := range []string{"the ballast is in its place", "the ballast is given up"} {
		if !strings.Contains(f.log.String(), line) {
			t.Errorf("the log does not tell that %s", line)
		}
	}
	f.end(t, syscall.SIGTERM)
	f.check(t)
}

// TestWithoutBallastAFullDiskRefusesDeletes shows that the other test can fail,
// and what it means to have none.
func TestWithoutBallastAFullDiskRefusesDeletes(t *testing.T) {
	dir, _ := tmpfs(t, crowdedDisk)
	f := newFull(t, dir, 0)
	if n := f.ballast(t); n != 0 {
		t.Errorf("ballast of %d bytes", n)
	}
	tried, refused := 0, int64(0)
	for ; refused == 0 && tried < crowd; tried += deleters { // those of a few entries may find their pages
		f.use(t)
		refused = f.deletes(t, tried, tried+deleters)
	}
	if refused == 0 {
		t.Error("no delete was refused")
	}
	t.Logf("%d of %d deletes were refused", refused, tried)
	if err := os.Remove(f.filler); err != nil {
		t.Fatal(err)
	}
	if err := crowdAdd(f.conn, 1000*crowd); err != nil {
		t.Errorf("with room again: %v", err)
	}
	f.end(t, syscall.SIGTERM)
	f.check(t)
}

// TestSecondaryDeletesOnAFullDisk: what is deleted on the primary goes on a
// secondary whose disk is full, too, behind an entry for which it has no room. That
// may find some after all; it is tried until the ballast was needed.
func TestSecondaryDeletesOnAFullDisk(t *testing.T) {
	dir, _ := tmpfs(t, crowdedDisk)
	g := group.New(t, nil)
	primary := g.Add(t, "a", harness.Options{})
	ordinary := os.TempDir()
	t.Setenv("TMPDIR", dir)
	secondary := g.Add(t, "b", harness.Options{Config: []harness.Setting{{Table: "store", Key: "ballast", Value: 4 << 20}}})
	t.Setenv("TMPDIR", ordinary)
	for _, m := range g.Members() {
		m.Restart(t)
	}
	primary.Must(t, "utreplica", "-p", secondary.Address())
	secondary.Must(t, "utreplica", "-s", primary.Address())
	conn, err := primary.Bind()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	added := 0
	add := func() {
		t.Helper()
		if err := crowdAdd(conn, added); err != nil {
			t.Fatal(err)
		}
		added++
	}
	metric := func(name string) float64 {
		t.Helper()
		v, err := secondary.Metric(name)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for added < crowd {
		add()
	}
	g.AwaitLevel(t, primary, secondary)
	filler := filepath.Join(dir, "filler")
	fillDisk(t, filler)
	for deleted := 0; metric("utds_store_ballast_bytes") > 0; {
		for before := metric("utds_store_full_total"); metric("utds_store_full_total") == before; {
			if added > 100*crowd {
				t.Fatal("the disk is not full")
			}
			add()
			g.Await(t, "the secondary takes it or has no room", func() (bool, error) {
				first, err := primary.Status()
				second, err2 := secondary.Status()
				return second.LastChange == first.LastChange || metric("utds_store_full_total") > before, errors.Join(err, err2)
			})
		}
		secondary.Signal(t, stopped) // what is deleted comes as one batch
		for range fewRefusals {
			if deleted == crowd {
				t.Fatal("the ballast was never needed")
			}
			if err := conn.Del(ldap.NewDelRequest(crowdDN(deleted), nil)); err != nil {
				t.Fatal(err)
			}
			deleted++
		}
		secondary.Signal(t, goesOn)
		g.AwaitLevel(t, primary, secondary)
	}
	if err := os.Remove(filler); err != nil { // a dump needs room
		t.Fatal(err)
	}
	if d := group.Difference(primary.Dump(t), secondary.Dump(t)); d != "" {
		t.Errorf("they differ: %s", d)
	}
}
