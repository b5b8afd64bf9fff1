package server

import (
	"bytes"
	"math"
	"strconv"

	"github.com/sunray-ds/utdsd/schema"
)

// changeLogDN names the tree that shows the log of changes
// (draft-good-ldap-changelog): below it is one entry for each record. It is no
// part of the store, and there for those alone from whom nothing is hidden.
const changeLogDN = "cn=changelog"

// ChangeLog is a log of changes, numbered without gaps.
type ChangeLog interface {
	// Range gives the numbers of the first and the last record; first is
	// last+1 if there is none.
	Range() (first, last uint64)
	// Changelog hands the records from number from on to f, in order, until f
	// returns false. f runs within a read transaction and does not block. It
	// is an error if the record from is no longer there, none if it is yet to
	// come.
	Changelog(from uint64, f func(rec schema.ChangeRecord) bool) error
}

// inChangeLog tells whether the key is that of cn=changelog or of a name below.
func (c *conn) inChangeLog(key []byte) bool {
	k := c.srv.logKey
	return k != nil && (bytes.Equal(key, k) || schema.KeyUnder(key, k))
}

// logSearch is a search in cn=changelog: the records of next to last are still
// to be looked at.
type logSearch struct {
	log        ChangeLog
	top        bool // cn=changelog itself is in scope and still to come
	next, last uint64
	refused    *schema.Result // there is no such base
	entry      logEntry
}

// newLogSearch decides by base, scope and filter which records are looked at. All
// are of the present: a search ends, whatever is written meanwhile.
func (c *conn) newLogSearch(op *searchOp) *logSearch {
	l := &logSearch{log: c.srv.Changes, next: 1}
	first, last := l.log.Range()
	if !bytes.Equal(op.base, c.srv.logKey) {
		n, ok := c.srv.changeNumber(op.req.Base)
		switch {
		case !ok || n < first || n > last:
			l.refused = &schema.Result{Code: schema.NoSuchObject, MatchedDN: changeLogDN}
		case op.req.Scope == schema.ScopeBase || op.req.Scope == schema.ScopeSub:
			l.next, l.last = n, n
		}
		return l
	}
	l.top = op.req.Scope == schema.ScopeBase || op.req.Scope == schema.ScopeSub
	if op.req.Scope != schema.ScopeBase {
		from, to := numberRange(&op.req.Filter, 0)
		l.next, l.last = max(first, from), min(last, to)
	}
	return l
}

// changeNumber reads the number in the name of a record.
func (s *Server) changeNumber(dn []byte) (uint64, bool) {
	name, err := s.Schema.ParseDN(dn)
	if err != nil || len(name) != 2 || len(name[0]) != 1 {
		return 0, false
	}
	n, err := strconv.ParseUint(string(name[0].Value("changeNumber")), 10, 64)
	return n, err == nil
}

// numberRange is where change numbers must be for the node i of f to match; an
// empty range has from above to. It is never too narrow.
func numberRange(f *schema.Filter, i int32) (from, to uint64) {
	if len(f.Nodes) == 0 {
		return 1, 0
	}
	n := &f.Nodes[i]
	switch n.Kind {
	case schema.FilterAnd:
		to = math.MaxUint64
		for c := i + 1; c < n.End; c = f.Nodes[c].End {
			a, b := numberRange(f, c)
			from, to = max(from, a), min(to, b)
		}
		return from, to
	case schema.FilterOr:
		from = math.MaxUint64
		for c := i + 1; c < n.End; c = f.Nodes[c].End {
			if a, b := numberRange(f, c); a <= b {
				from, to = min(from, a), max(to, b)
			}
		}
		return from, to
	case schema.FilterNot:
		return 0, math.MaxUint64
	}
	switch {
	case n.Undefined:
		return 1, 0
	case n.Desc.Name != "changeNumber" || n.Desc.Options != "":
		return 0, math.MaxUint64
	}
	v := numberOf(n.Value)
	switch n.Kind {
	case schema.FilterEquality, schema.FilterApprox:
		return v, v
	case schema.FilterGreaterOrEqual:
		return v, math.MaxUint64
	case schema.FilterLessOrEqual:
		return 0, v
	}
	return 0, math.MaxUint64
}

// numberOf reads an INTEGER as text. There are no records 0 and 2^64-1, which
// stand for everything beyond.
func numberOf(text []byte) uint64 {
	if len(text) > 0 && text[0] == '-' {
		return 0
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil { // the syntax is that of an INTEGER, so it is too large
		return math.MaxUint64
	}
	return n
}

// slice looks at as many records as op.query.Examine allows. No transaction is
// open behind it.
func (l *logSearch) slice(op *searchOp) error {
	q := &op.query
	if l.refused != nil {
		return l.refused
	}
	if l.top {
		l.top = false
		first, last := l.log.Range()
		if next := l.offer(op, l.entry.base(op.conn.srv, int(last+1-first))); next != schema.Continue {
			q.Resume.Done = next == schema.Stop
			return nil
		}
	}
	if first, _ := l.log.Range(); l.next < first {
		l.next = first
	}
	examined := 0
	err := error(nil)
	if l.next <= l.last {
		err = l.log.Changelog(l.next, func(rec schema.ChangeRecord) bool {
			if rec.Seq > l.last {
				return false
			}
			l.next = rec.Seq + 1
			examined++
			next := l.offer(op, l.entry.record(op.conn.srv, &rec))
			if next == schema.Stop {
				l.next = l.last + 1
			}
			return next == schema.Continue && l.next <= l.last && (q.Examine == 0 || examined < q.Examine)
		})
	}
	if err != nil {
		if first, _ := l.log.Range(); l.next < first {
			return nil // trimmed in between: the next slice begins behind it
		}
		return err
	}
	q.Resume.Done = l.next > l.last
	return nil
}

// offer gives the entry to the search if it matches.
func (l *logSearch) offer(op *searchOp, v *schema.View) schema.Next {
	if op.query.Filter.Match(op.conn.srv.Schema, v) != schema.True {
		return schema.Continue
	}
	return op.Entry(v)
}

// logEntryAt calls f with the entry of the given name in cn=changelog.
func (c *conn) logEntryAt(key, dn []byte, f func(*schema.View) error) error {
	var e logEntry
	log := c.srv.Changes
	first, last := log.Range()
	if bytes.Equal(key, c.srv.logKey) {
		return f(e.base(c.srv, int(last+1-first)))
	}
	n, ok := c.srv.changeNumber(dn)
	if !ok || n < first || n > last {
		return &schema.Result{Code: schema.NoSuchObject, MatchedDN: changeLogDN}
	}
	var result error
	err := log.Changelog(n, func(rec schema.ChangeRecord) bool {
		result = f(e.record(c.srv, &rec))
		return false
	})
	if err != nil {
		return err
	}
	return result
}
