// Change records: controls, changetype and what belongs to each.

package ldif

import (
	"bytes"

	"github.com/sunray-ds/utdsd/schema"
)

const (
	leftOut     = " (record left out)"
	changeArena = 256 // bytes to begin with for the values of a change
)

// changeRecord reads the rest of a change record; the current line is its
// first control or changetype line.
func (r *Reader) changeRecord() (*Record, error) {
	// Mods and controls keep their values: they get memory of their own.
	r.parsed.arena = make([]byte, 0, changeArena)
	c := &schema.Change{DN: r.rec.DN}
	se := r.change(c)
	r.parsed.arena = nil
	if se != nil {
		se.Msg += leftOut
		if se.Kind == SecondDN {
			r.lines.push()
		} else {
			r.drain()
		}
		return nil, r.report(se)
	}
	if c.Kind == schema.ChangeAdd {
		if _, err := r.attributes(false); err != nil {
			return nil, err
		}
		c.Attributes = r.parsed.owned()
	}
	rec := r.rec
	rec.Change = c
	return &rec, nil
}

func (r *Reader) change(c *schema.Change) *SyntaxError {
	if se := r.changeLine(); se != nil { // once more: into the memory of the change
		return se
	}
	for foldEqual(r.name, "control") {
		if se := r.control(); se != nil {
			return se
		}
		if !r.more() {
			return r.fault(BadChange, "controls without a changetype")
		}
		if se := r.changeLine(); se != nil {
			return se
		}
	}
	if !foldEqual(r.name, "changetype") {
		return r.fault(BadChange, "changetype expected after the controls")
	}
	switch kind := r.value; {
	case foldEqual(kind, "add"):
		c.Kind = schema.ChangeAdd
		return nil // its lines are those of an entry
	case foldEqual(kind, "delete"):
		c.Kind = schema.ChangeDelete
	case foldEqual(kind, "modify"):
		c.Kind = schema.ChangeModify
		if se := r.modify(c); se != nil {
			return se
		}
	case foldEqual(kind, "modrdn"), foldEqual(kind, "moddn"):
		c.Kind = schema.ChangeModifyDN
		if se := r.modifyDN(c); se != nil {
			return se
		}
	default:
		return r.fault(BadChange, "changetype is not add, delete, modify, modrdn or moddn")
	}
	if r.more() {
		if se := r.changeLine(); se != nil {
			return se
		}
		return r.fault(BadChange, "line after the end of the change")
	}
	return nil
}

// changeLine splits a line of a change; a dn line there begins the next record.
func (r *Reader) changeLine() *SyntaxError {
	se := r.split()
	if isDN(r.name) {
		return r.fault(SecondDN, "")
	}
	return se
}

// control reads "control: OID [true|false][value-spec]" (RFC 2849).
func (r *Reader) control() *SyntaxError {
	text := r.value
	n := 0
	for n < len(text) && (text[n] == '.' || '0' <= text[n] && text[n] <= '9') {
		n++
	}
	ctl := Control{OID: string(text[:n])}
	if n == 0 {
		return r.fault(BadControl, "no OID")
	}
	rest := text[n:]
	if word := bytes.TrimLeft(rest, " "); len(word) > 0 && len(word) < len(rest) {
		end := bytes.IndexByte(word, ':')
		if end < 0 {
			end = len(word)
		}
		switch flag := trimRight(word[:end]); {
		case foldEqual(flag, "true"):
			ctl.Critical = true
		case !foldEqual(flag, "false"):
			return r.fault(BadControl, "criticality is not true or false")
		}
		rest = word[end:]
	}
	switch {
	case len(trimRight(rest)) == 0:
	case rest[0] != ':':
		return r.fault(BadControl, "OID expected")
	default:
		value, se := r.decode(rest[1:])
		if se != nil {
			return se
		}
		ctl.Value = value
	}
	r.rec.Controls = append(r.rec.Controls, ctl)
	return nil
}

// modify reads mod-specs. The "-" after the last one may be missing, as in the
// scripts that ldapmodify takes.
func (r *Reader) modify(c *schema.Change) *SyntaxError {
	for r.more() {
		if se := r.changeLine(); se != nil {
			return se
		}
		var m schema.Modification
		switch {
		case foldEqual(r.name, "add"):
			m.Op = schema.ModAdd
		case foldEqual(r.name, "delete"):
			m.Op = schema.ModDelete
		case foldEqual(r.name, "replace"):
			m.Op = schema.ModReplace
		case foldEqual(r.name, "increment"):
			m.Op = schema.ModIncrement
		default:
			return r.fault(BadChange, "add, delete, replace or increment expected")
		}
		attr := trimRight(r.value)
		if len(attr) == 0 || nameEnd(attr) != len(attr) || isDN(attr) {
			return r.fault(BadName, "name of the attribute to modify")
		}
		m.Attr = r.parsed.intern(attr)
		for r.more() && string(trimRight(r.lines.cur)) != "-" {
			if se := r.changeLine(); se != nil {
				return se
			}
			if !sameName(m.Attr, r.name) {
				return r.fault(BadChange, "value of another attribute than the one to modify")
			}
			m.Values = append(m.Values, r.value)
		}
		c.Mods = append(c.Mods, m)
	}
	return nil
}

// modifyDN reads newrdn, deleteoldrdn and, if there is one, newsuperior.
func (r *Reader) modifyDN(c *schema.Change) *SyntaxError {
	if se := r.expect("newrdn"); se != nil {
		return se
	}
	c.NewRDN = string(r.value)
	if se := r.expect("deleteoldrdn"); se != nil {
		return se
	}
	switch string(trimRight(r.value)) {
	case "0":
	case "1":
		c.DeleteOldRDN = true
	default:
		return r.fault(BadChange, "deleteoldrdn is not 0 or 1")
	}
	if !r.more() {
		return nil
	}
	r.lines.push()
	if se := r.expect("newsuperior"); se != nil {
		return se
	}
	c.HasNewSuperior, c.NewSuperior = true, string(r.value)
	return nil
}

// expect moves to the next line, which must have this name.
func (r *Reader) expect(name string) *SyntaxError {
	if r.more() {
		se := r.changeLine()
		if se != nil || foldEqual(r.name, name) {
			return se
		}
	}
	return r.fault(BadChange, name+" expected")
}
