// dump_test.go: watching who may read a dump while it is written.

package procedures

import (
	"fmt"
	"io/fs"
	"os"
	"sync"
	"testing"
	"time"
)

// watchEvery is far less than a dump takes.
const watchEvery = 50 * time.Microsecond

// watch looks at a file all the time, from before it is there.
type watch struct {
	path  string
	sizes int // different sizes that were seen
	open  []string
	stop  chan struct{}
	done  sync.WaitGroup
}

// startWatch begins with no file.
func startWatch(t *testing.T, path string) *watch {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	w := &watch{path: path, stop: make(chan struct{})}
	w.done.Go(w.run)
	return w
}

func (w *watch) run() {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	size := int64(0)
	for {
		if info, err := os.Stat(w.path); err == nil && info.Size() != size {
			size = info.Size()
			w.sizes++
			w.look(info)
		}
		select {
		case <-w.stop:
			return
		case <-tick.C:
		}
	}
}

// look notes a file with something in it that others may read.
func (w *watch) look(info fs.FileInfo) {
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		w.open = append(w.open, fmt.Sprintf("%04o at %d bytes", mode, info.Size()))
	}
}

// closed ends the watching: nobody but the owner could read anything, nor can now.
func (w *watch) closed(t *testing.T, what string) {
	t.Helper()
	close(w.stop)
	w.done.Wait()
	info, err := os.Stat(w.path)
	if err != nil {
		t.Fatal(err)
	}
	w.look(info)
	if len(w.open) > 0 || w.sizes == 0 {
		t.Errorf("%s: %d sizes seen; others could read the dump: %q", what, w.sizes, w.open)
	}
}

// underAnyUmask makes the dump again and again, with the umasks that people have.
func (f *farm) underAnyUmask(t *testing.T, s step) {
	t.Helper()
	m := f.machine(t, s.host)
	for _, mask := range []string{"000", "002", "022"} {
		w := startWatch(t, m.path("/tmp/store"))
		m.must(t, "umask "+mask+"\n"+s.command())
		w.closed(t, "umask "+mask)
	}
}
