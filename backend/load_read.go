package backend

// Reading the input: one goroutine cuts it into blocks, several turn blocks into
// entries, one takes these in the order of the input, numbers them and hands
// them to the sorters.

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

// pipeline is the goroutines that read, and what goes between them.
type pipeline struct {
	cut     *splitter
	texts   chan *textBlock
	results chan *loadedBlock
	spare   chan *loadedBlock
	leave   chan struct{} // bounds the blocks in memory
	makers  sync.WaitGroup
	err     error // of the input, once texts is closed
}

// read fills the sorters.
func (l *loader) read(ctx context.Context, src io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	inFlight := 2*l.opts.Jobs + 2
	p := &pipeline{cut: newSplitter(src, inFlight), texts: make(chan *textBlock), results: make(chan *loadedBlock),
		spare: make(chan *loadedBlock, inFlight), leave: make(chan struct{}, inFlight)}
	defer p.makers.Wait()
	defer cancel()
	// A read that waits for a terminal or a pipe cannot be ended from here, so that
	// nobody waits for this goroutine after an error. It has nothing but src then.
	go p.split(ctx)
	var first *textBlock
	select {
	case first = <-p.texts:
	case <-ctx.Done():
		return fmt.Errorf("load: %w", context.Cause(ctx))
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("load: %w", context.Cause(ctx))
	case first == nil && p.err != nil:
		return p.err
	case first == nil && l.refresh != nil:
		return nil // a provider may have nothing
	case first == nil:
		return ErrEmptyInput
	}
	l.origin = readDumpHeader(first.data)
	l.chooseDialect(first.data)
	for range l.opts.Jobs {
		m, t := newEntryMaker(l), first
		p.makers.Go(func() { p.make(ctx, m, t) })
		first = nil
	}
	go func() { p.makers.Wait(); close(p.results) }()
	if err := l.collect(ctx, p.results, p.done); err != nil {
		return err
	}
	if p.err != nil {
		return p.err
	}
	l.lines = p.cut.line
	if l.origin.found {
		return l.checkEnd(p.cut.tail)
	}
	return nil
}

// split cuts the input until its end.
func (p *pipeline) split(ctx context.Context) {
	defer close(p.texts)
	for {
		select {
		case p.leave <- struct{}{}:
		case <-ctx.Done():
			return
		}
		var t *textBlock
		if t, p.err = p.cut.block(); t == nil {
			return
		}
		select {
		case p.texts <- t:
		case <-ctx.Done():
			return
		}
	}
}

// make turns blocks into entries, beginning with first if that is not nil.
func (p *pipeline) make(ctx context.Context, m *entryMaker, first *textBlock) {
	for t := first; ; t = nil {
		if t == nil {
			select {
			case t = <-p.texts:
			case <-ctx.Done():
			}
		}
		if t == nil {
			return
		}
		var b *loadedBlock
		select {
		case b = <-p.spare:
		default:
			b = &loadedBlock{}
		}
		m.block(b, t)
		select {
		case p.results <- b:
		case <-ctx.Done():
			return
		}
	}
}

// done takes a block back when all of it is taken.
func (p *pipeline) done(b *loadedBlock) {
	p.cut.recycle(b.text)
	b.reset()
	select {
	case p.spare <- b:
	default:
	}
	<-p.leave
}

// chooseDialect decides by the first block.
func (l *loader) chooseDialect(text []byte) {
	l.dialect = ldif.RFC2849
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	ours := l.origin.found || bytes.HasPrefix(text, []byte("version:")) || bytes.Contains(text, []byte("\nversion:")) ||
		bytes.Contains(text, []byte("\nstructuralObjectClass:")) || bytes.Contains(text, []byte("\nentryCSN:"))
	if l.opts.Dialect == DialectAncestor || l.opts.Dialect == DialectAuto && !ours {
		l.dialect = ldif.Ancestor
	}
}

func (b *loadedBlock) reset() {
	const most = 4 * blockSize
	if cap(b.arena)+cap(b.keys) > 4*most {
		*b = loadedBlock{}
		return
	}
	*b = loadedBlock{entries: b.entries[:0], arena: b.arena[:0], keys: b.keys[:0]}
}

// block reads all records of t.
func (m *entryMaker) block(b *loadedBlock, t *textBlock) {
	b.text = t
	m.out = b
	m.reader.Reset(bytes.NewReader(t.data))
	m.reader.OnFault = func(se *ldif.SyntaxError) error {
		b.fault(se)
		return nil
	}
	for {
		rec, err := m.reader.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				b.err = fmt.Errorf("read the input: %w", err)
			}
			return
		}
		if rec.Change != nil {
			if rec.Change.Kind != schema.ChangeAdd {
				m.leaveOut(rec, "it is a change, and a store is loaded from entries")
				continue
			}
			rec.Attributes = rec.Change.Attributes
		}
		m.make(rec)
	}
}

// fault keeps what the reader found. Of a record without a name nothing can be
// kept; else the line alone is lost.
func (b *loadedBlock) fault(se *ldif.SyntaxError) {
	text := se.Kind.String()
	if se.Msg != "" {
		text += ": " + se.Msg
	}
	if se.Kind == ldif.NoDN {
		text += "; it is left out"
		b.left++
	}
	b.problems = append(b.problems, LoadProblem{Line: b.text.line + se.Line, DN: se.DN, Text: text})
}

// collect takes the blocks in their order.
func (l *loader) collect(ctx context.Context, results <-chan *loadedBlock, done func(*loadedBlock)) error {
	early := map[int]*loadedBlock{}
	read := int64(0)
	for next := 0; ; {
		var b *loadedBlock
		select {
		case b = <-results:
		case <-ctx.Done():
			return fmt.Errorf("load: %w", context.Cause(ctx))
		}
		if b == nil { // all is read, or given up
			return context.Cause(ctx)
		}
		early[b.text.number] = b
		for b = early[next]; b != nil; b = early[next] {
			delete(early, next)
			next++
			if err := l.take(b); err != nil {
				return err
			}
			read += int64(len(b.text.data))
			done(b)
			l.opts.Progress(LoadProgress{Stage: LoadReading, Entries: l.seen, Bytes: read})
		}
	}
}

// take numbers the entries of a block and hands them to the sorters.
func (l *loader) take(b *loadedBlock) error {
	for i := range b.entries {
		e := &b.entries[i]
		l.seen++
		switch {
		case e.id >= unnumbered:
			b.problems = append(b.problems, LoadProblem{Line: e.line, Text: fmt.Sprintf("the id %d is out of range; the entry gets a new one", e.id)})
			e.id = 0
		case e.id != 0 && !l.ids.add(e.id):
			b.problems = append(b.problems, LoadProblem{Line: e.line, Text: fmt.Sprintf("the id %d was there before; the entry gets a new one", e.id)})
			e.id = 0
		}
		if e.id == 0 {
			l.given++
			e.id = unnumbered | l.given
		} else {
			l.maxID = max(l.maxID, e.id)
		}
		keys := b.keysOf(i)
		if e.brought && !l.uuids.add(e.uuid) {
			b.problems = append(b.problems, LoadProblem{Line: e.line, Text: fmt.Sprintf("the entryUUID %s was there before; the entry gets a new one", uuidText(e.uuid))})
			l.newIdentity(b, e)
			keys = nil
		}
		rec := b.arena[e.at : e.at+e.size]
		if err := l.put(e, rec, keys); err != nil {
			return err
		}
	}
	if l.csn.before(b.csn) {
		l.csn = b.csn
	}
	l.left += b.left
	if err := l.problems.addAll(b.problems); err != nil {
		return err
	}
	for _, n := range b.unknown {
		if err := l.problems.unknown(n); err != nil {
			return err
		}
	}
	return b.err
}

// keysOf is the index keys of entry i.
func (b *loadedBlock) keysOf(i int) []byte {
	from := 0
	if i > 0 {
		from = b.entries[i-1].keys
	}
	return b.keys[from:b.entries[i].keys]
}

// put hands one entry to the sorters: rec is its hash and its record, keys its
// index keys, nil if they are to be made.
func (l *loader) put(e *loadedEntry, rec, keys []byte) error {
	v := schema.View{ID: e.id}
	if !readRecord(rec[hashSize:], &v) {
		return errors.New("load: a record of our own making cannot be read")
	}
	l.buf = append(binary.BigEndian.AppendUint64(l.buf[:0], e.id), byte(v.Kind))
	l.buf = binary.BigEndian.AppendUint64(l.buf, uint64(e.line))
	l.buf = append(l.buf, v.DN...)
	if err := l.names.add(v.Key, l.buf); err != nil {
		return err
	}
	if err := l.putRecord(&v, rec); err != nil {
		return err
	}
	if keys == nil {
		return l.putKeys(&v)
	}
	for len(keys) > 0 {
		i, n := binary.BigEndian.Uint16(keys), int(binary.BigEndian.Uint16(keys[2:]))
		key := keys[4 : 4+n]
		binary.BigEndian.PutUint64(key[n-idSize:], e.id)
		if err := l.indexKeys[i].add(key, nil); err != nil {
			return err
		}
		keys = keys[4+n:]
	}
	return nil
}

// putRecord hands over what goes to id2entry and uuid2id.
func (l *loader) putRecord(v *schema.View, rec []byte) error {
	binary.BigEndian.PutUint64(l.idBuf[:], v.ID)
	if err := l.entries.add(l.idBuf[:], rec); err != nil {
		return err
	}
	return l.uuidKeys.add(v.UUID[:], l.idBuf[:])
}

// putKeys makes and hands over the index keys of v.
func (l *loader) putKeys(v *schema.View) error {
	for i, ix := range l.indexes {
		for _, key := range l.rekey.of(l.schema, ix, v) {
			if err := l.indexKeys[i].add(key, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// newIdentity gives an entry a UUID of its own, at the end of the arena.
func (l *loader) newIdentity(b *loadedBlock, e *loadedEntry) {
	var v schema.View
	readRecord(b.arena[e.at+hashSize:e.at+e.size], &v)
	entry := l.schema.Entry(&v)
	entry.UUID = newUUID(l.began)
	l.schema.SetOperational(entry, stampNames[stampUUID], uuidText(entry.UUID))
	e.at = len(b.arena)
	b.arena = appendHashed(b.arena, l.schema.View(entry, v.Key))
	e.size, e.uuid = len(b.arena)-e.at, entry.UUID
}

// appendHashed appends hash and record of v.
func appendHashed(dst []byte, v *schema.View) []byte {
	h := entryHash(v)
	return appendRecord(append(dst, h[:]...), v)
}

// checkEnd refuses or reports a dump of ours that is not all there: a part of the
// data would replace all of it, on the secondaries, too.
func (l *loader) checkEnd(tail []byte) error {
	switch n, _, ok := readDumpEnd(tail); {
	case !ok && !l.opts.Partial:
		return ErrCutOff
	case !ok:
		return l.problems.add(LoadProblem{Text: ErrCutOff.Error()})
	case n != l.seen:
		return l.problems.add(LoadProblem{Text: fmt.Sprintf("the last line of the dump speaks of %d entries and %d came", n, l.seen)})
	}
	return nil
}
