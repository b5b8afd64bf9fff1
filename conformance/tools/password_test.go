// password_test.go: the administration password and the group signature.

package tools

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const next = "Osprey-9-is-next"

// accepts tells which of two passwords an identity has.
func accepts(t *testing.T, u *harness.Utdsd, dn string) string {
	t.Helper()
	for _, password := range []string{harness.Password, next} {
		c, err := ldap.DialURL(u.Endpoint().URL)
		if err != nil {
			t.Fatal(err)
		}
		err = c.Bind(dn, password)
		c.Close()
		if err == nil {
			return password
		}
	}
	return ""
}

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestPasswordIsChangedEverywhere(t *testing.T) {
	u := harness.StartUtdsd(t, harness.Options{Plain: true})
	conf, file := filepath.Join(u.Root, harness.ConfigFile), filepath.Join(u.Root, passwordFile)
	before := read(t, conf)
	r := run(t, u.Root, next+"\n", "utpw", "-w", "-").want(t, 0, "cn=utadmin,"+farm+" has the new password.",
		"cn=admin,o=utdata has the new password.", file+" has the new password.")
	if strings.Contains(r.out+r.err, next) {
		t.Error("the password is told")
	}
	if got := read(t, file); got != next+"\n" || mode(t, file) != 0o600 || mode(t, conf) != 0o600 {
		t.Errorf("%s has %q, modes %o and %o", file, got, mode(t, file), mode(t, conf))
	}
	// Nothing else of the configuration has changed, not a comment.
	line := regexp.MustCompile(`(?m)^password = .*$`)
	if a, b := line.ReplaceAllString(before, ""), line.ReplaceAllString(read(t, conf), ""); a != b || read(t, conf) == before {
		t.Errorf("the configuration\n%s\nwas\n%s", b, a)
	}
	if accepts(t, u, u.Endpoint().UtadminDN()) != next {
		t.Error("the UT Admin entry has another password")
	}
	for deadline := time.Now().Add(20 * time.Second); accepts(t, u, harness.AdminDN) != next; { // utdsd has been told and reads
		if time.Now().After(deadline) {
			t.Fatal("the running server wants another password of the administrator")
		}
	}
	u.Stop(t)
	u.Restart(t)
	if accepts(t, u, harness.AdminDN) != next {
		t.Error("the administrator has another password")
	}
	run(t, u.Root, "", "utuser", "-a", "T1,,,X").want(t, 0)
	run(t, u.Root, next+"\n", "utpw", "-w", "-").want(t, 0, "has this password already")
	u.Stop(t)
	run(t, u.Root, "another\n", "utpw", "-w", "-").want(t, 1, "is not running")
	if read(t, file) != next+"\n" {
		t.Error("without the data store the file was changed")
	}
}

func TestOtherPasswordOfTheAdministratorStays(t *testing.T) {
	u := harness.StartUtdsd(t, harness.Options{Plain: true, Config: []harness.Setting{{Table: "admin", Key: "password", Value: "of-its-own"}}})
	conf := filepath.Join(u.Root, harness.ConfigFile)
	before := read(t, conf)
	run(t, u.Root, next+"\n", "utpw", "-w", "-").want(t, 0, "cn=admin,o=utdata has a password of its own, which stays as it is")
	if read(t, conf) != before || accepts(t, u, u.Endpoint().UtadminDN()) != next {
		t.Error("the configuration was changed, or the entry was not")
	}
}

func TestPasswordOnASecondary(t *testing.T) {
	g, primary, secondary := pair(t)
	run(t, secondary.Root, next+"\n", "utpw", "-w", "-").want(t, 0, farm+" has the new password.")
	g.AwaitLevel(t, primary, secondary)
	// The primary's own files are next.
	run(t, primary.Root, "", "utuser", "-l").want(t, 1, "log in as", "utadmin.pw is not the one of the data store", "run utpw with the new one here")
	run(t, primary.Root, next+"\n", "utpw", "-w", "-").want(t, 0, farm+" has this password already.", "cn=admin,o=utdata has the new password", "utadmin.pw has the new password")
	for _, m := range []string{primary.Root, secondary.Root} {
		run(t, m, "", "utuser", "-l").want(t, 0)
		if read(t, filepath.Join(m, passwordFile)) != next+"\n" {
			t.Errorf("%s has another password", m)
		}
	}
}

// seated runs a program whose input and errors are a terminal.
func seated(t *testing.T, root, program string, args ...string) (*harness.Terminal, *exec.Cmd) {
	t.Helper()
	terminal := harness.NewTerminal(t)
	cmd := command(t, root, program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = terminal.Program, terminal.Program, terminal.Program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return terminal, cmd
}

func TestPasswordIsAskedForTwiceAndNotShown(t *testing.T) {
	u := harness.StartUtdsd(t, harness.Options{Plain: true})
	terminal, cmd := seated(t, u.Root, "utpw")
	for _, answer := range []struct{ question, text string }{
		{"new administration password: ", ""}, {"is empty.\r\nnew administration password: ", next}, {"password again: ", "not-the-same"},
		{"not the same.\r\nnew administration password: ", next}, {"password again: \r\nThey are not the same.\r\nnew administration password: \r\nnew administration password again: ", next},
	} {
		terminal.Await(t, answer.question)
		terminal.Type(t, answer.text+"\n")
	}
	terminal.Await(t, "utadmin.pw has the new password.")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	terminal.Hangup()
	if screen := terminal.Wait(); strings.Contains(screen, next) || strings.Contains(screen, "not-the-same") {
		t.Errorf("the password is shown:\n%s", screen)
	}
	if accepts(t, u, u.Endpoint().UtadminDN()) != next {
		t.Error("the password was not changed")
	}
	run(t, u.Root, "", "utpw").want(t, 2, "standard input is no terminal; give -w FILE")
}

func TestCurrentPasswordIsAskedForIfTheFileHasAnother(t *testing.T) {
	u := harness.StartUtdsd(t, harness.Options{Plain: true})
	if err := os.WriteFile(filepath.Join(u.Root, passwordFile), []byte("forgotten\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, u.Root, next+"\n", "utpw", "-w", "-").want(t, 1, "nothing was changed: run utpw on a terminal")
	file := write(t, "new", next+"\n")
	for _, c := range []struct{ typed, says string }{{"wrong", "not the current password, and nothing was changed"}, {harness.Password, "utadmin.pw has the new password."}} {
		terminal, cmd := seated(t, u.Root, "utpw", "-w", file)
		terminal.Await(t, "current administration password: ")
		terminal.Type(t, c.typed+"\n")
		terminal.Await(t, c.says)
		_ = cmd.Wait() // the text tells how it ended
	}
	if accepts(t, u, u.Endpoint().UtadminDN()) != next {
		t.Error("the password was not changed")
	}
}

func TestInterruptedQuestionLeavesATerminalThatEchoes(t *testing.T) {
	u := harness.StartUtdsd(t, harness.Options{Plain: true})
	terminal, cmd := seated(t, u.Root, "utpw")
	terminal.Await(t, "new administration password: ")
	terminal.Type(t, "sec\x03") // Ctrl-C
	if err := cmd.Wait(); err == nil {
		t.Error("it did not end")
	}
	terminal.Type(t, "visible")
	terminal.Await(t, "visible")
	if accepts(t, u, u.Endpoint().UtadminDN()) != harness.Password {
		t.Error("the password was changed")
	}
}

func TestGroupSignature(t *testing.T) {
	u := harness.StartUtdsd(t, harness.Options{Plain: true})
	path := filepath.Join(u.Root, signatureFile)
	first := read(t, path)
	print := regexp.MustCompile(`\b[0-9a-f]{4}-[0-9a-f]{4}\b`)
	shown := run(t, u.Root, "", "utgroupsig", "-l").want(t, 0).out
	if !regexp.MustCompile(`^[0-9a-f]{4}-[0-9a-f]{4}\n$`).MatchString(shown) {
		t.Errorf("fingerprint %q", shown)
	}
	// Another one is taken by the server that is running; the first one is kept.
	r := run(t, u.Root, "signature of the group\nmore\n", "utgroupsig", "-w", "-").want(t, 0, "The one before is in "+path+".bak", "uses it from now on")
	if read(t, path) != "signature of the group\n" || read(t, path+".bak") != first || mode(t, path) != 0o600 || mode(t, path+".bak") != 0o600 {
		t.Error("the signature or its backup")
	}
	told := print.FindString(r.out)
	if now := run(t, u.Root, "", "utgroupsig", "-l").out; now == shown || strings.TrimSpace(now) != told {
		t.Errorf("fingerprints %q, %q, %q", shown, now, told)
	}
	run(t, u.Root, "signature of the group", "utgroupsig", "-w", "-").want(t, 0, "is this one already")
	if read(t, path+".bak") != first {
		t.Error("the backup was replaced by the same signature")
	}
	run(t, u.Root, "\n", "utgroupsig", "-w", "-").want(t, 1, "read a group signature: the first line is empty")
	run(t, u.Root, "", "utgroupsig", "-w", filepath.Join(u.Root, "none")).want(t, 1, "read a group signature: ", "no such file or directory; name a file whose first line it is")
	run(t, u.Root, "\ufeffsignature of the group\r\n", "utgroupsig", "-w", "-").want(t, 0, "is this one already")
	run(t, u.Root, "short\n", "utgroupsig", "-w", "-").want(t, 1, "nothing was changed", "5 characters")
	run(t, u.Root, "", "utgroupsig", "-g", "-l").want(t, 2, "do not belong together")
	run(t, u.Root, "", "utgroupsig").want(t, 2, "no terminal")
	if run(t, u.Root, "", "utgroupsig", "-g").want(t, 0); len(read(t, path)) != 65 || read(t, path+".bak") != "signature of the group\n" {
		t.Error("the signature made by chance, or the backup")
	}
	// Typed on another server it is the same one.
	other := t.TempDir()
	if err := os.MkdirAll(filepath.Join(other, filepath.Dir(signatureFile)), 0o755); err != nil {
		t.Fatal(err)
	}
	terminal, cmd := seated(t, other, "utgroupsig")
	terminal.Await(t, "group signature: ")
	terminal.Type(t, "signature of the group\n")
	terminal.Await(t, "group signature again: ")
	terminal.Type(t, "signature of the group\n")
	terminal.Await(t, told)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
