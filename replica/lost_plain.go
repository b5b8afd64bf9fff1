package replica

// Changes that somebody may want to make again, by hand: what servers alone
// write becomes comments, since no server would take it from a client.

import (
	"bytes"
	"strings"

	"github.com/sunray-ds/utdsd/schema"
)

// serverWritten are the attributes of a change that its server added (RFC 4512
// 3.4, RFC 4530, and OpenLDAP's entryCSN), in lower case.
func serverWritten(attr []byte) bool {
	switch strings.ToLower(string(attr)) {
	case "structuralobjectclass", "entryuuid", "entrycsn", "creatorsname", "createtimestamp", "modifiersname", "modifytimestamp":
		return true
	}
	return false
}

// plainChange makes comments of the lines of a change that only servers may
// write. none tells that no other line is left.
func plainChange(rec *schema.ChangeRecord) (text []byte, none bool) {
	if rec.Kind != schema.ChangeAdd && rec.Kind != schema.ChangeModify {
		return rec.LDIF, false
	}
	none = true
	comment, begins := false, true
	for line := range bytes.Lines(rec.LDIF) {
		folded := line[0] == ' '
		if !folded && (begins || rec.Kind == schema.ChangeAdd) {
			comment = serverWritten(attributeOf(rec.Kind, line))
		}
		// A modify has parts that end with a line of its own.
		begins = rec.Kind == schema.ChangeModify && string(bytes.TrimSpace(line)) == "-"
		switch {
		case comment && !folded: // a folded line goes on with the comment
			text = append(text, "# "...)
		case !comment:
			none = false
		}
		text = append(text, line...)
	}
	return text, none
}

// attributeOf is the name of the attribute that a line is about: that in front
// of the colon, or, where a part of a modify begins, the one behind it.
func attributeOf(kind schema.ChangeKind, line []byte) []byte {
	name, value, _ := bytes.Cut(line, []byte(":"))
	if kind == schema.ChangeModify {
		name = bytes.TrimSpace(value)
	}
	name, _, _ = bytes.Cut(name, []byte(";"))
	return name
}
