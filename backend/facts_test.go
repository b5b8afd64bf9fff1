package backend_test

import (
	"encoding/binary"
	"sync"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
)

// TestFactsAreThoseOfTheirKeys fills all places and asks for what is there, and for
// what never was.
func TestFactsAreThoseOfTheirKeys(t *testing.T) {
	f := backend.NewFacts()
	key := make([]byte, 8)
	at := func(i uint64) []byte {
		binary.BigEndian.PutUint64(key, i)
		return key
	}
	for i := range uint64(2 * backend.FactsKept) {
		f.Remember(at(i), i*i)
		if v, known := f.About(at(i)); !known || v != i*i {
			t.Fatalf("%d: %d, %v at once", i, v, known)
		}
	}
	known := 0
	for i := range uint64(2 * backend.FactsKept) {
		if v, is := f.About(at(i)); is {
			if known++; v != i*i {
				t.Fatalf("%d: %d", i, v)
			}
		}
	}
	if known < backend.FactsKept*9/10 || known > backend.FactsKept {
		t.Errorf("%d are known, and there is room for %d", known, backend.FactsKept)
	}
	for i := range uint64(2_000_000) {
		if v, known := f.About(at(1<<40 + i)); known {
			t.Fatalf("%d, which nobody remembered: %d", i, v)
		}
	}
}

// TestFactsThatAreWrittenAtOnce has keys fight for places: what is found is whole.
func TestFactsThatAreWrittenAtOnce(t *testing.T) {
	f := backend.NewFacts()
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			key := make([]byte, 8)
			for i := range uint64(2 * backend.FactsKept) {
				n := (i*7919 + uint64(g)) % (4 * backend.FactsKept)
				binary.BigEndian.PutUint64(key, n)
				if v, known := f.About(key); known && v != n<<7 {
					t.Errorf("%d: %d", n, v)
					return
				}
				f.Remember(key, n<<7)
			}
		})
	}
	all.Wait()
}
