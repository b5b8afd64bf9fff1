// directory_test.go: a small server in the test's process, which can be made to
// answer wrongly.

package load

import (
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/bench/dataset"
)

// directory holds entries of the data and answers as the benchmark expects.
type directory struct {
	t       *testing.T
	address string
	mu      sync.Mutex
	entries map[string]dataset.Entry // by name
	order   []string
	// spoil may change the messages that answer a request; nil leaves them.
	spoil func(request byte, answer [][]byte) [][]byte
	asked map[byte]int // requests by tag
	chop  bool         // answers come in pieces
}

func newDirectory(t *testing.T, n int) *directory {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &directory{t: t, address: l.Addr().String(), entries: map[string]dataset.Entry{}, asked: map[byte]int{}}
	dataset.Each(n, d.put)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { d.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return d
}

func (d *directory) put(e dataset.Entry) {
	if _, ok := d.entries[e.DN]; !ok {
		d.order = append(d.order, e.DN)
	}
	d.entries[e.DN] = e
}

// look runs do while nobody is answered.
func (d *directory) look(do func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	do()
}

// spoils is what becomes of further answers.
func (d *directory) spoils(how func(request byte, answer [][]byte) [][]byte) {
	d.look(func() { d.spoil = how })
}

// holds is how many entries there are.
func (d *directory) holds() (n int) {
	d.look(func() { n = len(d.entries) })
	return n
}

// set changes the first value of an attribute of a user.
func (d *directory) set(user, attribute int, value string) {
	d.look(func() { d.entries[dataset.UserDN(user)].Attributes[attribute].Values[0] = value })
}

// cell is work for the directory.
func (d *directory) cell(connections, outstanding int, w Work) Cell {
	return Cell{Address: d.address, Process: os.Getpid(), DN: "cn=admin,o=utdata", Password: "x", Connections: connections, Outstanding: outstanding, Work: w}
}

func (d *directory) serve(c net.Conn) {
	defer c.Close()
	var buf []byte
	chunk := make([]byte, 4096)
	for {
		n, err := c.Read(chunk)
		if err != nil {
			return
		}
		for buf = append(buf, chunk[:n]...); ; {
			begin, length, ok, err := header(buf)
			if err != nil || !ok || begin+length > len(buf) {
				break
			}
			m, err := parse(buf[begin : begin+length])
			if err != nil {
				d.t.Errorf("a request cannot be read: % x", buf[:begin+length])
				return
			}
			answer := d.answer(m)
			buf = buf[begin+length:]
			for _, a := range answer {
				if !d.send(c, a) {
					return
				}
			}
		}
	}
}

func (d *directory) send(c net.Conn, b []byte) bool {
	step := len(b)
	d.look(func() {
		if d.chop {
			step = 7
		}
	})
	for ; len(b) > 0; b = b[min(step, len(b)):] {
		if _, err := c.Write(b[:min(step, len(b))]); err != nil {
			return false
		}
	}
	return true
}

// envelope is an LDAPMessage with the messageID of a request.
func envelope(id uint32, op []byte, controls ...[]byte) []byte {
	parts := [][]byte{{0x02, 4, byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}, op}
	if controls != nil {
		parts = append(parts, tlv(tagControls, controls...))
	}
	return tlv(tagSequence, parts...)
}

func response(tag, code byte) []byte {
	return tlv(tag, enumerated(code), octets(""), octets("said so"))
}

func (d *directory) answer(m message) [][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, body, _, _ := element(m.op)
	tag := m.op[0]
	d.asked[tag]++
	var list [][]byte
	var code byte
	var controls [][]byte
	switch tag {
	case tagSearchRequest:
		for _, e := range d.found(body) {
			var attributes [][]byte
			for _, a := range e.Attributes {
				attributes = append(attributes, attribute(a.Name, a.Values...))
			}
			list = append(list, envelope(m.id, tlv(tagSearchEntry, octets(e.DN), tlv(tagSequence, attributes...))))
		}
		if m.controls != nil {
			list, controls = d.page(m, list)
		}
	case tagModifyRequest:
		_, dn, rest, _ := element(body)
		e := d.entries[string(dn)]
		value := rest[strings.LastIndex(string(rest), "Changed"):]
		for i, a := range e.Attributes {
			if a.Name == dataset.Volatile {
				e.Attributes[i].Values = []string{string(value)}
			}
		}
	case tagAddRequest:
		_, dn, _, _ := element(body)
		if _, there := d.entries[string(dn)]; there {
			code = 68
		} else {
			d.put(dataset.Entry{DN: string(dn)})
		}
	case tagDelRequest:
		if _, there := d.entries[string(body)]; !there {
			code = 32
		}
		delete(d.entries, string(body))
	}
	done := map[byte]byte{tagSearchRequest: tagSearchDone, tagBindRequest: 0x61, tagModifyRequest: 0x67, tagAddRequest: 0x69, tagDelRequest: 0x6b}[tag]
	list = append(list, envelope(m.id, response(done, code), controls...))
	if d.spoil != nil {
		list = d.spoil(tag, list)
	}
	return list
}

// found evaluates the searches that the benchmark has.
func (d *directory) found(body []byte) (list []dataset.Entry) {
	_, base, rest, _ := element(body)
	_, scope, rest, _ := element(rest)
	for range 4 {
		_, _, rest, _ = element(rest)
	}
	tag, filter, _, _ := element(rest)
	if scope[0] == scopeBase {
		if e, ok := d.entries[string(base)]; ok {
			list = append(list, e)
		}
		return list
	}
	for _, dn := range d.order {
		e, ok := d.entries[dn]
		if !ok {
			continue
		}
		match := tag == 0x87
		_, name, value, _ := element(filter)
		for _, a := range e.Attributes {
			if tag == 0x87 || a.Name != string(name) {
				continue
			}
			_, v, _, _ := element(value)
			if tag == 0xa3 {
				match = a.Values[0] == string(v)
			} else {
				_, v, _, _ = element(v)
				match = strings.Contains(a.Values[0], string(v))
			}
		}
		if match {
			list = append(list, e)
		}
	}
	return list
}

// page cuts a page out of entries; the cookie is where the next one begins.
func (d *directory) page(m message, list [][]byte) ([][]byte, [][]byte) {
	_, control, _, _ := element(m.controls)
	_, _, control, _ = element(control)
	_, _, control, _ = element(control)
	_, value, _, _ := element(control)
	_, body, _, _ := element(value)
	_, size, body, _ := element(body)
	_, c, _, _ := element(body)
	n, from := 0, 0
	for _, b := range size {
		n = n<<8 | int(b)
	}
	for _, b := range c {
		from = from<<8 | int(b)
	}
	to := min(from+n, len(list))
	var next []byte
	if to < len(list) {
		next = []byte{byte(to >> 8), byte(to)}
	}
	return list[from:to], [][]byte{tlv(tagSequence, octets(pagedResults), tlv(tagOctetString, tlv(tagSequence, integer(0), tlv(tagOctetString, next))))}
}
