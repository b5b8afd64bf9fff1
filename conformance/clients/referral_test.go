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
	ctx, cancel := context.WithTimeout(context.Background(), pythonWithin)
	defer cancel()
	runChecks(t, exec.CommandContext(ctx, harness.Python(t), "testdata/referral.py",
		secondary.Endpoint().URL, primary.Endpoint().URL, harness.AdminDN, harness.Password, harness.Suffix))
	g.AwaitLevel(t, primary, secondary)
	if a, b := primary.Dump(t), secondary.Dump(t); group.Difference(a, b) != "" {
		t.Error(group.Difference(a, b))
	}
}
