// source.go: which request a connection sends next.

package load

import (
	"fmt"
	"math/rand/v2"

	"github.com/sunray-ds/utdsd/conformance/bench/dataset"
)

// poolSize bounds how many different requests of a kind there are.
const poolSize = 1 << 15

// Requests are the requests for one server. What a server answered to each is
// remembered with it, so they are not for two servers.
type Requests struct {
	base, equality, within, clear, hashed, modify []Request
	added                                         Request
	deleted                                       Request
}

// NewRequests makes requests for a server that holds n entries of the data.
func NewRequests(n int) *Requests {
	users := dataset.CountUsers(n)
	order := rand.New(rand.NewPCG(uint64(n), 1)).Perm(users)
	q := &Requests{
		added:   newRequest(add(dataset.Added(nameAdded(stampPlace), 0))),
		deleted: newRequest(tlv(tagDelRequest, []byte("utname="+nameAdded(stampPlace)+","+dataset.Users))),
	}
	q.added.write, q.deleted.write = true, true
	for _, k := range order {
		if dataset.Reserved(k) {
			put(&q.modify, func() Request {
				r := newRequest(replace(dataset.UserDN(k), dataset.Volatile, changedTo(stampPlace)))
				r.write, r.user = true, k
				return r
			})
			continue
		}
		found := func(r Request) Request {
			r.entries, r.print = 1, dataset.User(k).Print()
			return r
		}
		put(&q.base, func() Request {
			return found(newRequest(search(dataset.UserDN(k), scopeBase, present("objectClass"))))
		})
		put(&q.equality, func() Request {
			return found(newRequest(search(dataset.Suffix, scopeS, equality("uid", dataset.UserName(k)))))
		})
		pool := &q.clear
		if dataset.Hashed(k) {
			pool = &q.hashed
		}
		put(pool, func() Request { return newRequest(bind(dataset.UserDN(k), dataset.Password(k))) })
	}
	for _, k := range order {
		if len(q.within) < poolSize/16 {
			q.within = append(q.within, tenUsers(k/10, users))
		}
	}
	return q
}

func put(pool *[]Request, r func() Request) {
	if len(*pool) < poolSize {
		*pool = append(*pool, r())
	}
}

// tenUsers asks for the users from ten*10 on by a part of their names.
func tenUsers(ten, users int) Request {
	first := dataset.CommonName(ten * 10)
	r := newRequest(search(dataset.Suffix, scopeS, within("cn", first[1:len(first)-1])))
	for k := ten * 10; k < min(ten*10+10, users); k++ {
		r.entries++
		r.print += dataset.User(k).Print()
	}
	return r
}

// Source gives the requests of one connection, one after the other, with the
// stamp that is to be put in; nil: there are no more.
type Source func() (r *Request, stamp uint32)

// Work gives each of some connections its source.
type Work func(connection, connections int) Source

// anyOf takes requests at random.
func anyOf(pool []Request) Work {
	return func(connection, _ int) Source {
		random := rand.NewPCG(uint64(connection), 2)
		return func() (*Request, uint32) { return &pool[random.Uint64()%uint64(len(pool))], 0 }
	}
}

// each takes every request once.
func each(pool []Request) Work {
	return func(connection, connections int) Source {
		at := connection
		return func() (*Request, uint32) {
			if at >= len(pool) {
				return nil, 0
			}
			r := &pool[at]
			at += connections
			return r, 0
		}
	}
}

// Base reads single entries by their names.
func (q *Requests) Base() Work { return anyOf(q.base) }

// Equality looks for single entries below the suffix by an indexed attribute.
func (q *Requests) Equality() Work { return anyOf(q.equality) }

// Substring looks for ten entries by a part of their cn, in a server that nobody
// writes to: the entries are looked at with all their values.
func (q *Requests) Substring() Work { return anyOf(q.within) }

// BindClear binds with passwords that are stored in clear.
func (q *Requests) BindClear() Work { return anyOf(q.clear) }

// BindHashed binds with passwords that are stored as {SSHA}.
func (q *Requests) BindHashed() Work { return anyOf(q.hashed) }

// Modify replaces a value. Connections have entries of their own, in an order
// that has nothing to do with where a server keeps them, so that the last value
// of each is known. Stamps begin with run, which a caller does not use twice.
func (q *Requests) Modify(run uint16) Work {
	return func(connection, connections int) Source {
		share := len(q.modify) / connections
		own := q.modify[connection*share : (connection+1)*share]
		n := uint32(0)
		return func() (*Request, uint32) {
			if len(own) == 0 {
				return nil, 0
			}
			r := &own[int(n)%len(own)]
			stamp := uint32(run)<<16 | n&0xffff
			n++
			return r, stamp
		}
	}
}

// Mixed reads by name and by an indexed attribute, and writes with this share
// of percent.
func (q *Requests) Mixed(run uint16, percent int) Work {
	base, equality, modify := q.Base(), q.Equality(), q.Modify(run)
	return func(connection, connections int) Source {
		random := rand.New(rand.NewPCG(uint64(connection), 3))
		b, e, m := base(connection, connections), equality(connection, connections), modify(connection, connections)
		return func() (*Request, uint32) {
			switch v := random.IntN(200); {
			case v < 2*percent:
				return m()
			case v < 100+percent:
				return b()
			}
			return e()
		}
	}
}

// Growth are entries that are added and deleted again, with how many each
// connection has added.
type Growth struct {
	run   uint16
	added []uint32
}

// NewGrowth is a growth of a number that a caller does not use twice.
func NewGrowth(run uint16, connections int) *Growth {
	return &Growth{run % 256, make([]uint32, connections)}
}

// Count is how many were added.
func (g *Growth) Count() (n int) {
	for _, c := range g.added {
		n += int(c)
	}
	return n
}

// stamp is the name of entry i of a connection: 8 bits, 10 bits, 14 bits.
func (g *Growth) stamp(connection int, i uint32) uint32 {
	return uint32(g.run)<<24 | uint32(connection)<<14 | i
}

// Add adds entries.
func (q *Requests) Add(g *Growth) Work {
	return func(connection, _ int) Source {
		return func() (*Request, uint32) {
			i := g.added[connection]
			if i >= 1<<14 {
				return nil, 0
			}
			g.added[connection]++
			return &q.added, g.stamp(connection, i)
		}
	}
}

// Delete deletes what was added.
func (q *Requests) Delete(g *Growth) Work {
	return func(connection, _ int) Source {
		i := uint32(0)
		return func() (*Request, uint32) {
			if i >= g.added[connection] {
				return nil, 0
			}
			i++
			return &q.deleted, g.stamp(connection, i-1)
		}
	}
}

// verify reads by every request once and compares the answers value by value;
// from then on their bytes are known.
func (q *Requests) verify(c Cell) error {
	return askAll(c, map[string][]Request{"base searches": q.base, "equality searches": q.equality})
}

// Rehearse asks an echo for what Verify does not.
func (q *Requests) Rehearse(c Cell) error {
	return askAll(c, map[string][]Request{"substring searches": q.within, "binds": q.clear, "binds by hash": q.hashed})
}

// askAll sends each request of some pools once.
func askAll(c Cell, pools map[string][]Request) error {
	for what, pool := range pools {
		c.Work, c.Length, c.Warm = each(pool), 0, 0
		if _, err := c.Run(); err != nil {
			return fmt.Errorf("verify %s: %w", what, err)
		}
	}
	return nil
}

// Verify compares a server's whole content with what it has to hold, and its
// answers to the requests, value by value. The cell names the server.
func (q *Requests) Verify(c Cell, want Holds) (got Holds, err error) {
	s, err := Open(c.Address, c.DN, c.Password)
	if err != nil {
		return got, err
	}
	defer s.Close()
	if got, err = s.Scan(true); err != nil {
		return got, fmt.Errorf("verify: read everything: %w", err)
	}
	if got.Entries != want.Entries || got.Print != want.Print {
		return got, fmt.Errorf("verify: the server has %d entries with the print %x, the data %d with %x", got.Entries, got.Print, want.Entries, want.Print)
	}
	return got, q.verify(c)
}

// HoldsData is what a server with n entries of the data holds; the sum of bytes
// depends on the server and is not in it.
func HoldsData(n int) (h Holds) {
	dataset.Each(n, func(e dataset.Entry) {
		h.Entries++
		h.Print += e.Print()
	})
	return h
}

// First is the first n requests of some work, over all connections.
func First(n int, w Work) Work {
	return func(connection, connections int) Source {
		next, left := w(connection, connections), n/connections
		if connection < n%connections {
			left++
		}
		return func() (*Request, uint32) {
			if left == 0 {
				return nil, 0
			}
			left--
			return next()
		}
	}
}
