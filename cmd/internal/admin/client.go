// Package admin is what the administration tools share: the connection to the
// data store as the UT Admin entry, and the objects that the tools show and
// change, each a few entries of the tree.
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
	"syscall"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const (
	dialTimeout    = 5 * time.Second
	requestTimeout = time.Minute
	pageSize       = 500 // entries of one page of a search
)

// Client is a connection to the data store.
type Client struct {
	conn  *ldap.Conn
	conf  site.Admin
	bound bool
}

// Connect reaches the data store of the installation and binds as the UT Admin
// entry. Without the right to read its password the connection is anonymous:
// reading works then within the server's limits, changing does not.
func Connect(p site.Paths) (*Client, error) {
	conf, err := p.ReadAdmin()
	if err != nil {
		return nil, err
	}
	url := "ldap://" + net.JoinHostPort(conf.Server, strconv.Itoa(conf.Port))
	conn, err := ldap.DialURL(url, ldap.DialWithDialer(&net.Dialer{Timeout: dialTimeout}))
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("the data store at %s is not running; start it with utdsd on that server", url)
	case err != nil:
		return nil, fmt.Errorf("the data store at %s cannot be reached; see server and port in %s: %w", url, p.Admin, err)
	}
	conn.SetTimeout(requestTimeout)
	c := &Client{conn: conn, conf: conf}
	password, err := site.ReadPasswordFile(p.Password)
	switch {
	case errors.Is(err, os.ErrPermission):
		return c, nil
	case err != nil:
		conn.Close()
		return nil, err
	}
	if err := conn.Bind(conf.AdminDN, string(password)); err != nil {
		conn.Close()
		return nil, explain(err, "log in as "+conf.AdminDN+" with the password in "+p.Password)
	}
	c.bound = true
	return c, nil
}

// Close ends the connection. Everything that was asked for has been answered
// by then, so an error would tell nothing.
func (c *Client) Close() { c.conn.Close() }

// Subtree is the DN of the failover group.
func (c *Client) Subtree() string { return c.conf.Subtree }

// Add adds one entry.
func (c *Client) Add(r *ldap.AddRequest) error {
	if !c.bound {
		return errors.New("changing needs the administration password, which only root may read")
	}
	return c.conn.Add(r)
}

// Delete deletes one entry.
func (c *Client) Delete(dn string) error { return c.conn.Del(ldap.NewDelRequest(dn, nil)) }

// children gives the attributes of all entries right below a container.
func (c *Client) children(container, filter string, attrs ...string) ([]*ldap.Entry, error) {
	base := "utname=" + container + "," + c.conf.Subtree
	request := ldap.NewSearchRequest(base, ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false, filter, attrs, nil)
	result, err := c.conn.SearchWithPaging(request, pageSize)
	if err != nil {
		return nil, explain(err, "read "+base)
	}
	return result.Entries, nil
}

// entry gives one entry; nil if it is not there or dn is empty.
func (c *Client) entry(dn string, attrs ...string) (*ldap.Entry, error) {
	if dn == "" {
		return nil, nil
	}
	request := ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", attrs, nil)
	result, err := c.conn.Search(request)
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject):
		return nil, nil
	case err != nil:
		return nil, explain(err, "read "+dn)
	case len(result.Entries) == 0:
		return nil, nil
	}
	return result.Entries[0], nil
}

// explain makes a sentence of what the server answered.
func explain(err error, doing string) error {
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded):
		return fmt.Errorf("%s: more entries than this user may read; run as root: %w", doing, err)
	case ldap.IsErrorWithCode(err, ldap.ErrorNetwork):
		return fmt.Errorf("%s: the connection to the data store is lost; is utdsd running? %w", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
