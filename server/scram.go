package server

import (
	"crypto/rand"
	"fmt"
	"strings"
	"sync"

	"github.com/xdg-go/scram"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// MemberName is the user as which every member of the failover group binds; the
// password is the group signature.
const MemberName = "group"

const (
	// scramMechanism is RFC 7677. Neither side sends the signature, and each
	// proves to the other that it has it.
	scramMechanism = "SCRAM-SHA-256"
	memberAuthzID  = "u:group member"
	// scramIterations is the least that RFC 7677 4 recommends. The signature
	// is a random text, or should be.
	scramIterations = 4096
	// maxScram is more than any message of a decent client has.
	maxScram = 4096
)

// scramKeys are what a bind is checked against. They are made once for each
// signature; the salt is that of this server's run.
type scramKeys struct {
	salt string

	mu        sync.Mutex
	signature string
	stored    scram.StoredCredentials
}

func newScramKeys() *scramKeys { return &scramKeys{salt: rand.Text()} }

// of gives the keys of a signature.
func (k *scramKeys) of(signature string) (scram.StoredCredentials, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.signature == signature {
		return k.stored, nil
	}
	client, err := scram.SHA256.NewClient(MemberName, signature, "")
	if err != nil {
		return scram.StoredCredentials{}, fmt.Errorf("group signature: %w", err)
	}
	stored, err := client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: k.salt, Iters: scramIterations})
	if err != nil {
		return scram.StoredCredentials{}, fmt.Errorf("group signature: %w", err)
	}
	k.signature, k.stored = signature, stored
	return stored, nil
}

// signature is the group signature, "" if members cannot bind.
func (s *Server) signature() string {
	if s.Signature == nil {
		return ""
	}
	return s.Signature()
}

// scramBind is one of the two steps of a member's bind (RFC 5802 5). Whatever is
// wrong with a step is answered alike.
func (c *conn) scramBind(q *wire.BindRequest) error {
	text := string(q.Credentials)
	switch {
	case len(text) > maxScram:
		return invalidCredentials()
	case len(text) == 0: // it is the client's turn (RFC 4422 3.3)
		c.bindStep(schema.SASLBindInProgress, nil)
		return nil
	case c.exchange != nil && strings.HasPrefix(text, "c="):
		return c.scramFinal(c.exchange, text)
	}
	return c.scramFirst(text)
}

// scramFirst answers the first message of a client by the challenge.
func (c *conn) scramFirst(text string) error {
	keys, err := c.srv.scram.of(c.srv.signature())
	if err != nil {
		return err
	}
	server, err := scram.SHA256.NewServer(func(name string) (scram.StoredCredentials, error) {
		if name != MemberName {
			return scram.StoredCredentials{}, invalidCredentials()
		}
		return keys, nil
	})
	if err != nil {
		return err
	}
	talk := server.NewConversation()
	answer, err := talk.Step(text)
	if err != nil || talk.AuthzID() != "" {
		return invalidCredentials()
	}
	c.session.scram = talk
	c.bindStep(schema.SASLBindInProgress, []byte(answer))
	return nil
}

// scramFinal checks the client's proof and gives that of the server.
func (c *conn) scramFinal(talk *scram.ServerConversation, text string) error {
	answer, err := talk.Step(text)
	if err != nil || !talk.Valid() {
		if answer == scram.ErrInvalidProof {
			c.srv.Log.Warn("a member with another group signature was refused", "peer", c.raw.RemoteAddr().String())
		}
		return invalidCredentials()
	}
	c.session.member, c.session.writer, c.session.rights = true, true, c.srv.group
	c.bindStep(schema.Success, []byte(answer))
	return nil
}

// bindStep answers a bind request of several steps; nil credentials are left
// out.
func (c *conn) bindStep(code schema.ResultCode, credentials []byte) {
	r := schema.Result{Code: code}
	c.buf = wire.AppendBindResponse(c.buf, c.msg.ID, &r, credentials, credentials != nil, nil)
	c.srv.metrics.observe(opBind, code, c.took())
}
