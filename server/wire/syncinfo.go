// syncinfo.go: the Sync Info message (RFC 4533 2.5).

package wire

import (
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
)

// SyncInfoChoice tells which Sync Info it is; the values are the context tags.
type SyncInfoChoice byte

// The choices of syncInfoValue.
const (
	SyncInfoNewCookie      SyncInfoChoice = 0x80
	SyncInfoRefreshDelete  SyncInfoChoice = 0xa1
	SyncInfoRefreshPresent SyncInfoChoice = 0xa2
	SyncInfoIDSet          SyncInfoChoice = 0xa3
)

// SyncInfoValue is the value of an IntermediateResponse named OIDSyncInfo.
type SyncInfoValue struct {
	Choice SyncInfoChoice
	Cookie string
	// RefreshDone, of refreshDelete and refreshPresent: the refresh stage is
	// over.
	RefreshDone bool
	// RefreshDeletes, of syncIdSet: the UUIDs are those of deleted entries,
	// not of entries that are as they were.
	RefreshDeletes bool
	UUIDs          []schema.UUID // of syncIdSet; Decode reuses the memory
}

// Decode reads the value. It takes memory for UUIDs in proportion to it.
func (v *SyncInfoValue) Decode(value []byte) error {
	*v = SyncInfoValue{UUIDs: v.UUIDs[:0]}
	outer := reader{rest: value}
	if !outer.more() {
		outer.fail(errMissing)
		return outer.err
	}
	out := SyncInfoValue{Choice: SyncInfoChoice(value[0]), UUIDs: v.UUIDs}
	r := outer.within(value[0])
	switch out.Choice {
	case SyncInfoNewCookie:
		out.Cookie, r.rest = string(r.rest), nil
	case SyncInfoRefreshDelete, SyncInfoRefreshPresent:
		out.Cookie = r.cookie()
		out.RefreshDone = r.flag(true)
	case SyncInfoIDSet:
		out.Cookie = r.cookie()
		out.RefreshDeletes = r.flag(false)
		set := r.within(ber.TagSet)
		for set.more() {
			if id := set.uuid(); set.err == nil {
				out.UUIDs = append(out.UUIDs, id)
			}
		}
		if set.err != nil {
			r.fail(set.err)
		}
	default:
		r.fail(wrongTag(value[0]))
	}
	if err := outer.ends(&r); err != nil {
		return err
	}
	*v = out
	return nil
}

// Append appends the value.
func (v *SyncInfoValue) Append(dst []byte) []byte {
	if v.Choice == SyncInfoNewCookie {
		return ber.AppendString(dst, byte(v.Choice), v.Cookie)
	}
	dst, m := ber.Begin(dst, byte(v.Choice))
	dst = appendCookie(dst, v.Cookie)
	if v.Choice != SyncInfoIDSet {
		return ber.End(appendFlag(dst, v.RefreshDone, true), m)
	}
	dst = appendFlag(dst, v.RefreshDeletes, false)
	dst, set := ber.Begin(dst, ber.TagSet)
	for i := range v.UUIDs {
		dst = ber.AppendBytes(dst, ber.TagOctetString, v.UUIDs[i][:])
	}
	return ber.End(ber.End(dst, set), m)
}
