// From a pair of a leaf to an entry: the id is there twice, and both must agree.

package berkeley

import (
	"bytes"
	"encoding/binary"
)

// maxDigits is the length of the largest id in decimal.
const maxDigits = 20

// entry is what became of one pair.
type entry struct {
	id    uint64
	hasID bool
	text  []byte   // without the id line and the NUL
	fault *Problem // what is wrong
	lost  bool     // it cannot be given at all

	differs bool   // key and id line are two ids, settle has to say which counts
	line    uint64 // the id of the id line, if differs
}

// entry makes an entry of a pair. Its text is valid until the next pair.
func (w *walk) entry(key, data item) entry {
	raw, fault := key.bytes, key.fault
	if fault == nil && key.chained && key.size <= 8 { // a longer one is no id
		w.key, fault = w.chain(key, w.key)
		raw = w.key
	}
	e := entry{fault: fault}
	if fault == nil {
		e.id, e.hasID = w.keyID(raw)
	}
	if fault == nil && !e.hasID {
		size := len(raw)
		if key.chained {
			size = int(key.size)
		}
		e.fault = faultf("its key has %d bytes, an entry id has 4 or 8", size)
	}
	text, p := data.bytes, data.fault
	if p == nil && data.chained {
		w.text, p = w.chain(data, w.text)
		text = w.text
	}
	if p != nil {
		e.fault, e.lost = p, true
		return e
	}
	w.agree(&e, raw, text)
	return e
}

// agree compares the key with the id line, and takes line and NUL off the text.
func (w *walk) agree(e *entry, key, text []byte) {
	text, ended := bytes.CutSuffix(text, []byte{0})
	line, rest, found := cutID(text)
	if found {
		text = rest
	}
	e.text = text
	switch {
	case len(text) == 0:
		e.lost = true
		if e.fault == nil {
			e.fault = faultf("it has no text")
		}
	case e.hasID && found && line == e.id:
	case e.hasID && found && line == keyID(w.otherKeys(), key):
		// The file was written in the order of another machine. Once is enough
		// to know it for keys without an id line.
		e.id, w.keys = line, w.otherKeys()
	case e.hasID && found:
		e.line, e.differs = line, true
		return
	case e.hasID:
		e.fault = faultf("its text does not begin with its id")
	case found:
		e.id, e.hasID = line, true
		e.fault.Text += "; its id is that of its text"
	default:
		e.lost = true
	}
	if e.fault != nil {
		return
	}
	if !ended {
		e.fault = faultf("its text does not end in a NUL, its end may be missing")
	} else if i := control(text); i >= 0 {
		e.fault = faultf("its text has a byte %#02x inside, which LDIF does not have", text[i])
	}
}

// control is where text has a control character, or -1. The store wrote such
// values in base64, so that one in the text is a sign of damage.
func control(text []byte) int {
	for i, c := range text {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return i
		}
	}
	return -1
}

// keyID is the number in a key, in the byte order that keys are believed to
// have. It is false for a key that is no id.
func (w *walk) keyID(key []byte) (uint64, bool) {
	if len(key) != 4 && len(key) != 8 {
		return 0, false
	}
	return keyID(w.keys, key), true
}

// keyID is the number in a key of 4 or 8 bytes.
func keyID(order binary.ByteOrder, key []byte) uint64 {
	if len(key) == 4 {
		return uint64(order.Uint32(key))
	}
	return order.Uint64(key)
}

// otherKeys is the byte order that the keys are not believed to have.
func (w *walk) otherKeys() binary.ByteOrder {
	if w.keys == binary.ByteOrder(binary.BigEndian) {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

// cutID takes the first line off the text if it is a number.
func cutID(text []byte) (id uint64, rest []byte, found bool) {
	for i, c := range text {
		switch {
		case c == '\n' && i > 0:
			return id, text[i+1:], true
		case c < '0' || c > '9' || i == maxDigits:
			return 0, text, false
		}
		next := id*10 + uint64(c-'0')
		if id > (1<<64-1)/10 || next < id*10 {
			return 0, text, false
		}
		id = next
	}
	return 0, text, false
}
