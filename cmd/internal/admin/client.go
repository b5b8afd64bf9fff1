// Package admin is what the administration tools share: the connection to the
// data store as the UT Admin entry, the way of a change to the server that takes
// it, and the objects that the tools show and change, each a few entries of the
// tree.
//
// It is not for the server, opens no store file and prints nothing. How the
// original laid out its tree is unknown; the layout below is our own.
package admin

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/cmd/internal/answer"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const (
	dialTimeout    = 5 * time.Second // until a server is reached, and for each step of logging in
	requestTimeout = time.Minute
)

// Client is a connection to the data store of this server. It may be used by
// several goroutines.
type Client struct {
	conf     site.Admin
	file     string // of the password, for messages
	password []byte // nil: not known
	local    *session

	mu      sync.Mutex
	several bool     // connections for many changes at once
	changes *session // where changes go; nil is local
	passed  []string // servers that have refused a change and named another
	opened  []*ldap.Conn
}

// changing is how many connections of a session are for changes alone when there
// are many at once: a server answers a search only after the changes that came
// before it on its connection.
const changing = 2

// Use does some work with a Client of the installation below root (see
// site.NewPaths).
func Use(root string, work func(*Client) error) error {
	paths, err := site.NewPaths(root)
	if err != nil {
		return err
	}
	c, err := Connect(paths)
	if err != nil {
		return err
	}
	defer c.Close()
	return work(c)
}

// Connect reaches the data store of the installation and binds as the UT Admin
// entry. Without the right to read its password the connection is anonymous:
// reading works then within the server's limits, changing does not.
func Connect(p site.Paths) (*Client, error) {
	password, err := p.ReadPassword()
	if err != nil && !errors.Is(err, os.ErrPermission) {
		if _, fault := p.ReadAdmin(); fault != nil {
			return nil, fault // nothing is set up here
		}
		if errors.Is(err, os.ErrNotExist) {
			err = fmt.Errorf("%s is not there", p.Password)
		}
		return nil, fmt.Errorf("%w: run utpw with the administration password of the group, which writes it", err)
	}
	return ConnectWith(p, password)
}

// ConnectWith is Connect with this password, nil for none.
func ConnectWith(p site.Paths, password []byte) (*Client, error) {
	conf, err := p.ReadAdmin()
	if err != nil {
		return nil, err
	}
	c := &Client{conf: conf, file: p.Password, password: password}
	address := net.JoinHostPort(conf.Server, strconv.Itoa(conf.Port))
	c.passed = []string{address}
	c.local = &session{base: conf.Subtree, url: "ldap://" + address, dial: func() (*ldap.Conn, error) { return dial("ldap://" + address) }}
	if err := c.connect(c.local); err != nil {
		c.Close()
		switch {
		case errors.Is(err, syscall.ECONNREFUSED):
			return nil, fmt.Errorf("the data store at %s is not running; start it with utstart on that server", c.local.url)
		case answer.TimedOut(err):
			return nil, fmt.Errorf("the data store at %s does not answer within %s; %s", c.local.url, dialTimeout, restart)
		case WrongPassword(err):
			return nil, fmt.Errorf("log in as %s: the password in %s is not the one of the data store; "+
				"if it was changed on another server of the group, run utpw with the new one here: %w", conf.AdminDN, p.Password, answer.Text(err))
		case answer.Refused(err):
			return nil, explain(answer.Text(err), "log in as "+conf.AdminDN+" with the password in "+p.Password)
		}
		return nil, fmt.Errorf("the data store at %s cannot be reached; see server and port in %s: %w", c.local.url, p.Admin, answer.Text(err))
	}
	return c, nil
}

// Several prepares for many changes at once.
func (c *Client) Several() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.password == nil {
		return nil // the first change will say so
	}
	c.several = true
	return c.connect(c.local)
}

// connect opens the connections of a session that it does not have yet.
func (c *Client) connect(s *session) error {
	want := 1
	if c.several {
		want += changing
	}
	for len(s.conns) < want {
		conn, err := s.dial()
		if err != nil {
			return err
		}
		c.opened = append(c.opened, conn)
		if s == c.local && len(s.conns) == 0 {
			c.findGroup(conn)
		}
		if c.password != nil {
			if err := conn.Bind(c.conf.AdminDN, string(c.password)); err != nil {
				return err
			}
		}
		conn.SetTimeout(requestTimeout)
		s.conns = append(s.conns, conn)
	}
	return nil
}

// findGroup looks whether the group of utadmin.conf is in the data store. A server
// that was set up under a name of its own and then became a secondary has the data
// of its primary, with that one's group: if there is exactly one, it is meant.
func (c *Client) findGroup(conn *ldap.Conn) {
	search := func(base string, scope int, filter string) ([]*ldap.Entry, error) {
		r, err := conn.Search(ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, 0, 0, false, filter, []string{"1.1"}, nil))
		if err != nil {
			return nil, err
		}
		return r.Entries, nil
	}
	if _, err := search(c.conf.Subtree, ldap.ScopeBaseObject, "(objectClass=*)"); !ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject) {
		return // it is there, or nothing can be said
	}
	_, above, ok := strings.Cut(c.conf.Subtree, ",") // a group's name has no comma
	if !ok {
		return
	}
	groups, err := search(above, ldap.ScopeSingleLevel, "(objectClass=utContainer)")
	if err != nil || len(groups) != 1 {
		return
	}
	c.conf.Subtree, c.conf.AdminDN = groups[0].DN, "cn=utadmin,"+groups[0].DN
	c.local.base = c.conf.Subtree
}

func dial(url string) (*ldap.Conn, error) {
	conn, err := ldap.DialURL(url, ldap.DialWithDialer(&net.Dialer{Timeout: dialTimeout}))
	if err != nil {
		return nil, err
	}
	conn.SetTimeout(dialTimeout)
	return conn, nil
}

// Close ends the connections. Everything that was asked for has been answered
// by then, so an error would tell nothing.
func (c *Client) Close() {
	for _, conn := range c.opened {
		conn.Close()
	}
}

// Subtree is the DN of the failover group.
func (c *Client) Subtree() string { return c.conf.Subtree }

// AdminDN is the DN of the UT Admin entry.
func (c *Client) AdminDN() string { return c.conf.AdminDN }

// Add adds one entry.
func (c *Client) Add(r *ldap.AddRequest) error {
	return c.change("add "+r.DN, func(s *session) error { return s.add(r) })
}

// explain makes a sentence of what the server answered.
func explain(err error, doing string) error {
	switch {
	case err == nil:
		return nil
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded):
		return fmt.Errorf("%s: more entries than this user may read; run as root: %w", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
