package replica

// How a consumer and its provider prove to each other who they are.

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

const (
	memberMechanism = "SCRAM-SHA-256"
	memberName      = "group"
	// maxIterations bounds the work that a provider may ask for before it has
	// proved anything.
	maxIterations = 1 << 20
)

// errSignature is a member with another group signature, on either side.
var errSignature = errors.New("group signature")

// bindMember proves the group signature to the provider and has it proved in
// return (SCRAM, RFC 5802 and 7677): nothing that a stranger sends is accepted.
func (p *peer) bindMember(address, signature string) error {
	if signature == "" {
		return fmt.Errorf("%w: this server has none to prove; set it with utgroupsig", errSignature)
	}
	client, err := scram.SHA256.NewClient(memberName, signature, "")
	if err != nil {
		return fmt.Errorf("group signature: %w", err)
	}
	talk := client.NewConversation()
	first, err := talk.Step("")
	if err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	answer, err := p.bindStep(address, first, schema.SASLBindInProgress)
	if err != nil {
		return err
	}
	if tooManyIterations(answer) {
		return fmt.Errorf("bind: the provider at %s asks for too much work", address)
	}
	final, err := talk.Step(answer)
	if err != nil {
		return fmt.Errorf("bind: the provider at %s answered wrongly: %w", address, err)
	}
	answer, err = p.bindStep(address, final, schema.Success)
	if err != nil {
		return err
	}
	if _, err := talk.Step(answer); err != nil || !talk.Valid() {
		return fmt.Errorf("%w: the provider at %s proved another group signature: nothing was accepted", errSignature, address)
	}
	p.limit = maxMessage
	return nil
}

// bindStep sends credentials and gives those of the answer.
func (p *peer) bindStep(address, credentials string, want schema.ResultCode) (string, error) {
	m, err := p.call(&wire.BindRequest{Version: 3, AuthTag: wire.AuthSASL, Mechanism: []byte(memberMechanism),
		Credentials: []byte(credentials), HasCredentials: true}, wire.TagBindResponse)
	if err != nil {
		return "", err
	}
	var answer wire.BindResponse
	if err := answer.Decode(m.Body); err != nil {
		return "", fmt.Errorf("bind: %w", err)
	}
	switch r := &answer.Result; {
	case r.Code == schema.InvalidCredentials:
		return "", fmt.Errorf("%w: the provider at %s refused the group signature of this server", errSignature, address)
	case r.Code != want && r.Code == schema.Success:
		return "", fmt.Errorf("%w: the provider at %s proved no group signature: nothing was accepted", errSignature, address)
	case r.Code != want:
		return "", fmt.Errorf("bind at %s: %w", address, r)
	}
	return string(answer.ServerSaslCreds), nil
}

func tooManyIterations(serverFirst string) bool {
	for part := range strings.SplitSeq(serverFirst, ",") {
		if text, ok := strings.CutPrefix(part, "i="); ok {
			n, err := strconv.Atoi(text)
			return err != nil || n > maxIterations
		}
	}
	return false
}

// bindSimple is the simple bind of RFC 4513 5.1.3.
func (p *peer) bindSimple(dn string, password []byte) error {
	m, err := p.call(&wire.BindRequest{Version: 3, Name: []byte(dn), AuthTag: wire.AuthSimple, Password: password}, wire.TagBindResponse)
	clear(p.out) // the password was in it
	if err != nil {
		return err
	}
	var answer wire.BindResponse
	if err := answer.Decode(m.Body); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	if answer.Result.Code != schema.Success {
		return fmt.Errorf("bind as %s: %w", dn, &answer.Result)
	}
	p.limit = maxMessage
	return nil
}
