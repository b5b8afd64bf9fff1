// change.go: the way of a change to the server that takes it.
//
// Everything is read on this server. A secondary answers a change with a referral
// to the primary (RFC 4511 4.1.10), which is followed with the same credentials.

package admin

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/cmd/internal/answer"
)

// maxHops bounds how many servers may send a change on.
const maxHops = 5

// ErrUnreachable is in the error of a change that could not get to the server
// that would take it.
var ErrUnreachable = errors.New("the primary is unreachable and nothing was changed")

// ErrLost is in the error of a change whose connection broke: whether it took
// effect is not known.
var ErrLost = errors.New("whether this was changed is not known")

// change runs work on the server that takes changes: on this one, and anew on the
// one that it refers to. A server that refers does so at the first request that
// would change something, so nothing is done twice.
func (c *Client) change(doing string, work func(*session) error) error {
	if c.password == nil {
		return errors.New("changing needs the administration password, which only root may read")
	}
	s := c.target()
	for {
		err := work(s)
		to := referral(err)
		if to == "" {
			if errors.Is(err, errGone) || errors.Is(err, errSilent) {
				return fmt.Errorf("%s on %s: %w: %w", doing, s.url, ErrLost, err)
			}
			return explain(err, doing)
		}
		if s, err = c.follow(s, to); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
	}
}

// target is the session for changes.
func (c *Client) target() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != nil {
		return c.changes
	}
	return c.local
}

// follow gives a session with the server that from refers to.
func (c *Client) follow(from *session, to string) (*session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != nil && c.changes != from {
		return c.changes, nil // another goroutine was here
	}
	target, err := url.Parse(to)
	if err != nil || target.Host == "" || target.Scheme != "ldap" && target.Scheme != "ldaps" {
		return nil, fmt.Errorf("nothing was changed: this server takes no changes and refers to %q, which is no server", to)
	}
	server := target.Scheme + "://" + target.Host
	switch {
	case slices.Contains(c.passed, target.Host):
		return nil, fmt.Errorf("nothing was changed: the servers refer to each other in a circle: %s, %s; see utreplica -l on each",
			strings.Join(c.passed, ", "), target.Host)
	case len(c.passed) > maxHops:
		return nil, fmt.Errorf("nothing was changed: %d servers have sent the change on, the last to %s; see utreplica -l on each", maxHops, server)
	}
	s := &session{base: c.conf.Subtree, url: server, dial: func() (*ldap.Conn, error) { return dialSecure(target.Scheme, target.Host) }}
	err = c.connect(s)
	switch {
	case answer.Refused(err):
		return nil, fmt.Errorf("nothing was changed: the primary %s does not take the password in %s, which utpw sets: %w", server, c.file, answer.Text(err))
	case answer.TimedOut(err):
		return nil, fmt.Errorf("%w: %s does not answer within %s; %s", ErrUnreachable, server, dialTimeout, restart)
	case err != nil:
		return nil, fmt.Errorf("%w: %s: %w; utgstatus shows the group", ErrUnreachable, server, answer.Text(err))
	}
	c.changes, c.passed = s, append(c.passed, target.Host)
	return s, nil
}

// dialSecure connects with TLS where the server has it. The certificates of a
// group are not signed by anybody, so this keeps the password from who listens on
// the network, not from who stands in the way.
func dialSecure(scheme, host string) (*ldap.Conn, error) {
	if _, _, err := net.SplitHostPort(host); err != nil {
		return nil, fmt.Errorf("%q names no port", host)
	}
	conn, err := dial(scheme + "://" + host)
	if err != nil || scheme == "ldaps" {
		return conn, err
	}
	err = conn.StartTLS(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
	if err == nil {
		return conn, nil
	}
	conn.Close()
	if !answer.Refused(err) {
		return nil, err
	}
	return dial(scheme + "://" + host)
}

// referral is the URL that a server has answered with, "" for any other answer.
func referral(err error) string {
	var e *ldap.Error
	if !errors.As(err, &e) || e.ResultCode != ldap.LDAPResultReferral || e.Packet == nil || len(e.Packet.Children) < 2 {
		return ""
	}
	const context, field = 0x80, 3 // referral [3] of LDAPResult (RFC 4511 4.1.9)
	for _, part := range e.Packet.Children[1].Children {
		if part.ClassType == context && part.Tag == field && len(part.Children) > 0 && part.Children[0].Data != nil {
			return part.Children[0].Data.String()
		}
	}
	return "nowhere" // a referral without a URL
}
