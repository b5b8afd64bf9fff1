// referral_test.go: clients that follow a secondary's referrals to the primary.

package clients

import (
	"context"
	"os/exec"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestClientsFollowASecondarysReferrals(t *testing.T) {
	g := group.New(t, nil)
	primary, secondary := g.Add(t, "primary", harness.Options{}), g.Add(t, "secondary", harness.Options{})
	primary.Restart(t)
	secondary.Restart(t)
	primary.Must(t, "utreplica", "-p", secondary.Address())
	secondary.Must(t, "utreplica", "-s", primary.Address())
	for name, program := range map[string][]string{
		"python-ldap and libldap": {harness.Python(t), "testdata/referral.py"},
		"Net::LDAP":               {harness.Program(t, "perl"), "testdata/referral.pl"},
		"JNDI":                    {harness.Program(t, "java"), "testdata/Referral.java"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), scriptWithin)
			defer cancel()
			runChecks(t, exec.CommandContext(ctx, program[0], program[1],
				secondary.Endpoint().URL, primary.Endpoint().URL, harness.AdminDN, harness.Password, harness.Suffix))
			g.AwaitLevel(t, primary, secondary)
			if a, b := primary.Dump(t), secondary.Dump(t); group.Difference(a, b) != "" {
				t.Error(group.Difference(a, b))
			}
		})
	}
}
