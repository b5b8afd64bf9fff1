package replica

import (
	"reflect"
	"strings"
	"testing"
)

func TestRolesSurviveTheFile(t *testing.T) {
	for _, r := range []Role{
		{Kind: RoleNone},
		{Kind: RolePrimary, Members: []string{"sec1", "sec2:7013", "[::1]:7014"}},
		{Kind: RoleSecondary, Members: []string{"prim.example"}},
		{Kind: RoleSecondary, Members: []string{"prim.example:7012"}, Adopt: true},
	} {
		var b strings.Builder
		if _, err := r.WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		got, err := ReadRole(strings.NewReader(b.String()))
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("got %+v, %v; want %+v", got, err, r)
		}
	}
}

func TestBrokenRoleFilesAreRefused(t *testing.T) {
	for _, text := range []string{
		"role primary", "role = boss", "rôle = none", "role = none\nmember = a",
		"role = secondary", "role = secondary\nmember = a\nmember = b",
		"role = primary\nadopt = yes", "role = secondary\nmember = a\nadopt = maybe", "role = primary\nmember = [::1", "role = primary\nmember = a\nmember = a:7012", "role = primary\nmember = ldap://a",
	} {
		if r, err := ReadRole(strings.NewReader(text)); err == nil {
			t.Errorf("%q was taken as %+v", text, r)
		}
	}
}

func TestOnlyASecondaryRefersWritesToItsPrimary(t *testing.T) {
	for want, r := range map[string]Role{
		"":                     {Kind: RolePrimary, Members: []string{"a"}},
		"ldap://prim:7012":     {Kind: RoleSecondary, Members: []string{"prim"}},
		"ldap://[fe80::1]:389": {Kind: RoleSecondary, Members: []string{"[fe80::1]:389"}},
	} {
		if got := r.ReferralURL(); got != want {
			t.Errorf("%+v refers to %q, want %q", r, got, want)
		}
	}
}
