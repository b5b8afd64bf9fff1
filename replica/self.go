package replica

// Whether a name is this server's own: nobody is a member of itself.

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
)

// Self is where a server is found.
type Self struct {
	Host string // as it calls itself
	// Listen is where it takes plain LDAP: host:port, in which no host, or an
	// unspecified address, is every one of this machine.
	Listen  []string
	Resolve func(ctx context.Context, host string) ([]string, error)
}

// Is tells whether a member is this server, by its name or by an address that it
// listens on. A name that leads nowhere before ctx ends is somebody else's.
func (s *Self) Is(ctx context.Context, member string) bool {
	host, port, ok := hostPort(member)
	if !ok {
		return false
	}
	for _, l := range s.Listen {
		at, p, err := net.SplitHostPort(l)
		if err != nil || p != port {
			continue
		}
		if strings.EqualFold(host, s.Host) || s.meet(ctx, at, host) {
			return true
		}
	}
	return false
}

// MayHave refuses a role in which the server is a member of its own. Names are
// looked up for so long and no longer, however many there are.
func (s *Self) MayHave(ctx context.Context, r Role) error {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	for _, m := range r.Members {
		switch {
		case !s.Is(ctx, m):
		case r.Kind == RoleSecondary:
			return fmt.Errorf("nothing was changed: %s is this server itself; name the primary that it is to follow", m)
		default:
			return fmt.Errorf("nothing was changed: %s is this server itself; name the others", m)
		}
	}
	return nil
}

// meet tells whether who listens at a host is reached as another one.
func (s *Self) meet(ctx context.Context, at, host string) bool {
	own := s.addresses(ctx, at)
	return slices.ContainsFunc(s.addresses(ctx, host), func(a string) bool {
		return slices.ContainsFunc(own, func(b string) bool {
			ip := net.ParseIP(b)
			return sameAddress(a, b) || ip != nil && ip.IsUnspecified() && ofThisMachine(a)
		})
	})
}

// addresses are those of a host; "" is every one.
func (s *Self) addresses(ctx context.Context, host string) []string {
	switch {
	case host == "":
		return []string{"::"}
	case strings.EqualFold(host, "localhost"): // whatever a resolver says (RFC 6761)
		return []string{"127.0.0.1", "::1"}
	case net.ParseIP(host) != nil:
		return []string{host}
	}
	list, err := s.Resolve(ctx, host)
	if err != nil {
		return nil
	}
	return list
}

// ofThisMachine tells whether an address leads back to this machine.
func ofThisMachine(address string) bool {
	ip := net.ParseIP(address)
	if ip == nil {
		return false
	}
	if ip.IsLoopback() || ip.IsUnspecified() {
		return true
	}
	all, err := net.InterfaceAddrs()
	return err == nil && slices.ContainsFunc(all, func(a net.Addr) bool {
		n, ok := a.(*net.IPNet)
		return ok && n.IP.Equal(ip)
	})
}
