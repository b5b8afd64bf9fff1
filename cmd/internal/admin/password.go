// password.go: the password of the UT Admin entry.

package admin

import (
	"errors"

	"github.com/go-ldap/ldap/v3"
)

// SetPassword gives the UT Admin entry a value of userPassword, hashed.
func (c *Client) SetPassword(hashed []byte) error {
	return c.change("change the password of "+c.conf.AdminDN, func(s *session) error {
		r := ldap.NewModifyRequest(c.conf.AdminDN, nil)
		r.Replace("userPassword", []string{string(hashed)})
		return s.modify(r)
	})
}

// WrongPassword tells whether a server has refused a password.
func WrongPassword(err error) bool {
	var e *ldap.Error
	return errors.As(err, &e) && e.ResultCode == ldap.LDAPResultInvalidCredentials
}
