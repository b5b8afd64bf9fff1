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

// superior is what is known of one, and of the RDN of the name below it that was
// asked for last.
type superior struct {
	text, key []byte
	rdn       []byte // up to its value: "type="; empty: nothing is known
}

// maxRemembered bounds the text of a superior that is kept. It has far fewer
// RDNs than a name may have.
const maxRemembered = 512

// AppendDNKey is Schema.AppendDNKey.
func (m *NameMemory) AppendDNKey(s *Schema, dst, dn []byte) ([]byte, error) {
	comma := bytes.IndexByte(dn, ',')
	if comma < 0 || len(dn)-comma > maxRemembered || !plainRDN(dn[:comma]) {
		return s.AppendDNKey(dst, dn)
	}
	rdn, text := dn[:comma], dn[comma+1:]
	for i := range m.known {
		k := &m.known[i]
		if len(k.text) == 0 || !bytes.Equal(k.text, text) {
			continue
		}
		if out, err := k.below(s, dst, rdn); err == nil {
			return out, nil
		}
		break // what is wrong with the name is told by the long way
	}
	out, err := s.AppendDNKey(dst, dn)
	if err == nil {
		k := &m.known[m.next]
		m.next = (m.next + 1) % len(m.known)
		k.text = append(k.text[:0], text...)
		k.key = append(k.key[:0], KeyParent(out[len(dst):])...)
		k.rdn = k.rdn[:0]
	}
	return out, err
}

// below appends the key of the name that has the given plain RDN below k.
func (k *superior) below(s *Schema, dst, rdn []byte) ([]byte, error) {
	var a avaText
	if n := len(k.rdn); n > 0 && bytes.HasPrefix(rdn, k.rdn) {
		a = avaText{typ: k.rdn[:n-1], value: bytes.Trim(rdn[n:], " ")}
	} else {
		scan := dnScanner{in: rdn}
		var err error
		if a, err = scan.next(); err != nil {
			return dst, err
		}
		if n := len(a.typ); bytes.HasPrefix(rdn, a.typ) && rdn[n] == '=' {
			k.rdn = append(k.rdn[:0], rdn[:n+1]...)
		}
	}
	return s.appendAVAKey(append(append(dst, k.key...), 0), &a)
}

// plainRDN tells whether b, which ends where the first comma of a name is, is one
// RDN with one AVA and nothing in it that makes the comma something else than the
// end of it, nor anything that a value cannot have.
func plainRDN(b []byte) bool {
	ascii := true
	for _, c := range b {
		if special[c] {
			return false
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	return len(b) <= maxRemembered && (ascii || utf8.Valid(b))
}

// special are the bytes that a plain RDN does not have.
var special = [256]bool{'\\': true, '"': true, '+': true, ';': true, '#': true, '<': true, '>': true, 0: true}
