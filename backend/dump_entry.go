package backend

// The text of the entries: made by several goroutines, written in order.

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

const (
	dumpBatch = 256 // entries of which text is made at once
	partsKept = 256 // parts between two letGo
	maxLast   = 64  // attributes of an entry whose names are remembered
)

// dump is one writing of a State.
type dump struct {
	*State
	out     io.Writer
	opts    DumpOptions
	written uint64
	hash    schema.StateHash
}

// dumpPart is some entries that follow each other.
type dumpPart struct {
	number int
	ids    []uint64
	text   []byte
	hash   schema.StateHash
	err    error
}

func newDump(s *State, out io.Writer, o DumpOptions) *dump {
	o.Jobs = max(o.Jobs, 1)
	if o.Progress == nil {
		o.Progress = func(uint64, uint64) {}
	}
	return &dump{State: s, out: out, opts: o}
}

func debugFaults() bool { return debug.SetPanicOnFault(true) }

func (d *dump) write(b []byte) error {
	if _, err := d.out.Write(b); err != nil {
		return fmt.Errorf("write the dump: %w", err)
	}
	return nil
}

func (d *dump) comment(text string) error {
	var b []byte
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		b = append(append(append(b, "# "...), line...), '\n')
	}
	return d.write(append(b, '\n'))
}

// run writes the entries.
func (d *dump) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var (
		parts   = make(chan *dumpPart)
		texts   = make(chan *dumpPart)
		leave   = make(chan struct{}, 2*d.opts.Jobs+1) // bounds the parts in memory
		spare   = make(chan *dumpPart, 2*d.opts.Jobs+1)
		makers  sync.WaitGroup
		walking sync.WaitGroup
		walkErr error
	)
	defer walking.Wait()
	defer cancel()
	for range d.opts.Jobs {
		m := newTextMaker(d)
		makers.Go(func() {
			for p := range parts {
				m.part(p)
				select {
				case texts <- p:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	walking.Go(func() {
		defer close(parts)
		walkErr = d.walk(ctx, parts, leave, spare)
	})
	walking.Go(func() { makers.Wait(); close(texts) })
	early := map[int]*dumpPart{}
	for next := 0; ; {
		p := <-texts
		if p == nil {
			break
		}
		early[p.number] = p
		for p = early[next]; p != nil; p = early[next] {
			delete(early, next)
			next++
			if p.err != nil {
				return p.err
			}
			if err := d.write(p.text); err != nil {
				return err
			}
			addHash(&d.hash, p.hash)
			d.written += uint64(len(p.ids))
			if next%partsKept == 0 {
				letGo(d.pages.data)
			}
			d.opts.Progress(d.written, d.state.entries)
			spare <- p
			<-leave
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("dump: %w", context.Cause(ctx))
	}
	return walkErr
}

// walk goes through the names in order.
func (d *dump) walk(ctx context.Context, parts chan<- *dumpPart, leave chan<- struct{}, spare <-chan *dumpPart) (err error) {
	defer d.pages.guard(debugFaults(), &err)
	var p *dumpPart
	number := 0
	send := func() error {
		if p == nil {
			return nil
		}
		select {
		case parts <- p:
			p = nil
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	seal := newSeal(bucketNames)
	var last []byte
	err = d.pages.each(d.names, func(k, v []byte) error {
		if last != nil && bytes.Compare(k, last) <= 0 {
			return seal.damage(k, "out of order")
		}
		last = k
		v, err := seal.open(k, v)
		if err != nil {
			return err
		}
		id, _, ok := readName(v)
		if !ok {
			return seal.damage(k, "not an id")
		}
		if p == nil {
			select {
			case leave <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			select {
			case p = <-spare:
				*p = dumpPart{ids: p.ids[:0], text: p.text[:0]}
			default:
				p = &dumpPart{}
			}
			p.number = number
			number++
		}
		if p.ids = append(p.ids, id); len(p.ids) == dumpBatch {
			return send()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return send()
}

// textMaker makes text; each goroutine has its own.
type textMaker struct {
	*dump
	seal  seal
	find  pageFinder
	key   [idSize]byte
	names map[string]string // checked
	last  []string          // of the attributes of the last entry: most are as the one before
}

func newTextMaker(d *dump) *textMaker {
	return &textMaker{dump: d, seal: newSeal(bucketEntries), find: pageFinder{pages: d.pages, bucket: d.entries}, names: map[string]string{}}
}

func (m *textMaker) part(p *dumpPart) {
	defer m.pages.guard(debugFaults(), &p.err)
	for _, id := range p.ids {
		key := m.key[:]
		binary.BigEndian.PutUint64(key, id)
		rec, ok, err := m.find.get(key)
		if err == nil && !ok {
			err = m.seal.damage(key, "entry is missing")
		}
		if err == nil {
			rec, err = m.seal.open(key, rec)
		}
		var v schema.View
		if err == nil && !readRecord(rec, &v) {
			err = m.seal.damage(key, "not a record")
		}
		if err == nil {
			v.ID = id
			addHash(&p.hash, entryHash(&v))
			p.text, err = m.entry(p.text, &v)
		}
		if err != nil {
			p.err = err
			return
		}
	}
}

// entry appends the text of one entry.
func (m *textMaker) entry(dst []byte, v *schema.View) ([]byte, error) {
	if a, _, ok := schema.NextAttribute(v.User); !ok || changeLine(a.Desc) {
		return m.oddEntry(dst, v)
	}
	if !m.opts.NoIDs {
		dst = append(strconv.AppendUint(dst, v.ID, 10), '\n')
	}
	dst = ldif.AppendLine(dst, "dn", v.DN, ldif.DefaultWidth)
	at := 0
	for _, list := range [...][]byte{v.User, v.Operational} {
		for {
			a, rest, ok := schema.NextAttribute(list)
			if !ok {
				break
			}
			list = rest
			name, err := m.name(at, a.Desc)
			if err != nil {
				return dst, fmt.Errorf("entry %d %q: %w", v.ID, v.DN, err)
			}
			at++
			for values := a.Values; ; {
				value, more, ok := schema.NextValue(values)
				if !ok {
					break
				}
				values = more
				dst = ldif.AppendLine(dst, name, value, ldif.DefaultWidth)
			}
		}
	}
	return append(dst, '\n'), nil
}

// changeLine tells whether an attribute would make its entry a change record.
func changeLine(desc []byte) bool {
	return bytes.EqualFold(desc, []byte("changetype")) || bytes.EqualFold(desc, []byte("control"))
}

// name is a description as text, checked: that of attribute at of an entry.
func (m *textMaker) name(at int, desc []byte) (string, error) {
	if at < len(m.last) && m.last[at] == string(desc) {
		return m.last[at], nil
	}
	name, ok := m.names[string(desc)]
	if !ok {
		var err error
		if name, err = m.newName(desc); err != nil {
			return "", err
		}
	}
	if at < maxLast {
		m.last = append(m.last, make([]string, max(at+1-len(m.last), 0))...)
		m.last[at] = name
	}
	return name, nil
}

func (m *textMaker) newName(desc []byte) (string, error) {
	name := string(desc)
	if !ldif.ValidName(name) || strings.EqualFold(name, "dn") {
		return "", fmt.Errorf("%w: attribute name %q", ldif.ErrUnwritable, name)
	}
	if len(m.names) < maxTold {
		m.names[name] = name
	}
	return name, nil
}

// oddEntry writes an entry whose attributes have to stand in another order.
func (m *textMaker) oddEntry(dst []byte, v *schema.View) ([]byte, error) {
	var attrs []schema.RawAttribute
	for _, list := range [...][]byte{v.User, v.Operational} {
		for a, rest, ok := schema.NextAttribute(list); ok; a, rest, ok = schema.NextAttribute(rest) {
			raw := schema.RawAttribute{Attr: string(a.Desc)}
			for value, more, ok := schema.NextValue(a.Values); ok; value, more, ok = schema.NextValue(more) {
				raw.Values = append(raw.Values, value)
			}
			attrs = append(attrs, raw)
		}
	}
	id := v.ID
	if m.opts.NoIDs {
		id = 0
	}
	var b bytes.Buffer
	w := ldif.NewWriter(&b)
	if err := w.WriteEntry(id, string(v.DN), attrs); err != nil {
		return dst, fmt.Errorf("entry %d %q: %w", v.ID, v.DN, err)
	}
	if err := w.Flush(); err != nil {
		return dst, err
	}
	return append(dst, b.Bytes()...), nil
}
