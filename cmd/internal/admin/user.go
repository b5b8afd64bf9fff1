// user.go: users and their tokens.
//
// A user is an entry in the container users with name and notes; each token is
// an entry in tokens that names its user (utowner). The tools show one line for
// each token, as the original does.

package admin

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

// What a user that names none is registered with.
const (
	defaultServer = "localhost"
	defaultPort   = 7007
)

// generalizedTime is the form of RFC 4517 3.3.13.
const generalizedTime = "20060102150405Z"

// ErrNoUser is returned for a token that nobody has.
var ErrNoUser = errors.New("no user has this token")

// User is one token with the user it belongs to.
type User struct {
	Token  string
	Server string
	Port   int
	Name   string
	Other  string
}

// ParseUser takes the fields TOKEN, SERVER, PORT, NAME and, optional, OTHER.
func ParseUser(fields []string) (User, error) {
	if len(fields) != 4 && len(fields) != 5 {
		return User{}, fmt.Errorf("%d fields; want TOKEN,SERVER,PORT,NAME or TOKEN,SERVER,PORT,NAME,OTHER", len(fields))
	}
	fields = slices.Clone(fields)
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	u := User{Token: fields[0], Server: fields[1], Port: defaultPort, Name: fields[3]}
	if len(fields) == 5 {
		u.Other = fields[4]
	}
	if u.Server == "" {
		u.Server = defaultServer
	}
	if fields[2] != "" {
		var err error
		if u.Port, err = site.ParsePort(fields[2]); err != nil {
			return User{}, err
		}
	}
	switch {
	case u.Token == "":
		return User{}, errors.New("the token is empty")
	case u.Name == "":
		return User{}, errors.New("the name is empty")
	}
	return u, nil
}

// Fields is the reverse of ParseUser, always five.
func (u User) Fields() []string {
	return []string{u.Token, u.Server, u.PortText(), u.Name, u.Other}
}

// PortText is the port, "" if none is stored.
func (u User) PortText() string {
	if u.Port == 0 {
		return ""
	}
	return strconv.Itoa(u.Port)
}

// What is asked for of the two kinds of entries.
var (
	tokenAttributes = []string{"uttoken", "utname", "utowner", "utserver", "utport", "utotherinfo"}
	ownerAttributes = []string{"utusername", "cn", "utserver", "utport", "utotherinfo"}
)

// Users gives every token, sorted by its id.
func (c *Client) Users() ([]User, error) {
	tokens, err := c.children("tokens", "(objectClass=utToken)", tokenAttributes...)
	if err != nil {
		return nil, err
	}
	list, err := c.children("users", "(objectClass=utUser)", ownerAttributes...)
	if err != nil {
		return nil, err
	}
	owners := make(map[string]*ldap.Entry, len(list))
	for _, e := range list {
		owners[fold(e.DN)] = e
	}
	users := make([]User, 0, len(tokens))
	for _, t := range tokens {
		users = append(users, join(t, owners[fold(t.GetAttributeValue("utowner"))]))
	}
	slices.SortFunc(users, func(a, b User) int { return strings.Compare(a.Token, b.Token) })
	return users, nil
}

// User gives the user of one token; ErrNoUser if there is none.
func (c *Client) User(token string) (User, error) {
	found, err := c.children("tokens", "(uttoken="+ldap.EscapeFilter(token)+")", tokenAttributes...)
	if err != nil {
		return User{}, err
	}
	if len(found) == 0 {
		return User{}, fmt.Errorf("%w: %s", ErrNoUser, token)
	}
	owner, err := c.entry(found[0].GetAttributeValue("utowner"), ownerAttributes...)
	if err != nil {
		return User{}, err
	}
	return join(found[0], owner), nil
}

// join puts a token and its owner together; what the token itself says comes
// first, and a token may be nobody's.
func join(token, owner *ldap.Entry) User {
	get := func(names ...string) string {
		for _, e := range []*ldap.Entry{token, owner} {
			for _, name := range names {
				if e == nil {
					continue
				}
				if v := e.GetAttributeValue(name); v != "" {
					return v
				}
			}
		}
		return ""
	}
	u := User{Token: get("uttoken", "utname"), Server: get("utserver"), Other: get("utotherinfo")}
	u.Port, _ = strconv.Atoi(get("utport")) // 0: none is stored
	if owner != nil {
		if u.Name = owner.GetAttributeValue("utusername"); u.Name == "" {
			u.Name = owner.GetAttributeValue("cn")
		}
	}
	return u
}

// fold makes DNs as this server writes them comparable.
func fold(dn string) string {
	parsed, err := ldap.ParseDN(dn)
	if err != nil {
		return strings.ToLower(dn)
	}
	return strings.ToLower(parsed.String())
}

// AddUser registers a user with a token. Both entries are there afterwards or
// neither.
func (c *Client) AddUser(u User) error {
	rdn := "utname=" + ldap.EscapeDN(u.Token)
	owner := rdn + ",utname=users," + c.conf.Subtree
	user := ldap.NewAddRequest(owner, nil)
	token := ldap.NewAddRequest(rdn+",utname=tokens,"+c.conf.Subtree, nil)
	user.Attribute("objectClass", []string{"top", "utUser"})
	user.Attribute("utusername", []string{u.Name})
	user.Attribute("cn", []string{u.Name})
	token.Attribute("objectClass", []string{"top", "utToken"})
	token.Attribute("utowner", []string{owner})
	for _, r := range []*ldap.AddRequest{user, token} {
		r.Attribute("utname", []string{u.Token})
		r.Attribute("uttoken", []string{u.Token})
		r.Attribute("utserver", []string{u.Server})
		r.Attribute("utport", []string{strconv.Itoa(u.Port)})
		r.Attribute("utenabled", []string{"TRUE"})
		r.Attribute("utcreated", []string{time.Now().UTC().Format(generalizedTime)})
		if u.Other != "" {
			r.Attribute("utotherinfo", []string{u.Other})
		}
	}
	if err := c.Add(user); err != nil {
		return refusedUser(err, u)
	}
	if err := c.Add(token); err != nil {
		return errors.Join(refusedUser(err, u), c.Delete(owner))
	}
	return nil
}

func refusedUser(err error, u User) error {
	if ldap.IsErrorWithCode(err, ldap.LDAPResultEntryAlreadyExists) {
		return fmt.Errorf("the token %s is registered already; utuser -p %s shows for whom", u.Token, u.Token)
	}
	return explain(err, "add the user of the token "+u.Token)
}
