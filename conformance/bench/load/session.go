// session.go: one connection with one request at a time, for what is looked at
// closely: the whole content of a server, pages, single entries.

package load

import (
	"fmt"
	"hash/crc32"
	"time"

	"github.com/sunray-ds/utdsd/conformance/bench/dataset"
)

// sessionBuffer is large enough that a whole state comes in few reads.
const sessionBuffer = 256 << 10

// Session is a bound connection. Its methods are for one goroutine.
type Session struct {
	socket socket
	in     inbox
	out    []byte
	last   uint32
}

// Open connects to address (host:port) and binds. An empty dn stays anonymous.
func Open(address, dn, password string) (*Session, error) {
	return open(address, dn, password, sessionBuffer)
}

func open(address, dn, password string, buffer int) (*Session, error) {
	c, err := connect(address)
	if err != nil {
		return nil, err
	}
	s := &Session{socket: c, in: inbox{buf: make([]byte, buffer)}, last: firstID}
	if dn == "" {
		return s, nil
	}
	r := newRequest(bind(dn, password))
	if _, err := s.must(&r, 0, nil); err != nil {
		s.Close()
		return nil, fmt.Errorf("bind to %s: %w", address, err)
	}
	return s, nil
}

// Close ends the connection.
func (s *Session) Close() { s.socket.close() }

// exchange sends a request and gives its response, which holds until the next
// exchange; entry is called for each SearchResultEntry before it.
func (s *Session) exchange(r *Request, stamp uint32, entry func(op []byte) error) (m message, err error) {
	s.last++
	s.out = r.appendTo(s.out[:0], s.last, stamp)
	if err := s.socket.write(s.out); err != nil {
		return m, err
	}
	for {
		m, ok, err := s.in.next()
		switch {
		case err != nil:
			return m, err
		case !ok:
			if err := s.in.fill(s.socket); err != nil {
				return m, err
			}
			continue
		case m.id != s.last:
			return m, fmt.Errorf("an answer has the messageID %d, not %d", m.id, s.last)
		}
		switch m.op[0] {
		case tagSearchEntry:
			if entry != nil {
				if err := entry(m.op); err != nil {
					return m, err
				}
			}
		case tagSearchRef, tagIntermediate:
		default:
			return m, nil
		}
	}
}

// must is exchange for requests that have to succeed.
func (s *Session) must(r *Request, stamp uint32, entry func(op []byte) error) (message, error) {
	m, err := s.exchange(r, stamp, entry)
	if err != nil {
		return m, err
	}
	code, diagnostic, err := result(m.op)
	if err == nil && code != 0 {
		err = fmt.Errorf("result code %d %q", code, diagnostic)
	}
	return m, err
}

// Holds is what a server has.
type Holds struct {
	Entries int
	Print   dataset.Print // of all values
	Stable  uint64        // of the bytes of all that the benchmark does not write to
}

// count takes up one entry. Prints are made only if they are asked for: they
// cost more than all the rest.
func (h *Holds) count(op []byte, prints bool) error {
	h.Entries++
	dn, err := entryName(op)
	if err != nil {
		return err
	}
	if k, ok := dataset.UserOfDN(dn); !ok || !dataset.Reserved(k) {
		h.Stable += uint64(crc32.ChecksumIEEE(op))
	}
	if prints {
		p, _, err := printEntry(op)
		if err != nil {
			return err
		}
		h.Print += p
	}
	return nil
}

// Scan reads all entries in one search.
func (s *Session) Scan(prints bool) (h Holds, err error) {
	r := newRequest(search(dataset.Suffix, scopeS, present("objectClass")))
	_, err = s.must(&r, 0, func(op []byte) error { return h.count(op, prints) })
	return h, err
}

// Pages reads all entries in pages of size entries (RFC 2696); took is called
// after each page.
func (s *Session) Pages(size int, took func(time.Duration)) (h Holds, err error) {
	var next []byte
	for {
		r := newRequest(search(dataset.Suffix, scopeS, present("objectClass")), paged(size, next))
		begun := time.Now()
		m, err := s.must(&r, 0, func(op []byte) error { return h.count(op, false) })
		if err != nil {
			return h, err
		}
		took(time.Since(begun))
		c, err := cookie(m.controls)
		if err != nil || len(c) == 0 {
			return h, err
		}
		next = append(next[:0], c...)
	}
}

// Volatile reads the attribute that writes of the benchmark replace; an entry
// that is not there has "".
func (s *Session) Volatile(user int) (value string, err error) {
	r := newRequest(search(dataset.UserDN(user), scopeBase, present("objectClass"), dataset.Volatile))
	m, err := s.exchange(&r, 0, func(op []byte) (err error) {
		_, value, err = printEntry(op)
		return err
	})
	if err != nil {
		return "", err
	}
	const noSuchObject = 32
	code, diagnostic, err := result(m.op)
	if err == nil && code != 0 && code != noSuchObject {
		err = fmt.Errorf("result code %d %q", code, diagnostic)
	}
	return value, err
}

// Replace writes the attribute that Volatile reads.
func (s *Session) Replace(user int, value string) error {
	r := newRequest(replace(dataset.UserDN(user), dataset.Volatile, value))
	_, err := s.must(&r, 0, nil)
	return err
}
