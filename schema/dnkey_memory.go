package schema

import (
	"bytes"
	"unicode/utf8"
)

// NameMemory makes the keys of names with a fraction of the work where names
// share their superior, as those that one client asks for mostly do: it keeps
// the keys of a few superiors. The zero value is ready for use. It is not for
// use by several goroutines at once.
type NameMemory struct {
	known [4]superior
	next  int // the one to forget
}

type superior struct{ text, key []byte }

// maxRemembered bounds the text of a superior that is kept. It has far fewer
// RDNs than a name may have.
const maxRemembered = 512

// AppendDNKey is Schema.AppendDNKey.
func (m *NameMemory) AppendDNKey(s *Schema, dst, dn []byte) ([]byte, error) {
	comma := bytes.IndexByte(dn, ',')
	if comma < 0 || len(dn)-comma > maxRemembered || !plainRDN(dn[:comma]) {
		return s.AppendDNKey(dst, dn)
	}
	text := dn[comma+1:]
	for i := range m.known {
		if k := &m.known[i]; len(k.text) > 0 && bytes.Equal(k.text, text) {
			scan := dnScanner{in: dn[:comma]}
			if a, err := scan.next(); err == nil {
				out := append(append(dst, k.key...), 0)
				if out, err = s.appendAVAKey(out, &a); err == nil {
					return out, nil
				}
			}
			break // what is wrong with the name is told by the long way
		}
	}
	out, err := s.AppendDNKey(dst, dn)
	if err == nil {
		k := &m.known[m.next]
		m.next = (m.next + 1) % len(m.known)
		k.text = append(k.text[:0], text...)
		k.key = append(k.key[:0], KeyParent(out[len(dst):])...)
	}
	return out, err
}

// plainRDN tells whether b, which ends where the first comma of a name is, is one
// RDN with one AVA and nothing in it that makes the comma something else than the
// end of it.
func plainRDN(b []byte) bool {
	for _, c := range b {
		switch c {
		case '\\', '"', '+', ';', '#':
			return false
		}
	}
	return utf8.Valid(b) && len(b) <= maxRemembered
}
