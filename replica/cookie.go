package replica

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sunray-ds/utdsd/schema"
)

// Cookie is the state that a consumer has, in the form that travels in sync
// cookies (RFC 4533 2.1.2). The fields rid and csn are OpenLDAP's, so that its
// slapd can keep and send our cookies; pos is ours.
type Cookie struct {
	RID      int             // replica id of the consumer, 0 to 999; -1 if not stated
	CSN      string          // newest change that the consumer has; "" if not stated
	Position schema.Position // zero if not stated: a consumer that is not ours
}

// ErrCookie is returned for a cookie that cannot be understood: the consumer
// must be refreshed (e-syncRefreshRequired).
var ErrCookie = errors.New("not a sync cookie of ours or of OpenLDAP")

// maxCookie bounds the text that ParseCookie looks at.
const maxCookie = 1024

// String is the text form. Fields that are not stated are left out.
func (c Cookie) String() string {
	var part []string
	if c.RID >= 0 {
		part = append(part, fmt.Sprintf("rid=%03d", c.RID))
	}
	if c.CSN != "" {
		part = append(part, "csn="+c.CSN)
	}
	if c.Position.Epoch != "" {
		part = append(part, "pos="+c.Position.String())
	}
	return strings.Join(part, ",")
}

// ParseCookie reads what String or an OpenLDAP consumer wrote. Fields that it
// does not know are passed over, as OpenLDAP does; of several CSNs (one for
// each server ID, separated by ';') the newest counts, since we write with one.
func ParseCookie(text string) (Cookie, error) {
	c := Cookie{RID: -1}
	if len(text) > maxCookie {
		return c, ErrCookie
	}
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return Cookie{RID: -1}, ErrCookie
		}
		var err error
		switch name {
		case "rid":
			c.RID, err = strconv.Atoi(value)
			if c.RID < 0 || c.RID > 999 {
				err = ErrCookie
			}
		case "csn":
			for csn := range strings.SplitSeq(value, ";") {
				if !schema.ValidCSN(csn) {
					err = ErrCookie
				}
				c.CSN = max(c.CSN, csn)
			}
		case "pos":
			c.Position, err = schema.ParsePosition(value)
		}
		if err != nil {
			return Cookie{RID: -1}, ErrCookie
		}
	}
	return c, nil
}
