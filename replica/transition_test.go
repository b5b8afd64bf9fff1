package replica

import (
	"strings"
	"testing"
)

func TestServerIsNoMemberOfItsOwn(t *testing.T) {
	for _, role := range []Role{
		{Kind: RolePrimary, Members: []string{"192.0.2.1", "prim"}},
		{Kind: RolePrimary, Members: []string{"Prim:7012"}},
		{Kind: RoleSecondary, Members: []string{"localhost"}},
	} {
		g := newTestGroup(t, Role{Kind: RoleNone}, 'a', 3)
		err := g.SetRole(t.Context(), role)
		if err == nil || !strings.Contains(err.Error(), "is this server itself") || !strings.HasPrefix(err.Error(), "nothing was changed") || g.Role().Kind != RoleNone {
			t.Errorf("%v: %v, and the role is %v", role, err, g.Role())
		}
	}
	// Another server of the same machine, and a machine of a like name.
	g := newTestGroup(t, Role{Kind: RoleNone}, 'a', 3)
	if err := g.SetRole(t.Context(), Role{Kind: RolePrimary, Members: []string{"prim:7112", "localhost:7112", "prim2"}}); err != nil {
		t.Error(err)
	}
}
