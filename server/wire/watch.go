// watch.go: the values of the persistent search (draft-ietf-ldapext-psearch-03).

package wire

import (
	"math"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
)

// Names of the controls of a persistent search.
const (
	OIDPersistentSearch = "2.16.840.1.113730.3.4.3"
	OIDEntryChange      = "2.16.840.1.113730.3.4.7"
)

// allKinds has the bits of the four kinds of change.
const allKinds = 15

// DecodeWatch reads the value of a Persistent Search control. Kinds of change
// that do not exist are an error, and so is none at all.
func DecodeWatch(value []byte) (schema.Watch, error) {
	outer := reader{rest: value}
	r := outer.within(ber.TagSequence)
	kinds := r.integer(1, allKinds)
	w := schema.Watch{Kinds: uint8(kinds), ChangesOnly: r.boolean(ber.TagBoolean), ReturnECs: r.boolean(ber.TagBoolean)}
	if err := outer.ends(&r); err != nil {
		return schema.Watch{}, err
	}
	return w, nil
}

// AppendWatch appends the value of a Persistent Search control.
func AppendWatch(dst []byte, w schema.Watch) []byte {
	dst, m := ber.Begin(dst, ber.TagSequence)
	dst = ber.AppendInt(dst, ber.TagInteger, int64(w.Kinds))
	dst = ber.AppendBool(dst, ber.TagBoolean, w.ChangesOnly)
	return ber.End(ber.AppendBool(dst, ber.TagBoolean, w.ReturnECs), m)
}

// EntryChange is the value of an Entry Change Notification control.
type EntryChange struct {
	Kind         schema.ChangeKind
	PreviousDN   []byte // of a modify DN alone, else empty; points into the decoded value
	ChangeNumber uint64 // 0: none
}

// Decode reads the control's value.
func (e *EntryChange) Decode(value []byte) error {
	*e = EntryChange{}
	outer := reader{rest: value}
	r := outer.within(ber.TagSequence)
	kind := changeOf(r.enumerated(allKinds))
	if r.err == nil && kind == 0 {
		r.fail(errEnumerated)
	}
	var dn []byte
	if r.at(ber.TagOctetString) {
		dn = r.octets()
	}
	var number int64
	if r.at(ber.TagInteger) {
		number = r.integer(0, math.MaxInt64)
	}
	if err := outer.ends(&r); err != nil {
		return err
	}
	*e = EntryChange{Kind: kind, PreviousDN: dn, ChangeNumber: uint64(number)}
	return nil
}

// Append appends the control's value.
func (e *EntryChange) Append(dst []byte) []byte {
	dst, m := ber.Begin(dst, ber.TagSequence)
	dst = ber.AppendInt(dst, ber.TagEnumerated, int64(schema.WatchBit(e.Kind)))
	if len(e.PreviousDN) > 0 {
		dst = appendText(dst, e.PreviousDN, '\\')
	}
	if e.ChangeNumber > 0 {
		dst = ber.AppendInt(dst, ber.TagInteger, int64(e.ChangeNumber))
	}
	return ber.End(dst, m)
}

// changeOf is the kind of change with this changeType; 0 if there is none.
func changeOf(changeType int64) schema.ChangeKind {
	for k := schema.ChangeAdd; k <= schema.ChangeModifyDN; k++ {
		if int64(schema.WatchBit(k)) == changeType {
			return k
		}
	}
	return 0
}
