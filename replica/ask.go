package replica

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// ask asks a member for its status; both sides prove the group signature.
func (g *Group) ask(ctx context.Context, member string) (s Status, err error) {
	address, err := Address(member)
	if err != nil {
		return s, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var heard atomic.Int64
	p, err := dialPeer(ctx, dialTCP, address, 0, &heard)
	if err != nil {
		return s, err
	}
	defer p.close()
	if g.opts.TLS != nil {
		if err := p.startTLS(g.opts.TLS, address); err != nil {
			return s, err
		}
	}
	if err := p.bindMember(address, g.opts.Signature()); err != nil {
		return s, err
	}
	m, err := p.call(&wire.ExtendedRequest{Name: []byte(OIDStatus)}, wire.TagExtendedResponse)
	if err != nil {
		return s, err
	}
	var answer wire.ExtendedResponse
	if err := answer.Decode(m.Body); err != nil {
		return s, err
	}
	if answer.Result.Code != schema.Success {
		return s, &answer.Result
	}
	if err := json.Unmarshal(answer.Value, &s); err != nil {
		return s, fmt.Errorf("%w: status: %w", ErrMember, err)
	}
	return s, nil
}

// probe asks a server that is to be the primary of this one whether it would be.
// The error is a sentence for the administrator.
func (g *Group) probe(ctx context.Context, primary string) error {
	s, err := g.ask(ctx, primary)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Errorf("the host %s is unknown", primary)
	case errors.Is(err, errSignature):
		return fmt.Errorf("%s belongs to another group: %w; both need the same group signature (utgroupsig)", primary, err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s does not answer within %s: is it the host and the port of a utdsd?", primary, askTimeout)
	case err != nil:
		return fmt.Errorf("%s is out of reach: %w: does utdsd run there?", primary, err)
	case s.Role == RoleNone:
		return fmt.Errorf("%s has no role in a failover group: type utreplica -p there first", primary)
	}
	if s.Role != RolePrimary {
		return nil // a secondary feeds whoever has the signature
	}
	for _, m := range s.Members {
		if _, port, ok := hostPort(m); ok && port == g.opts.Port && g.mayBe(m) {
			return nil
		}
	}
	own := net.JoinHostPort(g.opts.Host, g.opts.Port)
	return fmt.Errorf("%s does not list this server among its secondaries (%s): type utreplica -a %s there first", primary, strings.Join(s.Members, ", "), own)
}

// mayBe tells whether a name in another server's list may be this server: by
// its name, or by an address of this machine.
func (g *Group) mayBe(member string) bool {
	host, _, ok := hostPort(member)
	if !ok {
		return false
	}
	if sameHost(host, g.opts.Host) {
		return true
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return true // the other server will tell
	}
	for _, a := range own {
		if n, ok := a.(*net.IPNet); ok && (sameAddress(host, n.IP.String()) || g.followers.resolvesTo(host, n.IP.String())) {
			return true
		}
	}
	return false
}
