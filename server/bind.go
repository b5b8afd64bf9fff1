package server

import (
	"bytes"
	"errors"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/password"
	"github.com/sunray-ds/utdsd/server/wire"
)

// beginBind makes the session anonymous from the moment that a bind request
// arrives, however malformed, until one succeeds (RFC 4511 4.2.1). What was
// begun under the old identity is answered first, and what would go on for ever
// ends.
func (c *conn) beginBind() {
	c.quitEndless(errRebound)
	c.waitAll()
	c.exchange = c.session.scram
	c.session.anonymous(c.srv.nobody)
	c.dropPages()
}

// errRebound ends what was begun under an identity that the session has no more.
var errRebound = errors.New("the search has ended with the session that it belonged to")

// handleBind is RFC 4511 4.2.
func (c *conn) handleBind() error {
	var q wire.BindRequest
	if err := q.Decode(c.msg.Body); err != nil {
		return err
	}
	if _, err := c.readControls(inBind); err != nil {
		return err
	}
	if q.Version != 2 && q.Version != 3 {
		return schema.Refuse(schema.ProtocolError, "only LDAP versions 2 and 3 are served")
	}
	c.session.version = q.Version
	var err error
	switch q.AuthTag {
	case wire.AuthSimple:
		err = c.simpleBind(&q)
	case wire.AuthSASL:
		if string(q.Mechanism) == scramMechanism && q.Version >= 3 && c.srv.signature() != "" {
			return c.scramBind(&q)
		}
		err = c.externalBind(&q)
	default:
		err = schema.Refuse(schema.AuthMethodNotSupported, "only simple and SASL authentication are served")
	}
	if err != nil {
		return err
	}
	c.answer(wire.TagBindResponse, &schema.Result{}, nil)
	return nil
}

// invalidCredentials is the one answer to every wrong name or password, so that
// nobody learns which names exist.
func invalidCredentials() *schema.Result { return schema.Refuse(schema.InvalidCredentials, "") }

// keySpare is by how much the key of a name is longer than its text, mostly, while
// it is made.
const keySpare = 32

func (c *conn) simpleBind(q *wire.BindRequest) error {
	if len(q.Name) == 0 {
		if len(q.Password) > 0 {
			return invalidCredentials()
		}
		return nil // anonymous (RFC 4513 5.1.1)
	}
	if len(q.Password) == 0 { // RFC 4513 5.1.2
		return schema.Refuse(schema.UnwillingToPerform, "unauthenticated bind (DN with no password) disallowed")
	}
	key, err := c.names.AppendDNKey(c.srv.Schema, make([]byte, 0, len(q.Name)+keySpare), q.Name)
	if err != nil {
		return schema.Refuse(schema.InvalidDNSyntax, "invalid DN")
	}
	dn, err := c.authenticate(key, q.Password)
	if err != nil {
		return err
	}
	if dn == "" {
		return invalidCredentials()
	}
	c.become(dn, key)
	return nil
}

// authenticate checks a password and gives the name of the identity, "" if it
// does not fit.
func (c *conn) authenticate(key, clear []byte) (string, error) {
	s := c.srv
	if hash := s.AdminPassword(); s.adminKey != nil && string(s.adminKey) == string(key) && hash != "" {
		if s.passwords.Verify([]byte(hash), clear) {
			return s.Admin.DN, nil
		}
		return "", nil
	}
	l := &c.login
	if l.entry == nil {
		l.entry = l.look
	}
	*l = login{entry: l.entry, passwords: s.passwords, clear: clear}
	err := s.Store.Target(key, nil, true, l.entry)
	hashes := l.hashes
	l.clear, l.hashes = nil, nil
	if err != nil {
		var r *schema.Result
		if errors.As(err, &r) && r.Code == schema.NoSuchObject {
			err = nil
		}
		return "", err
	}
	if l.matches || len(hashes) == 0 {
		return l.dn, nil
	}
	for _, h := range hashes {
		if s.passwords.Verify(h, clear) {
			return l.dn, nil
		}
	}
	return "", nil
}

// login is a password that is tried on an entry. The hashes that it takes long to
// check are copied out, because the entry is only to be had within a read
// transaction.
type login struct {
	entry     func(v *schema.View) error // look, made once
	passwords *password.Verifier
	clear     []byte

	dn      string // of the entry, if a value fits or a hash may
	matches bool
	hashes  [][]byte
}

func (l *login) look(v *schema.View) error {
	a, _ := v.Find("userPassword")
	for values := a.Values; !l.matches; {
		h, more, ok := schema.NextValue(values)
		if !ok {
			break
		}
		values = more
		matches, known := l.passwords.AtOnce(h, l.clear)
		if l.matches = matches; !known {
			l.hashes = append(l.hashes, bytes.Clone(h))
		}
	}
	if l.matches || len(l.hashes) > 0 {
		l.dn = string(v.DN)
	}
	return nil
}

// externalBind serves EXTERNAL on the local socket: root and the user that the
// server runs as are the administrator there (the tools work by it).
func (c *conn) externalBind(q *wire.BindRequest) error {
	if string(q.Mechanism) != "EXTERNAL" || !c.session.peer.local {
		return schema.Refuse(schema.AuthMethodNotSupported, "SASL mechanism is not supported here")
	}
	if !c.session.peer.trusted || c.srv.adminKey == nil {
		return invalidCredentials()
	}
	if len(q.Credentials) > 0 {
		return schema.Refuse(schema.InsufficientAccessRights, "EXTERNAL takes no other authorization identity")
	}
	c.become(c.srv.Admin.DN, c.srv.adminKey)
	return nil
}

// become gives the session an identity.
func (c *conn) become(dn string, key []byte) {
	c.session.dn, c.session.key, c.session.writer = dn, key, c.srv.isWriter(key)
	c.session.rights = c.srv.rightsOf(key, c.session.writer)
}
