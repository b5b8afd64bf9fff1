// adminuser.go: the users who may use the administration GUI, each an entry in
// the container admins.

package admin

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// ErrNoAdminUser is returned for a user who is none.
var ErrNoAdminUser = errors.New("this user is not authorized")

// AdminUser is a user who may administer.
type AdminUser struct {
	Name string `json:"name"` // of the operating system
}

// AdminUserFields is the field of a line that adds one.
const AdminUserFields = "USER"

// ParseAdminUser takes the field USER, a name of the operating system.
func ParseAdminUser(fields []string) (AdminUser, error) {
	if len(fields) != 1 || fields[0] == "" || strings.ContainsAny(fields[0], " \t:/") {
		return AdminUser{}, fmt.Errorf("%q is no name of a user", strings.Join(fields, ","))
	}
	return AdminUser{fields[0]}, nil
}

// AdminUsers gives those that fit, sorted.
func (c *Client) AdminUsers(m Match) ([]AdminUser, error) {
	found, err := c.local.children("admins", m.filter("utAdminUser", ""), "utname", "uid")
	if err != nil {
		return nil, err
	}
	list := make([]AdminUser, len(found))
	for i, e := range found {
		list[i].Name = e.GetAttributeValue("uid")
		if list[i].Name == "" {
			list[i].Name = e.GetAttributeValue("utname")
		}
	}
	slices.SortFunc(list, func(a, b AdminUser) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// AddAdminUser authorizes a user.
func (c *Client) AddAdminUser(u AdminUser) error {
	return c.change("authorize "+u.Name, func(s *session) error {
		err := s.add(addition(s.name(u.Name, "admins"), "utAdminUser", "utname", u.Name, "uid", u.Name))
		if ldap.IsErrorWithCode(err, ldap.LDAPResultEntryAlreadyExists) {
			return errors.New("this user is authorized already")
		}
		return err
	})
}

// DeleteAdminUser takes the authorization away.
func (c *Client) DeleteAdminUser(name string) error {
	return c.change("delete the administrator "+name, func(s *session) error {
		id := ldap.EscapeFilter(name)
		e, err := s.only("admins", "(|(utname="+id+")(uid="+id+"))", fmt.Errorf("%w: %s", ErrNoAdminUser, name), "utname")
		if err != nil {
			return err
		}
		return s.delete(e.DN)
	})
}
