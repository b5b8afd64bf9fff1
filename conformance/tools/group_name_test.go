// group_name_test.go: a server that was set up under a group name of its own.

package tools

import (
	"testing"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestSecondarySetUpUnderItsOwnNameWorksWithItsPrimarysGroup(t *testing.T) {
	g := group.New(t, nil)
	primary, secondary := g.Add(t, "primary", harness.Options{}), g.Add(t, "secondary", harness.Options{Group: "sec1"})
	primary.Restart(t)
	secondary.Restart(t)
	run(t, secondary.Root, "", "utuser", "-a", "T0,,,Before").want(t, 0, "Added 1 user.")
	run(t, primary.Root, "", "utuser", "-a", "T1,,,First").want(t, 0, "Added 1 user.")
	primary.Must(t, "utreplica", "-p", secondary.Address())
	secondary.Must(t, "utreplica", "-s", primary.Address())
	run(t, secondary.Root, "", "utuser", "-a", "T2,,,Second").want(t, 0, "Added 1 user.")
	g.AwaitLevel(t, primary, secondary)
	want := run(t, primary.Root, "", "utuser", "-l").want(t, 0, "First", "Second", "2 tokens total.")
	if got := run(t, secondary.Root, "", "utuser", "-l").want(t, 0); got != want {
		t.Errorf("the secondary lists\n%s, the primary\n%s", got.out, want.out)
	}

	// Its own writes count, too, once it is the primary, also after a restart.
	primary.Stop(t)
	secondary.Must(t, "utreplica", "-u")
	run(t, secondary.Root, "", "utuser", "-a", "T3,,,Third").want(t, 0, "Added 1 user.")
	secondary.Stop(t)
	secondary.Restart(t)
	run(t, secondary.Root, "", "utuser", "-a", "T4,,,Fourth").want(t, 0, "Added 1 user.")
	run(t, secondary.Root, "", "utuser", "-l").want(t, 0, "4 tokens total.")
}
