// sync.go: the values of content synchronization (RFC 4533 2), in both
// directions, and of the control by which members of a failover group know
// each other.

package wire

import (
	"math"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
)

// Names of the controls of RFC 4533, and of its intermediate response.
const (
	OIDSyncRequest = "1.3.6.1.4.1.4203.1.9.1.1"
	OIDSyncState   = "1.3.6.1.4.1.4203.1.9.1.2"
	OIDSyncDone    = "1.3.6.1.4.1.4203.1.9.1.3"
	OIDSyncInfo    = "1.3.6.1.4.1.4203.1.9.1.4"
)

// OIDMember names a control of our own. In a search with a Sync Request it has
// what a member of the failover group tells about itself; on an entry of the
// answer its value is that of AppendUserLength.
const OIDMember = "2.25.262046548186107960548391494886628366679.3.2"

// SyncRequestValue is the value of a Sync Request control (RFC 4533 2.2). No
// cookie and an empty one mean the same, here and below: nothing is known yet.
type SyncRequestValue struct {
	Mode       schema.SyncMode
	Cookie     string
	ReloadHint bool
}

// Decode reads the control's value.
func (v *SyncRequestValue) Decode(value []byte) error {
	*v = SyncRequestValue{}
	outer := reader{rest: value}
	r := outer.within(ber.TagSequence)
	mode := schema.SyncMode(r.enumerated(int64(schema.SyncRefreshAndPersist)))
	if r.err == nil && mode != schema.SyncRefreshOnly && mode != schema.SyncRefreshAndPersist {
		r.fail(errEnumerated)
	}
	cookie := r.cookie()
	hint := r.flag(false)
	if err := outer.ends(&r); err != nil {
		return err
	}
	*v = SyncRequestValue{Mode: mode, Cookie: cookie, ReloadHint: hint}
	return nil
}

// Append appends the control's value.
func (v *SyncRequestValue) Append(dst []byte) []byte {
	dst, m := ber.Begin(dst, ber.TagSequence)
	dst = ber.AppendInt(dst, ber.TagEnumerated, int64(v.Mode))
	dst = appendCookie(dst, v.Cookie)
	return ber.End(appendFlag(dst, v.ReloadHint, false), m)
}

// SyncStateValue is the value of a Sync State control (RFC 4533 2.3).
type SyncStateValue struct {
	State  schema.SyncState
	UUID   schema.UUID
	Cookie string
}

// Decode reads the control's value.
func (v *SyncStateValue) Decode(value []byte) error {
	*v = SyncStateValue{}
	outer := reader{rest: value}
	r := outer.within(ber.TagSequence)
	state := schema.SyncState(r.enumerated(int64(schema.SyncDelete)))
	id := r.uuid()
	cookie := r.cookie()
	if err := outer.ends(&r); err != nil {
		return err
	}
	*v = SyncStateValue{State: state, UUID: id, Cookie: cookie}
	return nil
}

// Append appends the control's value.
func (v *SyncStateValue) Append(dst []byte) []byte {
	dst, m := ber.Begin(dst, ber.TagSequence)
	dst = ber.AppendInt(dst, ber.TagEnumerated, int64(v.State))
	dst = ber.AppendBytes(dst, ber.TagOctetString, v.UUID[:])
	return ber.End(appendCookie(dst, v.Cookie), m)
}

// SyncDoneValue is the value of a Sync Done control (RFC 4533 2.4).
type SyncDoneValue struct {
	Cookie         string
	RefreshDeletes bool
}

// Decode reads the control's value.
func (v *SyncDoneValue) Decode(value []byte) error {
	*v = SyncDoneValue{}
	outer := reader{rest: value}
	r := outer.within(ber.TagSequence)
	cookie := r.cookie()
	deletes := r.flag(false)
	if err := outer.ends(&r); err != nil {
		return err
	}
	*v = SyncDoneValue{Cookie: cookie, RefreshDeletes: deletes}
	return nil
}

// Append appends the control's value.
func (v *SyncDoneValue) Append(dst []byte) []byte {
	dst, m := ber.Begin(dst, ber.TagSequence)
	return ber.End(appendFlag(appendCookie(dst, v.Cookie), v.RefreshDeletes, false), m)
}

// AppendUserLength appends the value of an entry's member control: how many
// bytes of its attributes are user attributes, as the provider stores them. The
// operational ones follow.
func AppendUserLength(dst []byte, n int) []byte {
	return ber.AppendInt(dst, ber.TagInteger, int64(n))
}

// DecodeUserLength reads what AppendUserLength wrote; it is 0 or more.
func DecodeUserLength(value []byte) (int, error) {
	r := reader{rest: value}
	n := r.integer(0, math.MaxInt32)
	return int(n), inValue(r.last())
}

// cookie takes a cookie that may be absent.
func (r *reader) cookie() string {
	if !r.at(ber.TagOctetString) {
		return ""
	}
	return string(r.octets())
}

// flag takes a BOOLEAN that has a default.
func (r *reader) flag(absent bool) bool {
	if !r.at(ber.TagBoolean) {
		return absent
	}
	return r.boolean(ber.TagBoolean)
}

// uuid takes a syncUUID.
func (r *reader) uuid() (id schema.UUID) {
	content := r.octets()
	if r.err == nil && len(content) != len(id) {
		r.fail(errUUID)
	}
	copy(id[:], content)
	return id
}

func appendCookie(dst []byte, cookie string) []byte {
	if cookie == "" {
		return dst
	}
	return ber.AppendString(dst, ber.TagOctetString, cookie)
}

func appendFlag(dst []byte, v, absent bool) []byte {
	if v == absent {
		return dst
	}
	return ber.AppendBool(dst, ber.TagBoolean, v)
}
