// guide_test.go: the procedure of the guide, word for word but for the root.

package flow

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestPrimaryIsRebuiltFromTheDumpOfASecondary(t *testing.T) {
	old := harness.StartUtdsd(t, harness.Options{Plain: true, Group: "ray1"})
	run(t, "", "utuser", "-R", old.Root, "-a", "MicroPayflex.00004f8c65000100,localhost,7007,John Smith,E421").want(t, 0)
	run(t, "", "utuser", "-R", old.Root, "-a", "pseudo.080020861234,localhost,7007,Jane Doe").want(t, 0)
	list := run(t, "", "utuser", "-R", old.Root, "-l").want(t, 0).out

	// On the secondary, while it serves.
	store := filepath.Join(t.TempDir(), "store")
	out, err := os.OpenFile(store, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "utldbmcat", filepath.Join(old.Root, storeFile))
	cmd.Stdout = out
	if r := finish(t, cmd).want(t, 0); r.err != "" {
		t.Errorf("standard error of a dump into a private file:\n%s", r.err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}

	// On the new primary, which is configured and has been stopped.
	fresh := harness.StartUtdsd(t, harness.Options{Plain: true, Group: "ray1"})
	run(t, "", "utldif2ldbm", "-R", fresh.Root, "-c", "-j", "10", "-i", store).want(t, 1, "stop the server")
	fresh.Stop(t)
	r := run(t, "", "utldif2ldbm", "-R", fresh.Root, "-c", "-j", "10", "-i", store).want(t, 0)
	if !strings.Contains(r.out, " entries loaded from ") || r.err != "" {
		t.Errorf("output:\n%s%s", r.out, r.err)
	}
	check(t, fresh.Root)
	fresh.Restart(t)
	if got := run(t, "", "utuser", "-R", fresh.Root, "-l").want(t, 0).out; got != list || !strings.Contains(got, "John Smith") || !strings.HasSuffix(got, "2 tokens total.\n") {
		t.Errorf("users of the new primary:\n%s\nwant\n%s", got, list)
	}
	// Passwords have come along, and changes go on.
	c := bind(t, fresh.Endpoint())
	if err := c.Bind(fresh.Endpoint().UtadminDN(), harness.Password); err != nil {
		t.Errorf("the UT Admin of the dump: %v", err)
	}
	run(t, "", "utuser", "-R", fresh.Root, "-a", "mondex.9998007668077709,localhost,7007,New Token").want(t, 0)
}

func TestLoadWithoutAConfiguredServer(t *testing.T) {
	root := t.TempDir()
	load(t, root, data(20)).want(t, 0)
	if text := dump(t, root); strings.Count(text, "\ndn: ") != 26 {
		t.Errorf("dump:\n%s", text)
	}
}
