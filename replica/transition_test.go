package replica

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestServerIsNoMemberOfItsOwn(t *testing.T) {
	for _, role := range []Role{
		{Kind: RolePrimary, Members: []string{"192.0.2.1", "prim"}},
		{Kind: RolePrimary, Members: []string{"Prim:7012"}},
		{Kind: RoleSecondary, Members: []string{"localhost"}},
		{Kind: RolePrimary, Members: []string{"127.0.0.1:7012"}},
		{Kind: RoleSecondary, Members: []string{"[::1]:7012"}},
	} {
		g := newTestGroup(t, Role{Kind: RoleNone}, 'a', 3)
		err := g.SetRole(t.Context(), role)
		if err == nil || !strings.Contains(err.Error(), "is this server itself") || !strings.HasPrefix(err.Error(), "nothing was changed") || g.Role().Kind != RoleNone {
			t.Errorf("%v: %v, and the role is %v", role, err, g.Role())
		}
	}
	// Another server of the same machine, and a machine of a like name.
	g := newTestGroup(t, Role{Kind: RoleNone}, 'a', 3)
	if err := g.SetRole(t.Context(), Role{Kind: RolePrimary, Members: []string{"prim:7112", "localhost:7112", "127.0.0.1:7112", "prim2"}}); err != nil {
		t.Error(err)
	}
}

func TestServerIsFoundWhereItListens(t *testing.T) {
	resolve := func(_ context.Context, host string) ([]string, error) {
		if host == "alias" {
			return []string{"192.0.2.7"}, nil
		}
		return nil, errors.New("no such host")
	}
	for _, c := range []struct {
		listen, member string
		own            bool
	}{
		{"192.0.2.7:7012", "192.0.2.7", true}, {"192.0.2.7:7012", "alias", true}, {"192.0.2.7:7012", "prim", true},
		{"192.0.2.7:7012", "192.0.2.8", false}, {"192.0.2.7:7012", "localhost", false}, {"192.0.2.7:7012", "alias:7112", false},
		{"192.0.2.7:7012", "nowhere", false}, {"alias:7012", "192.0.2.7", true},
		{"127.0.0.2:7012", "127.0.0.2", true}, {"127.0.0.2:7012", "127.0.0.3", false},
		{"[::]:7012", "127.0.0.3", true}, {"0.0.0.0:7012", "0.0.0.0", true}, {":7012", "127.0.0.1", true}, {":7012", "192.0.2.7", false},
	} {
		s := Self{Host: "prim", Listen: []string{":7000", c.listen}, Resolve: resolve}
		if got := s.Is(t.Context(), c.member); got != c.own {
			t.Errorf("who listens on %s is %s: %v", c.listen, c.member, got)
		}
	}
}
