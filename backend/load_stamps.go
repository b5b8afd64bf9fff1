package backend

// The attributes that each entry has: taken from the input, or completed.

import (
	"encoding/hex"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

// stamp is one of the attributes that each entry has.
type stamp uint8

const (
	noStamp stamp = iota
	stampUUID
	stampCreated
	stampCreator
	stampCSN
	stampModified
	stampModifier
	stamps
)

// stampNames in the order in which an add writes them.
var stampNames = [stamps]string{stampUUID: "entryUUID", stampCreated: "createTimestamp", stampCreator: "creatorsName",
	stampCSN: "entryCSN", stampModified: "modifyTimestamp", stampModifier: "modifiersName"}

// uuid takes the entryUUID of the input; nil if it is none.
func (m *entryMaker) uuid(rec *ldif.Record, values [][]byte, e *loadedEntry) [][]byte {
	u, ok := parseUUID(values[0])
	if len(values) > 1 || !ok {
		m.problem(rec, "its entryUUID is not one UUID; it gets a new one")
		return nil
	}
	e.uuid, e.brought = u, true
	return [][]byte{uuidText(u)}
}

// parseUUID reads the text form of RFC 9562.
func parseUUID(text []byte) (u schema.UUID, ok bool) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return u, false
	}
	var digits [32]byte
	n := 0
	for _, part := range [...][]byte{text[:8], text[9:13], text[14:18], text[19:23], text[24:]} {
		n += copy(digits[n:], part)
	}
	_, err := hex.Decode(u[:], digits[:])
	return u, err == nil
}

// note keeps the largest CSN of the input: those of later changes are beyond.
func (m *entryMaker) note(values [][]byte) {
	for _, v := range values {
		if c, ok := parseCSN(v); ok && m.out.csn.before(c) {
			m.out.csn = c
		}
	}
}

// complete adds the stamps that the input has not: like an add at the time of
// the load, or like what is there of them.
func (m *entryMaker) complete(e *loadedEntry, have *[stamps][]byte) {
	if have[stampUUID] == nil {
		e.uuid = newUUID(m.began)
	}
	for i := stampUUID; i < stamps; i++ {
		if have[i] != nil {
			continue
		}
		var v []byte
		switch i {
		case stampUUID:
			v = uuidText(e.uuid)
		case stampCSN:
			v = []byte(csn{m.began.UnixMicro() + int64(m.out.text.number), uint32(len(m.out.entries)) & maxCount}.String())
			m.note([][]byte{v})
		case stampCreated:
			v = m.now
		case stampCreator:
			v = []byte(m.opts.Actor)
		case stampModified:
			v = have[stampCreated]
		case stampModifier:
			v = have[stampCreator]
		}
		have[i] = v
		m.values(m.stamps[i], [][]byte{v}, e.line)
	}
}

// before tells whether d is the later one.
func (c csn) before(d csn) bool {
	return c.micros < d.micros || c.micros == d.micros && c.count < d.count
}

// latestYear: a CSN beyond it would leave no room for later ones.
const latestYear = 9000

// parseCSN reads the form of OpenLDAP; the server id in it is passed over.
func parseCSN(text []byte) (c csn, ok bool) {
	if len(text) < len("20060102150405.000000Z#000000") || text[21] != 'Z' || text[22] != '#' {
		return c, false
	}
	t, err := time.Parse("20060102150405.000000", string(text[:21]))
	if err != nil || t.Year() > latestYear {
		return c, false
	}
	var count [3]byte
	if _, err := hex.Decode(count[:], text[23:29]); err != nil {
		return c, false
	}
	return csn{t.UnixMicro(), uint32(count[0])<<16 | uint32(count[1])<<8 | uint32(count[2])}, true
}
