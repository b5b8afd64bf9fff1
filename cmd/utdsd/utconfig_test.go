package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

// read gives a file's content, which the test needs.
func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestSetUpSaysWhatItDid(t *testing.T) {
	root := t.TempDir()
	r := runProgram(t, testPassword, "utconfig", "-R", root, "-y", "-w", "-", "-group", "farm")
	want := `Updating Sun Ray Data Store schema ...
Updating Sun Ray Data Store ACL's ...
Creating Sun Ray Data Store ...
Loading Sun Ray Data Store ...
Added 14 new LDAP entries.
Unique "` + root + `/etc/opt/SUNWut/gmSignature" has been generated.
Configuration of Sun Ray Data Store has completed.
`
	if r.code != 0 || r.out != want || r.err != "" {
		t.Errorf("code %d\n%s%s", r.code, r.out, r.err)
	}
	paths, err := site.NewPaths(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{paths.Store, paths.Config, paths.Password, paths.Signature} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", path, info, err)
		}
	}
	if strings.Contains(string(read(t, paths.Config)), testPassword) {
		t.Error("the configuration has the clear password")
	}
	if admin, err := paths.ReadAdmin(); err != nil || admin.Port != 7012 || admin.Subtree != "utname=farm,o=v1,o=utdata" {
		t.Errorf("%+v %v", admin, err)
	}
}

func TestSetUpUnderANarrowUmaskShutsNobodyOut(t *testing.T) {
	root := t.TempDir()
	utconfig := program("utconfig", "-R", root, "-y", "-w", "-", "-group", "farm")
	cmd := exec.Command("sh", append([]string{"-c", `umask 077; exec "$0" "$@"`}, utconfig.Args...)...)
	cmd.Stdin = strings.NewReader(testPassword)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, want := range map[string]os.FileMode{
		"etc/opt/SUNWut": 0o755, "etc/opt/SUNWut/srds": 0o755, "etc/opt/SUNWut/srds/schema": 0o755, "etc/opt/SUNWut/utadmin.conf": 0o644,
		"var/opt/SUNWut": 0o755, "var/opt/SUNWut/srds": 0o755, "var/opt/SUNWut/srds/log": 0o750, "var/opt/SUNWut/srds/dbm.ut": 0o700,
		"etc/opt/SUNWut/utadmin.pw": 0o600, "etc/opt/SUNWut/gmSignature": 0o600, "etc/opt/SUNWut/srds/utdsd.toml": 0o600,
	} {
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
	}
}

func TestStoreIsReplacedOnlyByForce(t *testing.T) {
	root := configure(t, "7012")
	paths, err := site.NewPaths(root)
	if err != nil {
		t.Fatal(err)
	}
	store, conf, signature := read(t, paths.Store), read(t, paths.Config), read(t, paths.Signature)
	r := runProgram(t, "another password", "utconfig", "-R", root, "-y", "-w", "-")
	r.want(t, 1, paths.Store+" is there already", "nothing was changed", "-force", paths.Previous)
	if !bytes.Equal(read(t, paths.Store), store) || !bytes.Equal(read(t, paths.Config), conf) {
		t.Error("something was changed")
	}
	other := filepath.Join(t.TempDir(), "sig")
	if err := os.WriteFile(other, []byte("signature of the group\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r = runProgram(t, "another password", "utconfig", "-R", root, "-y", "-w", "-", "-force", "-group", "farm")
	r.want(t, 0, "Added 14 new LDAP entries.", "has been kept", paths.Previous, paths.Config+".bak")
	if !bytes.Equal(read(t, paths.Previous), store) || !bytes.Equal(read(t, paths.Config+".bak"), conf) || !bytes.Equal(read(t, paths.Signature), signature) {
		t.Error("the old store, the old configuration or the signature is not kept")
	}
	r = runProgram(t, testPassword, "utconfig", "-R", root, "-y", "-w", "-", "-force", "-group", "farm", "-g", other)
	r.want(t, 0, "has been installed")
	if got := string(read(t, paths.Signature)); got != "signature of the group\n" {
		t.Errorf("signature %q", got)
	}
}

func TestFileThatIsNoStoreIsNotTakenForOne(t *testing.T) {
	root := configure(t, "7012")
	paths, err := site.NewPaths(root)
	if err != nil {
		t.Fatal(err)
	}
	for text, says := range map[string]string{"": "is empty", "dn: o=utdata\n": "is LDIF", "root:x:0:0\n": "not a store of this program"} {
		if err := os.WriteFile(paths.Store, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r := runProgram(t, testPassword, "utconfig", "-R", root, "-y", "-w", "-")
		r.want(t, 1, paths.Store, says, "-force replaces the store")
		if r.out != "" {
			t.Errorf("it has begun:\n%s", r.out)
		}
	}
	runProgram(t, testPassword, "utconfig", "-R", root, "-y", "-w", "-", "-force").want(t, 0, "has completed")
	runProgram(t, testPassword, "utconfig", "-R", root, "-y", "-w", "-").want(t, 0, "set up already")
}

func TestSetUpRefusesWhatIsMissingOrWrong(t *testing.T) {
	root := t.TempDir()
	for _, c := range []struct {
		name, stdin string
		args        string
		code        int
		text        string
	}{
		{"questions", testPassword, "-w -", 2, "give -y"},
		{"no password", testPassword, "-y", 2, "-w FILE is needed"},
		{"empty password", "\n", "-y -w -", 1, "first line is empty"},
		{"no password file", "", "-y -w /nonexistent/file", 1, "/nonexistent/file"},
		{"no such port", testPassword, "-y -w - -port 70000", 2, "not a port"},
		{"group", testPassword, "-y -w - -group a,b", 2, "group name"},
		{"signature", testPassword, "-y -w - -group farm -g /nonexistent/sig", 1, "/nonexistent/sig"},
		{"argument", testPassword, "-y -w - farm", 2, "unexpected argument"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"-R", root}, strings.Fields(c.args)...)
			runProgram(t, c.stdin, "utconfig", args...).want(t, c.code, c.text)
		})
	}
	left, err := os.ReadDir(root)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
