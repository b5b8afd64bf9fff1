package server

// The client's side of a member's bind, by a foreign library.

import (
	"github.com/xdg-go/scram"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// signature is the group signature of the tests.
const signature = "the signature of the group"

// memberBind is what came of a bind with a signature.
type memberBind struct {
	code   schema.ResultCode
	proved bool // by the server
}

func (b memberBind) wantBound(c *client) {
	c.Helper()
	if b.code != schema.Success || !b.proved {
		c.Fatalf("bind as a member: %+v", b)
	}
}

// step sends credentials of SCRAM-SHA-256.
func (c *client) step(credentials string) *wiretest.Response {
	c.Helper()
	id := c.id()
	c.send(message(id, scramRequest(credentials)))
	return c.want(id, wire.TagBindResponse)
}

func scramRequest(credentials string) []byte {
	return wiretest.Op(&wire.BindRequest{Version: 3, AuthTag: wire.AuthSASL, Mechanism: []byte(scramMechanism),
		Credentials: []byte(credentials), HasCredentials: true})
}

// memberBind binds as a member with the given signature.
func (c *client) memberBind(signature string) memberBind {
	c.Helper()
	return c.scramAs(MemberName, signature, "")
}

func (c *client) scramAs(name, password, authzID string) memberBind {
	c.Helper()
	talk := c.talk(name, password, authzID)
	first, _ := talk.Step("")
	r := c.step(first)
	if r.Result.Code != schema.SASLBindInProgress {
		return memberBind{code: r.Result.Code}
	}
	final, err := talk.Step(string(r.Creds))
	if err != nil {
		c.Fatal(err)
	}
	if r = c.step(final); r.Result.Code != schema.Success {
		return memberBind{code: r.Result.Code}
	}
	_, err = talk.Step(string(r.Creds))
	return memberBind{code: schema.Success, proved: err == nil && talk.Valid()}
}

// talk is the client's side of one bind.
func (c *client) talk(name, password, authzID string) *scram.ClientConversation {
	c.Helper()
	client, err := scram.SHA256.NewClient(name, password, authzID)
	if err != nil {
		c.Fatal(err)
	}
	return client.NewConversation()
}
