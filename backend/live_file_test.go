package backend_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
)

// TestServedFileIsNotJudged: what is read of a file while somebody writes it does
// not belong together.
func TestServedFileIsNotJudged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true, Indexes: indexes}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	w.fill(300)
	var stop atomic.Bool
	looked := make(chan int)
	go func() {
		n := 0
		for ; !stop.Load(); n++ {
			if _, err := backend.OpenState(path); !errors.Is(err, backend.ErrLocked) {
				t.Error(err)
			}
		}
		looked <- n
	}()
	for n := range 1500 {
		w.must(replace(fmt.Sprintf("cn=user%06d,%s", n*7%300, people), "description", strings.Repeat("x", n%500)+fmt.Sprint(n)))
	}
	stop.Store(true)
	if n := <-looked; n < 1500 {
		t.Errorf("looked %d times", n)
	}
}
