package install

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const signature = "Signature-of-the-farm"

// dialogue is utconfig on a terminal, and who answers it.
type dialogue struct {
	t        *testing.T
	terminal *harness.Terminal
	done     chan error
}

// utconfig starts the program on a terminal.
func utconfig(t *testing.T, args ...string) *dialogue {
	t.Helper()
	d := &dialogue{t, harness.NewTerminal(t), make(chan error, 1)}
	cmd := exec.Command(harness.Binary(t, "utconfig"), args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = d.terminal.Program, d.terminal.Program, d.terminal.Program
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { d.done <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return d
}

// answer waits for a question and answers it.
func (d *dialogue) answer(question, text string) {
	d.t.Helper()
	d.terminal.Await(d.t, question)
	d.terminal.Type(d.t, text+"\n")
}

// secret is answer for what must not be seen: it is typed when the terminal does
// not show it any more.
func (d *dialogue) secret(question, text string) {
	d.t.Helper()
	d.terminal.Await(d.t, question)
	for deadline := time.Now().Add(within); ; time.Sleep(time.Millisecond) {
		state, err := unix.IoctlGetTermios(int(d.terminal.Program.Fd()), unix.TCGETS)
		if err != nil {
			d.t.Fatal(err)
		}
		if state.Lflag&unix.ECHO == 0 {
			break
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("what is typed after %q is shown", question)
		}
	}
	d.terminal.Type(d.t, text+"\n")
}

// end waits for the end of the program and gives all that the terminal showed.
func (d *dialogue) end(code int) string {
	d.t.Helper()
	err := <-d.done
	d.terminal.Hangup()
	screen := strings.ReplaceAll(d.terminal.Wait(), "\r\n", "\n")
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	}
	if got != code {
		d.t.Errorf("exit status %d, want %d", got, code)
	}
	for _, hidden := range []string{harness.Password, signature} {
		if strings.Contains(screen, hidden) {
			d.t.Errorf("%q is shown", hidden)
		}
	}
	if d.t.Failed() {
		d.t.Logf("the terminal:\n%s", screen)
	}
	return screen
}

// shows fails the test unless the texts are on the screen, in this order.
func shows(t *testing.T, screen string, texts ...string) {
	t.Helper()
	rest := screen
	for _, text := range texts {
		_, after, ok := strings.Cut(rest, text)
		if !ok {
			t.Fatalf("no %q, or not in its place, in\n%s", text, screen)
		}
		rest = after
	}
}

// content is that of a file of mode 0600.
func content(t *testing.T, root, name string) string {
	t.Helper()
	path := filepath.Join(root, name)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("%s has mode %o", name, info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDialogueSetsUpAServer(t *testing.T) {
	defer unix.Umask(unix.Umask(0))
	root := t.TempDir()
	d := utconfig(t, "-R", root, "-port", "7112")
	d.answer("Continue ([y]/n)? ", "")
	d.secret("Enter Sun Ray admin password: ", harness.Password)
	d.secret("Re-enter Sun Ray admin password: ", harness.Password)
	d.answer("Configure this server for a failover group? (y/[n])? ", "y")
	d.answer("Enter failover group name [", "farm")
	d.secret("Enter signature: ", signature)
	d.secret("Re-enter signature: ", signature)
	d.answer("SRDS 'rootdn': cn=admin,o=utdata", "y")
	shows(t, d.end(0), "Configuration of Sun Ray Core Services Software",
		"About to configure the following software products:", "Port: 7112", "password: (not shown)",
		"Failover group: yes", "Group name: farm", "Group signature: (not shown)", "Continue ([y]/n)? ",
		"Updating Sun Ray Data Store schema ...", "Updating Sun Ray Data Store ACL's ...", "Creating Sun Ray Data Store ...",
		"Loading Sun Ray Data Store ...", "Added 14 new LDAP entries.", "has completed.")
	if got := content(t, root, "etc/opt/SUNWut/gmSignature"); got != signature+"\n" {
		t.Errorf("signature %q", got)
	}
	if got := content(t, root, "etc/opt/SUNWut/utadmin.pw"); got != harness.Password+"\n" {
		t.Error("the password is another one")
	}
	if text := content(t, root, harness.ConfigFile); strings.Contains(text, harness.Password) || !strings.Contains(text, "utname=farm,") {
		t.Error("the configuration has the clear password, or another group")
	}
	content(t, root, harness.StoreFile)
}

func TestWrongAnswersAreAskedForAgain(t *testing.T) {
	root := t.TempDir()
	d := utconfig(t, "-R", root)
	d.answer("Continue ([y]/n)? ", "perhaps")
	d.answer("Answer y or n.", "y")
	d.secret("Enter Sun Ray admin password: ", "")
	d.secret("cannot be used: it is empty.\r\nEnter Sun Ray admin password: ", harness.Password)
	d.secret("Re-enter Sun Ray admin password: ", "something else")
	d.secret("They are not the same.\r\nEnter Sun Ray admin password: ", harness.Password)
	d.secret("They are not the same.\r\nEnter Sun Ray admin password: \r\nRe-enter Sun Ray admin password: ", harness.Password)
	d.answer("failover group? (y/[n])? ", "y")
	d.answer("Enter failover group name [", "two words")
	d.answer("the first also . - _.\r\nEnter failover group name [", "")
	d.secret("Without one one is generated.\r\nEnter signature: ", "short")
	d.secret("it has 5 characters; 8 to 1024 are wanted.\r\nEnter signature: ", "")
	d.secret("Re-enter signature: ", "")
	d.answer("Group signature: generated", "n")
	shows(t, d.end(1), "not gone on with, and nothing was changed")
	if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestServerThatIsSetUpKeepsItsDataUntilItIsRemoved(t *testing.T) {
	root := harness.NewUtdsd(t, harness.Options{Plain: true}).Root
	store := content(t, root, harness.StoreFile)
	if out, err := exec.Command(harness.Binary(t, "utreplica"), "-R", root, "-p", "127.0.0.1:1", "127.0.0.1:2").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	d := utconfig(t, "-R", root)
	d.answer("WARNING: the data store is set up already.", "y")
	d.answer("failover group? (y/[n])? ", "")
	d.answer("Failover group: yes, primary of 127.0.0.1:1, 127.0.0.1:2", "n")
	d.end(1)
	d = utconfig(t, "-R", root)
	d.answer("WARNING: the data store is set up already.", "y")
	d.answer("failover group? (y/[n])? ", "y")
	d.secret("Without one the present one is kept.\r\nEnter signature: ", signature)
	d.secret("Re-enter signature: ", signature)
	d.answer("Data: kept, ", "")
	shows(t, d.end(0), "Continue (y/[n])? ", "Group name: "+harness.Group, "has been installed", "its data is as it was")
	if content(t, root, harness.StoreFile) != store {
		t.Error("the store was changed")
	}
	content(t, root, "etc/opt/SUNWut/gmSignature.bak")

	d = utconfig(t, "-R", root, "-u")
	d.answer("Continue (y/[n])? ", "")
	shows(t, d.end(1), "About to stop the data store", "nothing was changed")
	d = utconfig(t, "-R", root, "-u")
	d.answer("Continue (y/[n])? ", "y")
	shows(t, d.end(0), "Removing Sun Ray Data Store configuration ...", "has been removed")
	if content(t, root, harness.StoreFile+".previous") != store || content(t, root, "etc/opt/SUNWut/gmSignature.bak") != signature+"\n" {
		t.Error("the data or the signature is not kept")
	}
	for _, name := range []string{harness.StoreFile, harness.ConfigFile, "etc/opt/SUNWut/utadmin.pw", "etc/opt/SUNWut/utadmin.conf"} {
		if _, err := os.Lstat(filepath.Join(root, name)); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
	shows(t, utconfig(t, "-R", root, "-u").end(0), "there is nothing to remove")
	shows(t, utconfig(t, "-R", root, "-u", "-purge", "-y").end(0), "has been removed")
	if left, err := exec.Command("find", root, "-type", "f", "-path", "*SUNWut*").Output(); err != nil || len(left) > 0 {
		t.Errorf("left after -purge: %s %v", left, err)
	}
}

func TestAnswersComeFromAFileToo(t *testing.T) {
	root := t.TempDir()
	cmd := exec.Command(harness.Binary(t, "utconfig"), "-R", root, "-group", "farm")
	cmd.Stdin = strings.NewReader("y\n" + harness.Password + "\n" + harness.Password + "\nyes\n" + signature + "\n" + signature + "\ny\n")
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), harness.Password) || strings.Contains(string(out), signature) {
		t.Errorf("%v\n%s", err, out)
	}
	if got := content(t, root, "etc/opt/SUNWut/gmSignature"); got != signature+"\n" {
		t.Errorf("signature %q", got)
	}
	cmd = exec.Command(harness.Binary(t, "utconfig"), "-R", t.TempDir())
	cmd.Stdin = strings.NewReader("y\n")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "nothing was changed") {
		t.Errorf("the answers end early: %v\n%s", err, out)
	}
}
