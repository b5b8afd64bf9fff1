package server

// A log of changes in memory.

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// log is a ChangeLog in memory.
type log struct {
	mu      sync.Mutex
	first   uint64
	records []schema.ChangeRecord
	read    int            // records that were handed out
	slices  int            // calls of Changelog
	before  func(call int) // is called without the lock
	broken  error
}

func (l *log) Range() (first, last uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first, l.first + uint64(len(l.records)) - 1
}

func (l *log) Changelog(from uint64, f func(schema.ChangeRecord) bool) error {
	if l.before != nil {
		l.before(l.slices)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slices++
	if l.broken != nil {
		return l.broken
	}
	if from < l.first {
		return errors.New("trimmed")
	}
	for i := from - l.first; i < uint64(len(l.records)); i++ {
		l.read++
		if !f(l.records[i]) {
			break
		}
	}
	return nil
}

// trim drops what is before the record with this number.
func (l *log) trim(first uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records, l.first = l.records[first-l.first:], first
}

// counted gives how much was read since the last call.
func (l *log) counted() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.read
	l.read = 0
	return n
}

// newLog has n records, the first of which is number 11, in turn of the four
// kinds.
func newLog(n int) *log {
	l := &log{first: 11}
	for i := range n {
		seq := uint64(11 + i)
		rec := schema.ChangeRecord{Seq: seq, Kind: schema.ChangeAdd + schema.ChangeKind(i%4), DN: userDN(i), UUID: testUUID(userDN(i)),
			Time: time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Second), CSN: fmt.Sprintf("20240229120000.%06dZ#000000#000#000000", i)}
		switch rec.Kind {
		case schema.ChangeAdd:
			rec.LDIF = []byte("objectClass: person\nsn: x\nuserPassword: secret\n")
		case schema.ChangeModify:
			rec.LDIF = []byte("replace: sn\nsn: y\n-\n")
		case schema.ChangeModifyDN:
			rec.NewRDN, rec.DeleteOldRDN = "cn=new", true
			if rec.HasNewSuperior = i%8 == 7; rec.HasNewSuperior {
				rec.NewSuperior = suffix
			}
		}
		l.records = append(l.records, rec)
	}
	return l
}

// logWorld is a server with such a log.
func logWorld(t testing.TB, n int) (*world, *log) {
	l := newLog(n)
	w := newWorld(t, func(o *Options) {
		o.Changes = l
		o.Signature = func() string { return signature }
		o.Syncer = newProvider()
	})
	return w, l
}

func changes(scope schema.Scope, filter string) ask {
	return ask{base: "cn=ChangeLog", scope: scope, filter: filter, attrs: []string{"changeNumber"}}
}

// numbers are what a search of changeNumber found.
func (f found) numbers(c *client) (out []string) {
	c.Helper()
	f.wantCode(c, schema.Success)
	for _, l := range f.lines {
		out = append(out, strings.TrimPrefix(l, "changeNumber: "))
	}
	return out
}
