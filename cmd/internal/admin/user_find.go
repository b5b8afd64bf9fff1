// user_find.go: looking for tokens and the users they belong to.

package admin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// Match chooses objects: by a part of their key, by a part of their name. Empty
// parts fit everything.
type Match struct{ Key, Name string }

// filter finds the entries of a class that fit; name is the attribute of their
// name, "" for none.
func (m Match) filter(class, name string) string {
	f := "(objectClass=" + class + ")"
	if m.Key != "" {
		f += "(utname=*" + ldap.EscapeFilter(m.Key) + "*)"
	}
	if m.Name != "" && name != "" {
		f += "(" + name + "=*" + ldap.EscapeFilter(m.Name) + "*)"
	}
	return "(&" + f + ")"
}

// Users gives the tokens that fit, sorted by their id.
func (c *Client) Users(m Match) ([]User, error) {
	tokens, owners, err := c.local.tokens(m)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]*ldap.Entry, len(owners))
	for _, e := range owners {
		byName[fold(e.DN)] = e
	}
	users := make([]User, 0, len(tokens))
	for _, t := range tokens {
		users = append(users, join(t, byName[fold(t.GetAttributeValue("utowner"))]))
	}
	slices.SortFunc(users, func(a, b User) int { return strings.Compare(a.Token, b.Token) })
	return users, nil
}

// tokens gives the entries of tokens that fit, and those of users for all of them.
func (s *session) tokens(m Match) (tokens, owners []*ldap.Entry, err error) {
	if m.Name == "" {
		if tokens, err = s.children("tokens", m.filter("utToken", ""), tokenAttributes...); err != nil {
			return nil, nil, err
		}
		owners, err = s.owners(tokens)
		return tokens, owners, err
	}
	part := ldap.EscapeFilter(m.Name)
	byName := "(&(objectClass=utUser)(|(utusername=*" + part + "*)(&(!(utusername=*))(cn=*" + part + "*))))"
	if owners, err = s.children("users", byName, ownerAttributes...); err != nil {
		return nil, nil, err
	}
	names := make([]string, len(owners))
	wanted := make(map[string]bool, len(owners))
	for i, o := range owners {
		names[i] = o.DN
		wanted[fold(o.DN)] = true
	}
	found, err := s.having("tokens", "utowner", names, tokenAttributes...)
	for _, t := range found {
		if wanted[fold(t.GetAttributeValue("utowner"))] && containsFold(t.GetAttributeValue("utname"), m.Key) {
			tokens = append(tokens, t)
		}
	}
	return tokens, owners, err
}

func containsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// owners gives the users of tokens.
func (s *session) owners(tokens []*ldap.Entry) (owners []*ldap.Entry, err error) {
	names := map[string]string{}
	for _, t := range tokens {
		if dn := t.GetAttributeValue("utowner"); dn != "" {
			names[fold(dn)] = dn
		}
	}
	if len(names) > namesAtOnce {
		return s.children("users", "(objectClass=utUser)", ownerAttributes...)
	}
	for _, dn := range names {
		owner, err := s.entry(dn, ownerAttributes...)
		if err != nil {
			return nil, err
		}
		if owner != nil {
			owners = append(owners, owner)
		}
	}
	return owners, nil
}

// User gives the user of one token; ErrNoUser if there is none.
func (c *Client) User(token string) (User, error) {
	t, owner, err := c.local.user(token, false)
	if err != nil {
		return User{}, err
	}
	return join(t, owner), nil
}

// user gives the entry of a token and that of its user, nil for a token of
// nobody. all asks for every attribute.
func (s *session) user(token string, all bool) (t, owner *ldap.Entry, err error) {
	ofToken, ofOwner := tokenAttributes, ownerAttributes
	if all {
		ofToken, ofOwner = []string{"*"}, []string{"*"}
	}
	id := ldap.EscapeFilter(token)
	t, err = s.only("tokens", "(|(uttoken="+id+")(utname="+id+"))", fmt.Errorf("%w: %s", ErrNoUser, token), ofToken...)
	if err != nil {
		return nil, nil, err
	}
	owner, err = s.entry(t.GetAttributeValue("utowner"), ofOwner...)
	return t, owner, err
}
