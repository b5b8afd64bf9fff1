// user_change.go: registering, editing and deleting users.
//
// Each takes effect as a whole or not at all, as long as the server answers. One
// that is cut off in the middle may be repeated.

package admin

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// generalizedTime is the form of RFC 4517 3.3.13.
const generalizedTime = "20060102150405Z"

// AddUser registers a user with a token.
func (c *Client) AddUser(u User) error {
	return c.change("add the user of the token "+u.Token, func(s *session) error {
		token, user := s.additions(u)
		err := s.add(token)
		if ldap.IsErrorWithCode(err, ldap.LDAPResultEntryAlreadyExists) {
			// One whose user is missing was cut off here.
			if err := s.unfinished(token, user, u.Token); err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
		err = s.add(user)
		if ldap.IsErrorWithCode(err, ldap.LDAPResultEntryAlreadyExists) {
			err = s.takeOver(user, token.DN)
		}
		if err != nil {
			return errors.Join(err, s.away(token.DN))
		}
		return nil
	})
}

// additions are the entries of a new user.
func (s *session) additions(u User) (token, user *ldap.AddRequest) {
	now := time.Now().UTC().Format(generalizedTime)
	owner := s.name(u.Token, "users")
	rest := []string{"utname", u.Token, "uttoken", u.Token, "utserver", u.Server, "utport", strconv.Itoa(u.Port),
		"utotherinfo", u.Other, "utenabled", enabled, "utcreated", now}
	token = addition(s.name(u.Token, "tokens"), "utToken", append([]string{"utowner", owner}, rest...)...)
	user = addition(owner, "utUser", append([]string{"utusername", u.Name, "cn", u.Name}, rest...)...)
	return token, user
}

// unfinished is nil if a token that is there waits for the very user that is to
// be added.
func (s *session) unfinished(token, user *ldap.AddRequest, id string) error {
	now, err := s.entry(token.DN, tokenAttributes...)
	if err != nil {
		return err
	}
	taken := fmt.Errorf("the token %s is registered already; utuser -p %s shows for whom", id, id)
	if now == nil || fold(now.GetAttributeValue("utowner")) != fold(user.DN) {
		return taken
	}
	owner, err := s.entry(user.DN, "utname")
	if err == nil && owner != nil {
		return taken
	}
	return err
}

// takeOver makes a user out of an entry that is there and has no token, as
// something that was cut off leaves it.
func (s *session) takeOver(user *ldap.AddRequest, token string) error {
	others, err := s.having("tokens", "utowner", []string{user.DN}, "utname")
	if err != nil {
		return err
	}
	for _, o := range others {
		if fold(o.DN) != fold(token) {
			return fmt.Errorf("%s is there already and has the token %s", user.DN, o.GetAttributeValue("utname"))
		}
	}
	r := ldap.NewModifyRequest(user.DN, nil)
	for _, a := range user.Attributes {
		if a.Type != "objectClass" && a.Type != "utname" {
			r.Replace(a.Type, a.Vals)
		}
	}
	return s.modify(r)
}

// EditUser changes a token and its user.
func (c *Client) EditUser(e UserEdit) error {
	return c.change("edit the user of the token "+e.Token, func(s *session) error {
		token, owner, err := s.user(e.Token, false)
		if err != nil {
			return err
		}
		edited := []*replacement{newReplacement(token)}
		place := []attributeEdit{{"utserver", e.Server}, {"utport", e.Port}, {"utotherinfo", e.Other}, {"utenabled", e.Enabled}}
		edited[0].edit(place...)
		switch {
		case owner != nil:
			of := newReplacement(owner)
			of.edit(attributeEdit{"utusername", e.Name}, attributeEdit{"cn", e.Name})
			// What the user of several tokens says of server and notes may be of
			// another token.
			if owner.GetAttributeValue("uttoken") == token.GetAttributeValue("uttoken") {
				of.edit(place...)
			}
			edited = append(edited, of)
		case !e.Name.Keep:
			return errors.New("the token belongs to nobody, so there is no name to change; delete it and add it again")
		}
		return applyAll(s, edited)
	})
}

// applyAll changes entries, all of them or none.
func applyAll(s *session, edited []*replacement) error {
	for i, r := range edited {
		if err := r.apply(s); err != nil {
			for _, before := range edited[:i] {
				err = errors.Join(err, before.revert(s))
			}
			return err
		}
	}
	return nil
}

// DeleteUser deletes a token, and its user with the last token.
func (c *Client) DeleteUser(id string) error {
	return c.change("delete the user of the token "+id, func(s *session) error {
		token, owner, err := s.user(id, true)
		if err != nil {
			return err
		}
		if owner != nil {
			tokens, err := s.having("tokens", "utowner", []string{owner.DN}, "utname")
			if err != nil {
				return err
			}
			if len(tokens) > 1 {
				owner = nil
			}
		}
		// The user goes first: a token without one can be seen and deleted.
		if owner != nil {
			if err := s.away(owner.DN); err != nil {
				return err
			}
		}
		if err := s.away(token.DN); err != nil {
			if owner != nil {
				err = errors.Join(err, s.add(again(owner)))
			}
			return err
		}
		return nil
	})
}
