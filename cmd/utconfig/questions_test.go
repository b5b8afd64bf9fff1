package main

import (
	"testing"

	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/replica"
)

func TestSummaryKnowsTheRoleThatAServerHas(t *testing.T) {
	paths, err := site.NewPaths(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := paths.MakeFolders(); err != nil {
		t.Fatal(err)
	}
	s := &setup{paths: paths}
	if s.inGroup(false) != "no" || s.inGroup(true) != "yes" {
		t.Errorf("without a role: %q, %q", s.inGroup(false), s.inGroup(true))
	}
	for want, role := range map[string]replica.Role{
		"yes, primary of sec1, sec2": {Kind: replica.RolePrimary, Members: []string{"sec1", "sec2"}},
		"yes, secondary of prim":     {Kind: replica.RoleSecondary, Members: []string{"prim"}},
		"no":                         {Kind: replica.RoleNone},
	} {
		if err := paths.WriteRole(role); err != nil {
			t.Fatal(err)
		}
		if got := s.inGroup(false); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
