package replica

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Role is what a server is in its failover group.
type Role struct {
	Kind    RoleKind
	Members []string // Primary: its secondaries; Secondary: its primary, alone. host or host:port
	// Adopt is an administrator's word that the primary's data is to replace a
	// secondary's own, whatever it is. It holds until that is done once.
	Adopt bool
}

// RoleKind is one of the three roles.
type RoleKind string

// A server without role stands alone and takes writes; a primary does, too.
const (
	RoleNone      RoleKind = "none"
	RolePrimary   RoleKind = "primary"
	RoleSecondary RoleKind = "secondary"
)

// DefaultPort is where members of a group listen if nothing else is said.
const DefaultPort = "7012"

// ReadRole reads a role file: lines `role = KIND`, `member = HOST[:PORT]` and
// `adopt = yes`, with blank lines and # comments. An empty file is RoleNone. Errors name the
// line.
func ReadRole(r io.Reader) (Role, error) {
	role := Role{Kind: RoleNone}
	in := bufio.NewScanner(r)
	for n := 1; in.Scan(); n++ {
		line := strings.TrimSpace(in.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok:
			return role, fmt.Errorf("role file line %d: not NAME = VALUE", n)
		case name == "role":
			role.Kind = RoleKind(value)
		case name == "member":
			role.Members = append(role.Members, value)
		case name == "adopt" && (value == "yes" || value == "no"):
			role.Adopt = value == "yes"
		default:
			return role, fmt.Errorf("role file line %d: unknown name or value %q", n, line)
		}
	}
	if err := in.Err(); err != nil {
		return role, fmt.Errorf("role file: %w", err)
	}
	return role, role.Check()
}

// WriteTo writes the form that ReadRole reads.
func (r Role) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	b.WriteString("# Role of this server in its failover group. Written by utreplica.\n")
	fmt.Fprintf(&b, "role = %s\n", r.Kind)
	for _, m := range r.Members {
		fmt.Fprintf(&b, "member = %s\n", m)
	}
	if r.Adopt {
		b.WriteString("adopt = yes\n")
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// Check tells what is wrong with a role.
func (r Role) Check() error {
	switch {
	case r.Kind == RoleNone && len(r.Members) > 0:
		return fmt.Errorf("role none has no members, but %d are listed", len(r.Members))
	case r.Adopt && r.Kind != RoleSecondary:
		return fmt.Errorf("only a secondary adopts data, not role %s", r.Kind)
	case r.Kind == RoleSecondary && len(r.Members) != 1:
		return fmt.Errorf("role secondary has one member, its primary, but %d are listed", len(r.Members))
	case r.Kind != RoleNone && r.Kind != RolePrimary && r.Kind != RoleSecondary:
		return fmt.Errorf("unknown role %q (none, primary or secondary)", string(r.Kind))
	}
	seen := map[string]bool{}
	for _, m := range r.Members {
		a, err := Address(m)
		if err != nil {
			return err
		}
		if seen[a] {
			return fmt.Errorf("member %s is listed twice", m)
		}
		seen[a] = true
	}
	return nil
}

// Address is the host:port of a member.
func Address(member string) (string, error) {
	host, port, err := net.SplitHostPort(member)
	if err != nil {
		host, port = member, DefaultPort
	}
	if inner, ok := strings.CutPrefix(host, "["); ok && strings.HasSuffix(inner, "]") {
		host = inner[:len(inner)-1]
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || host == "" || strings.ContainsAny(host, " /?#@[]") {
		return "", fmt.Errorf("member %q is not HOST or HOST:PORT", member)
	}
	return net.JoinHostPort(host, port), nil
}

// ReferralURL is where a secondary sends writes; "" for other roles.
func (r Role) ReferralURL() string {
	if r.Kind != RoleSecondary || len(r.Members) != 1 {
		return ""
	}
	a, err := Address(r.Members[0])
	if err != nil {
		return ""
	}
	return "ldap://" + a
}

// String is the role as people say it.
func (r Role) String() string {
	if r.Kind == RoleNone || len(r.Members) == 0 {
		return string(r.Kind)
	}
	return string(r.Kind) + " of " + strings.Join(r.Members, ", ")
}

// Equal tells whether two roles are the same but for Adopt.
func (r Role) Equal(o Role) bool {
	return r.Kind == o.Kind && slices.Equal(r.Members, o.Members)
}
