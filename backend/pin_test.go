package backend_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
)

// TestReadersNeverGoBackInTime counts one entry up while readers look at it: what
// was acknowledged is seen, and no reader sees an older value than before.
func TestReadersNeverGoBackInTime(t *testing.T) {
	w := newWorld(t)
	w.must(person("counter", "description: 0"))
	key := w.key("cn=counter," + people)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			last := -1
			for {
				select {
				case <-stop:
					return
				default:
				}
				n := 0
				if err := w.Get(key, func(v *schema.View) error {
					_, err := fmt.Sscan(value(v, "description"), &n)
					return err
				}); err != nil || n < last {
					t.Errorf("read %d after %d (%v)", n, last, err)
					return
				}
				last = n
			}
		})
	}
	for i := range 200 {
		w.must(replace("cn=counter,"+people, "description", fmt.Sprint(i)))
		if got := value(w.get("cn=counter,"+people), "description"); got != fmt.Sprint(i) {
			t.Fatalf("read %s after the change to %d was acknowledged", got, i)
		}
	}
	close(stop)
	readers.Wait()
}

// TestIdleReadersPinNoPages changes the same entries again and again while
// searches come and go: the file must not grow with the number of changes.
func TestIdleReadersPinNoPages(t *testing.T) {
	w := newWorld(t)
	w.fill(200)
	var sizes []uint64
	for round := range 3 {
		for range 200 {
			w.must(replace(fmt.Sprintf("cn=user%06d,%s", rand.IntN(200), people), "description", fmt.Sprint(round)))
			w.finds(w.query(people, schema.ScopeBase, w.filter(present("ou"))), people)
		}
		sizes = append(sizes, w.Stats().Bytes)
	}
	if sizes[2] > sizes[0]+sizes[0]/2+1<<20 {
		t.Errorf("the file grew with the same data: %v bytes", sizes)
	}
}
