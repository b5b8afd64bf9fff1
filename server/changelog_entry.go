package server

import (
	"fmt"
	"strconv"

	"github.com/sunray-ds/utdsd/schema"
)

// logEntry is memory for one entry of cn=changelog.
type logEntry struct {
	view   schema.View
	number []byte
	below  int // children
}

// changeTypes are the values of changeType (RFC 2849), by kind.
var changeTypes = [...]string{
	schema.ChangeAdd: "add", schema.ChangeDelete: "delete", schema.ChangeModify: "modify", schema.ChangeModifyDN: "modrdn",
}

// base makes cn=changelog itself, with n records below it.
func (e *logEntry) base(s *Server, n int) *schema.View {
	v := e.begin(s.logKey)
	v.DN = append(v.DN, changeLogDN...)
	e.below = n
	v.User = schema.AppendAttribute(v.User, "objectClass", []byte("top"), []byte("container"))
	v.User = schema.AppendAttribute(v.User, "cn", []byte("changelog"))
	v.Operational = schema.AppendAttribute(v.Operational, "structuralObjectClass", []byte("container"))
	return v
}

// record makes the entry of a record, good until the next one.
func (e *logEntry) record(s *Server, rec *schema.ChangeRecord) *schema.View {
	v := e.begin(s.logKey)
	e.number = strconv.AppendUint(e.number[:0], rec.Seq, 10)
	v.DN = append(append(append(v.DN, "changeNumber="...), e.number...), ","+changeLogDN...)
	add := func(name, value string) { v.User = schema.AppendAttribute(v.User, name, []byte(value)) }
	v.User = schema.AppendAttribute(v.User, "objectClass", []byte("top"), []byte("changeLogEntry"))
	v.User = schema.AppendAttribute(v.User, "changeNumber", e.number)
	add("targetDN", rec.DN)
	if int(rec.Kind) < len(changeTypes) {
		add("changeType", changeTypes[rec.Kind])
	}
	add("changeTime", rec.Time.UTC().Format(generalizedTime))
	switch rec.Kind {
	case schema.ChangeAdd, schema.ChangeModify:
		v.User = schema.AppendAttribute(v.User, "changes", rec.LDIF)
	case schema.ChangeModifyDN:
		add("newRDN", rec.NewRDN)
		add("deleteOldRDN", truth(rec.DeleteOldRDN))
		if rec.HasNewSuperior {
			add("newSuperior", rec.NewSuperior)
		}
	}
	id := &rec.UUID
	v.Operational = schema.AppendAttribute(v.Operational, "structuralObjectClass", []byte("changeLogEntry"))
	v.Operational = schema.AppendAttribute(v.Operational, "targetEntryUUID", fmt.Appendf(nil, "%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:]))
	v.Operational = schema.AppendAttribute(v.Operational, "entryCSN", []byte(rec.CSN))
	return v
}

// generalizedTime is RFC 4517 3.3.13 to the second, for package time.
const generalizedTime = "20060102150405Z"

func (e *logEntry) begin(key []byte) *schema.View {
	v := &e.view
	*v = schema.View{Key: key, DN: v.DN[:0], User: v.User[:0], Operational: v.Operational[:0], Live: e}
	e.below = 0
	return v
}

// NumSubordinates implements schema.Live.
func (e *logEntry) NumSubordinates(_ []byte, limit int) int {
	if limit > 0 {
		return min(e.below, limit)
	}
	return e.below
}

// ContextCSN implements schema.Live: it is an attribute of the store's root.
func (e *logEntry) ContextCSN(dst []byte) []byte { return dst }

func truth(v bool) string {
	if v {
		return "TRUE"
	}
	return "FALSE"
}
