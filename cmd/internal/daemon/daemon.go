// Package daemon asks a running utdsd over its local socket: what it is in its
// failover group, and to be something else.
//
// It is for root and the server's own user; everybody else talks LDAP to the
// server's port.
package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/cmd/internal/answer"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/replica"
)

// answerTimeout bounds one question. A change of role looks at other servers.
const answerTimeout = 30 * time.Second

// ErrDown tells that no server answers on the local socket.
var ErrDown = errors.New("utdsd is not running")

// ErrSilent tells that the server is there and does not answer.
var ErrSilent = fmt.Errorf("utdsd runs and does not answer within %s; if that stays so, utrestart starts it anew", answerTimeout)

// ErrEnded tells that the server has ended the connection before it answered, as
// it does with all that are open when its data has been replaced. A question may
// be asked again on a new one.
var ErrEnded = errors.New("utdsd has ended the connection")

// Conn is a connection to the server's local socket.
type Conn struct {
	ldap *ldap.Conn
}

// Dial connects as the administrator. The error wraps ErrDown if no server is
// there.
func Dial(p site.Paths) (*Conn, error) {
	nc, err := site.DialSocket(p.Socket)
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return nil, fmt.Errorf("%w: nothing answers on %s", ErrDown, p.Socket)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("%s may be used by root and the server's own user alone: %w", p.Socket, err)
	case err != nil:
		return nil, fmt.Errorf("reach utdsd: %w", err)
	}
	c := &Conn{ldap: ldap.NewConn(nc, false)}
	c.ldap.Start()
	c.ldap.SetTimeout(answerTimeout)
	if err := c.ldap.ExternalBind(); err != nil {
		c.Close()
		return nil, fmt.Errorf("log in to utdsd on %s: %w", p.Socket, unanswered(err))
	}
	return c, nil
}

// Close ends the connection; every question has been answered by then.
func (c *Conn) Close() { _ = c.ldap.Close() }

// Status asks what the server is and how it is doing.
func (c *Conn) Status() (replica.Status, error) {
	var s replica.Status
	return s, c.ask(replica.OIDStatus, nil, &s)
}

// GroupStatus asks for the status of every member of the group that the server
// knows of; the server itself is the first. It takes some seconds if members do
// not answer.
func (c *Conn) GroupStatus() ([]replica.MemberStatus, error) {
	var all []replica.MemberStatus
	return all, c.ask(replica.OIDSurvey, nil, &all)
}

// SetRole asks the server to be something else from now on. The error is a
// sentence of the server, for people.
func (c *Conn) SetRole(r replica.Role) error { return c.ask(replica.OIDSetRole, r, nil) }

// ask runs an extended operation whose value and answer are JSON.
func (c *Conn) ask(oid string, question, reply any) error {
	r := ldap.NewExtendedRequest(oid, nil)
	if question != nil {
		text, err := json.Marshal(question)
		if err != nil {
			return err
		}
		r.Value = ber.NewString(ber.ClassContext, ber.TypePrimitive, 1, string(text), "requestValue")
	}
	res, err := c.ldap.Extended(r)
	var refused *ldap.Error
	switch {
	case errors.As(err, &refused) && answer.Refused(err) && refused.Err != nil && refused.Err.Error() != "":
		return errors.New(refused.Err.Error())
	case err != nil:
		return fmt.Errorf("ask utdsd: %w", unanswered(err))
	case reply == nil:
		return nil
	case res.Value == nil:
		return errors.New("ask utdsd: the answer is empty")
	}
	if err := json.Unmarshal(res.Value.Data.Bytes(), reply); err != nil {
		return fmt.Errorf("ask utdsd: the answer is not understood: %w", err)
	}
	return nil
}

// unanswered tells of an error that is no answer of the server why there was none.
func unanswered(err error) error {
	switch {
	case answer.Refused(err):
		return answer.Text(err)
	case answer.TimedOut(err):
		return ErrSilent
	}
	return fmt.Errorf("%w: %w", ErrEnded, answer.Text(err))
}
