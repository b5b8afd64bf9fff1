// cache.go: the memory of successful costly verifications.

package password

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// cacheSize bounds the memory; the oldest success is forgotten first.
const cacheSize = 4096

type proof = [sha256.Size]byte

// cache remembers proofs of (stored value, password) pairs that matched. A
// proof is made with a key that lives and dies with the process, so that a
// memory dump gives neither password nor stored value away. Nothing needs to be
// withdrawn: a changed password is another stored value.
type cache struct {
	key [sha256.Size]byte

	mu    sync.Mutex
	known map[proof]struct{}
	order []proof // ring of at most cacheSize
	next  int
}

func newCache() *cache {
	c := &cache{known: make(map[proof]struct{})}
	rand.Read(c.key[:]) // never fails (crypto/rand)
	return c
}

func (c *cache) proof(stored, clear []byte) (p proof) {
	mac := hmac.New(sha256.New, c.key[:])
	var size [8]byte
	binary.BigEndian.PutUint64(size[:], uint64(len(stored)))
	mac.Write(size[:])
	mac.Write(stored)
	mac.Write(clear)
	mac.Sum(p[:0])
	return p
}

func (c *cache) has(p proof) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.known[p]
	return ok
}

func (c *cache) add(p proof) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.known[p]; ok {
		return
	}
	c.known[p] = struct{}{}
	if len(c.order) < cacheSize {
		c.order = append(c.order, p)
		return
	}
	delete(c.known, c.order[c.next])
	c.order[c.next] = p
	c.next = (c.next + 1) % cacheSize
}
