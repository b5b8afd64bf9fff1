// group_test.go: clients of a failover group: they follow a secondary's referrals
// to the primary, are told of changes, and read the log of them.

package clients

import (
	"context"
	"os/exec"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// pair is a primary with a secondary that is level.
func pair(t *testing.T) (g *group.Group, primary, secondary *group.Member) {
	t.Helper()
	g = group.New(t, nil)
	primary, secondary = g.Add(t, "primary", harness.Options{}), g.Add(t, "secondary", harness.Options{})
	primary.Restart(t)
	secondary.Restart(t)
	primary.Must(t, "utreplica", "-p", secondary.Address())
	secondary.Must(t, "utreplica", "-s", primary.Address())
	return g, primary, secondary
}

// runScript runs a script against two servers, as the administrator.
func runScript(t *testing.T, interpreter, script string, one, two *group.Member) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), scriptWithin)
	defer cancel()
	runChecks(t, exec.CommandContext(ctx, interpreter, script, one.Endpoint().URL, two.Endpoint().URL, harness.AdminDN, harness.Password, harness.Suffix))
}

func TestClientsFollowASecondarysReferrals(t *testing.T) {
	g, primary, secondary := pair(t)
	for name, program := range map[string][2]string{
		"python-ldap and libldap": {harness.Python(t), "testdata/referral.py"},
		"Net::LDAP":               {harness.Program(t, "perl"), "testdata/referral.pl"},
		"JNDI":                    {harness.Program(t, "java"), "testdata/Referral.java"},
	} {
		t.Run(name, func(t *testing.T) {
			runScript(t, program[0], program[1], secondary, primary)
			g.AwaitLevel(t, primary, secondary)
			if a, b := primary.Dump(t), secondary.Dump(t); group.Difference(a, b) != "" {
				t.Error(group.Difference(a, b))
			}
		})
	}
}

// TestClientFollowsAChainOfReferrals: a secondary of a secondary refers to that one,
// which refers to the primary. JNDI goes all the way by itself.
func TestClientFollowsAChainOfReferrals(t *testing.T) {
	g, primary, secondary := pair(t)
	last := g.Add(t, "last", harness.Options{})
	last.Restart(t)
	last.Must(t, "utreplica", "-s", secondary.Address())
	runScript(t, harness.Program(t, "java"), "testdata/Referral.java", last, primary)
	g.AwaitLevel(t, primary, secondary, last)
}

func TestClientsAreToldOfChanges(t *testing.T) {
	_, primary, secondary := pair(t)
	runScript(t, harness.Python(t), "testdata/watch.py", primary, secondary)
}
