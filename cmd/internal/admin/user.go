// user.go: users and their tokens.
//
// A user is an entry in the container users with name and notes; each token is
// an entry in tokens that names its user (utowner). The tools show one line for
// each token, as the original does.

package admin

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/cmd/internal/lines"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

// What a user that names none is registered with.
const (
	defaultServer = "localhost"
	defaultPort   = 7007
)

// ErrNoUser is returned for a token that nobody has.
var ErrNoUser = errors.New("no user has this token")

// User is one token with the user it belongs to.
type User struct {
	Token    string `json:"token"`
	Server   string `json:"server"`
	Port     int    `json:"port,omitempty"` // 0: none is stored
	Name     string `json:"name"`
	Other    string `json:"other"`
	Disabled bool   `json:"disabled"`
	Created  string `json:"created,omitempty"`  // GeneralizedTime (RFC 4517 3.3.13)
	LastSeen string `json:"lastSeen,omitempty"` // the same
}

// UserFields are the fields of a line that registers a user.
const UserFields = "TOKEN,SERVER,PORT,NAME[,OTHER]"

// ParseUser takes the fields TOKEN, SERVER, PORT, NAME and, optional, OTHER.
func ParseUser(fields []string) (User, error) {
	if len(fields) != 4 && len(fields) != 5 {
		return User{}, fmt.Errorf("%s; want TOKEN,SERVER,PORT,NAME or TOKEN,SERVER,PORT,NAME,OTHER", lines.Count(fields))
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

// Fields is the reverse of ParseUser.
func (u User) Fields() []string {
	fields := []string{u.Token, u.Server, u.PortText(), u.Name, u.Other}
	if u.Other == "" {
		fields = fields[:4]
	}
	return fields
}

// PortText is the port, "" if none is stored.
func (u User) PortText() string {
	if u.Port == 0 {
		return ""
	}
	return strconv.Itoa(u.Port)
}

// UserEdit is what becomes of a token and its user.
type UserEdit struct {
	Token                              string
	Server, Port, Name, Other, Enabled lines.Edit
}

// UserEditFields are the fields of a line that edits a user.
const UserEditFields = "TOKEN[,SERVER[,PORT[,NAME[,OTHER[,ENABLED]]]]]"

// The values of utenabled (RFC 4517 3.3.3).
const (
	enabled  = "TRUE"
	disabled = "FALSE"
)

// ParseUserEdit takes the fields TOKEN, SERVER, PORT, NAME, OTHER and ENABLED (yes
// or no), as package lines reads edits; those at the end may be missing.
func ParseUserEdit(fields []string) (UserEdit, error) {
	if fields[0] == "" {
		return UserEdit{}, errors.New("the token is empty")
	}
	edits, err := lines.Edits(fields[1:], "=server", "port", "=name", "other information", "=enabled")
	if err != nil {
		return UserEdit{}, err
	}
	e := UserEdit{fields[0], edits[0], edits[1], edits[2], edits[3], edits[4]}
	if e.Port.Value != "" {
		if _, err := site.ParsePort(e.Port.Value); err != nil {
			return UserEdit{}, err
		}
	}
	if !e.Enabled.Keep {
		switch strings.ToLower(e.Enabled.Value) {
		case "yes":
			e.Enabled.Value = enabled
		case "no":
			e.Enabled.Value = disabled
		default:
			return UserEdit{}, fmt.Errorf("enabled is %q; want yes or no", e.Enabled.Value)
		}
	}
	return e, nil
}

// What is asked for of the two kinds of entries.
var (
	tokenAttributes = []string{"uttoken", "utname", "utowner", "utserver", "utport", "utotherinfo", "utenabled", "utcreated", "utlastseen"}
	ownerAttributes = []string{"uttoken", "utname", "utusername", "cn", "utserver", "utport", "utotherinfo", "utenabled", "utcreated", "utlastseen"}
)

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
	u := User{Token: get("uttoken", "utname"), Server: get("utserver"), Other: get("utotherinfo"),
		Disabled: strings.EqualFold(get("utenabled"), disabled), Created: get("utcreated"), LastSeen: get("utlastseen")}
	u.Port, _ = strconv.Atoi(get("utport")) // 0: none is stored
	if owner != nil {
		if u.Name = owner.GetAttributeValue("utusername"); u.Name == "" {
			u.Name = owner.GetAttributeValue("cn")
		}
	}
	return u
}
