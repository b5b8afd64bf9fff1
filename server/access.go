package server

import (
	"bytes"

	"github.com/sunray-ds/utdsd/schema"
)

// Access is fixed, as in the original: everyone may read, only the two
// administrators may write. Passwords are for administrators' eyes only.

// mayWrite tells whether the session may change the tree; the refusals are
// those of OpenLDAP for the same rules.
func (c *conn) mayWrite() error {
	switch {
	case c.session.writer:
		return nil
	case !c.session.bound():
		return schema.Refuse(schema.StrongerAuthRequired, "modifications require authentication")
	}
	return schema.Refuse(schema.InsufficientAccessRights, "only the administrators may write")
}

// isWriter tells whether the entry or root DN with this key may write.
func (s *Server) isWriter(key []byte) bool {
	for _, k := range s.admins {
		if bytes.Equal(k, key) {
			return true
		}
	}
	return false
}

// referral is the URL of the server that takes writes, "" if this one does.
func (s *Server) referral() string {
	if s.Referral == nil {
		return ""
	}
	return s.Referral()
}

// referTo makes the referral for an operation on dn (RFC 4511 4.1.10): the URL
// of the same entry on the server that takes writes.
func (s *Server) referTo(url, dn string) *schema.Result {
	if dn != "" {
		url += "/" + schema.EscapeURL(dn)
	}
	return &schema.Result{Code: schema.ReferralResult, Referrals: []string{url}}
}
