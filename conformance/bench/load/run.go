// run.go: many connections, kept busy by one thread.

package load

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sunray-ds/utdsd/conformance/bench/dataset"
)

// runBuffer holds the answers to some requests.
const runBuffer = 32 << 10

// slot is one of a connection's outstanding requests.
type slot struct {
	request *Request // nil: none
	stamp   uint32
	id      uint32
	sent    time.Duration // since the beginning of the run
	entries int32
	learn   bool // the entries are compared by their values, in print, and not by their bytes
	print   dataset.Print
	sum     uint64
}

// connection is a connection with its requests.
type connection struct {
	socket socket
	in     inbox
	out    []byte
	slots  []slot
	busy   int // slots with a request
	source Source
	turn   uint32
	last   map[int]uint32 // the last stamp that was written, by user
}

// Of a run.
const (
	warming = iota
	measuring
	draining
)

// run is a cell at work.
type run struct {
	Cell
	connections []*connection
	begun       time.Time
	phase       int
	from, to    time.Duration // of what is measured, since begun
	before      used
	all, reads  latencies
	figure      Figure
}

// Run does the work of the cell. The first wrong answer ends it with an error.
func (c Cell) Run() (Figure, error) {
	r := &run{Cell: c}
	// The thread is given back: children of the process must not lose the thread
	// that started them.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// Nothing is allocated while it is measured; a collection would cost the
	// server, which has the same cores.
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer r.close()
	err := r.open()
	if err == nil {
		err = r.loop()
	}
	if err == nil {
		err = r.readBack()
	}
	return r.figure, err
}

func (r *run) open() error {
	for i := range r.Connections {
		s, err := open(r.Address, r.DN, r.Password, runBuffer)
		if err != nil {
			return err
		}
		r.connections = append(r.connections, &connection{
			socket: s.socket, in: s.in, slots: make([]slot, r.Outstanding),
			source: r.Work(i, r.Connections), last: map[int]uint32{},
		})
	}
	return nil
}

func (r *run) close() {
	for _, c := range r.connections {
		c.socket.close()
	}
}

// loop serves connections until all have had their last answer.
func (r *run) loop() error {
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("wait for connections: %w", err)
	}
	defer func() { _ = unix.Close(poll) }()
	r.begun = time.Now()
	r.from = r.Warm
	busy := 0
	for i, c := range r.connections {
		if err := unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, c.socket.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}); err != nil {
			return fmt.Errorf("wait for connections: %w", err)
		}
	}
	if err := r.advance(0); err != nil {
		return err
	}
	for _, c := range r.connections {
		for i := range c.slots {
			c.issue(i)
		}
		if err := c.flush(time.Since(r.begun)); err != nil {
			return err
		}
		if c.busy > 0 {
			busy++
		}
	}
	events := make([]unix.EpollEvent, 256)
	for busy > 0 {
		n, err := unix.EpollWait(poll, events, patience*1000)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return fmt.Errorf("wait for answers: %w", errors.Join(err, errLate))
		}
		now := time.Since(r.begun)
		if err := r.advance(now); err != nil {
			return err
		}
		for _, e := range events[:n] {
			c := r.connections[e.Fd]
			if err := r.serve(c, now); err != nil {
				return err
			}
			if c.busy == 0 {
				busy--
			}
		}
	}
	if r.phase == measuring {
		r.to = 0
		return r.advance(time.Since(r.begun))
	}
	if r.phase == warming {
		return errEmpty
	}
	return nil
}

// errEmpty is the error of a cell that is too small to be measured.
var errEmpty = errors.New("there were no more requests before the measuring began")

// errLate is the error of a server that does not answer.
var errLate = fmt.Errorf("no answer within %d s", patience)

// advance goes on to the next phase if its time has come. What is measured has
// one operation at least, however long that takes.
func (r *run) advance(now time.Duration) (err error) {
	if r.phase == warming && now >= r.from {
		r.phase, r.from, r.to = measuring, now, math.MaxInt64
		if r.Length > 0 {
			r.to = now + r.Length
		}
		if r.before, err = processorTime(r.Process); err != nil {
			return err
		}
	}
	if r.phase == measuring && now >= r.to && r.figure.Operations > 0 {
		r.phase = draining
		r.figure.Seconds = (now - r.from).Seconds()
		r.figure.P50, r.figure.P99 = r.all.quantile(0.5), r.all.quantile(0.99)
		if r.reads.n < r.all.n {
			r.figure.ReadsP99 = r.reads.quantile(0.99)
		}
		return r.figure.spent(r.Process, r.before)
	}
	return nil
}

// issue puts the next request into slot i.
func (c *connection) issue(i int) {
	q, stamp := c.source()
	if q == nil {
		return
	}
	c.turn++
	id := firstID | c.turn&0xff<<16 | uint32(i)
	c.slots[i] = slot{request: q, stamp: stamp, id: id, sent: -1, learn: q.print != 0 && q.sum == 0}
	c.out = q.appendTo(c.out, id, stamp)
	c.busy++
}

// flush sends what was issued.
func (c *connection) flush(now time.Duration) error {
	if len(c.out) == 0 {
		return nil
	}
	for i := range c.slots {
		if c.slots[i].sent < 0 {
			c.slots[i].sent = now
		}
	}
	err := c.socket.write(c.out)
	c.out = c.out[:0]
	return err
}

// serve takes what a connection has sent and asks on.
func (r *run) serve(c *connection, now time.Duration) error {
	if err := c.in.fill(c.socket); err != nil {
		return err
	}
	for {
		m, ok, err := c.in.next()
		if err != nil {
			return err
		}
		if !ok {
			return c.flush(now)
		}
		i := int(m.id & 0xffff)
		if i >= len(c.slots) || c.slots[i].request == nil || c.slots[i].id != m.id {
			return fmt.Errorf("an answer has the messageID %#x, which nobody waits for", m.id)
		}
		s := &c.slots[i]
		switch m.op[0] {
		case tagSearchEntry:
			if err := s.entry(m.op); err != nil {
				return err
			}
			continue
		case tagSearchRef, tagIntermediate:
			continue
		}
		if err := s.finish(m.op); err != nil {
			return err
		}
		if s.request.write {
			c.last[s.request.user] = s.stamp
		}
		if r.phase == measuring {
			r.figure.Operations++
			r.all.add(now - s.sent)
			if !s.request.write {
				r.reads.add(now - s.sent)
			}
		}
		s.request = nil
		c.busy--
		if r.phase != draining {
			c.issue(i)
		}
	}
}

// entry takes up an entry of the answer.
func (s *slot) entry(op []byte) error {
	s.entries++
	if !s.learn {
		s.sum += uint64(crc32.ChecksumIEEE(op))
		return nil
	}
	s.sum += uint64(crc32.ChecksumIEEE(op))
	p, _, err := printEntry(op)
	s.print += p
	return err
}

// finish compares the whole answer with what has to come.
func (s *slot) finish(op []byte) error {
	q := s.request
	code, diagnostic, err := result(op)
	switch {
	case err != nil:
		return err
	case code != 0:
		return fmt.Errorf("wrong answer: result code %d %q to %q", code, diagnostic, q.pdu)
	case s.entries != q.entries:
		return fmt.Errorf("wrong answer: %d entries, not %d, to %q", s.entries, q.entries, q.pdu)
	case s.learn && s.print != q.print:
		return fmt.Errorf("wrong answer: other values than the data has, to %q", q.pdu)
	case s.learn:
		q.sum = s.sum
	case q.print != 0 && s.sum != q.sum:
		return fmt.Errorf("wrong answer: other bytes than before, to %q", q.pdu)
	}
	return nil
}

// readBack looks whether the last values that were acknowledged are there: some
// of those of each connection.
func (r *run) readBack() error {
	s, err := Open(r.Address, r.DN, r.Password)
	if err != nil {
		return err
	}
	defer s.Close()
	const looks = 200
	for _, c := range r.connections {
		left := max(1, looks/len(r.connections))
		for user, stamp := range c.last {
			if user == 0 || left == 0 { // adds and deletes are of no user
				break
			}
			left--
			if got, err := s.Volatile(user); err != nil || got != changedTo(text(stamp)) {
				return fmt.Errorf("read back user %d: %q, not %q (%w)", user, got, changedTo(text(stamp)), errors.Join(err, errLost))
			}
		}
	}
	return nil
}

// errLost is the error of a write that was acknowledged and is not there.
var errLost = errors.New("an acknowledged write is not there")
