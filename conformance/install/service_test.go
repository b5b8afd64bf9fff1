package install

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// root is a folder of a machine with a server of its own, which the built
// programs, in the share, serve.
const root = "/tmp/ray"

// newServer is a machine with a server set up below root, and another one below
// other on its own ports.
func newServer(t *testing.T) *machine {
	t.Helper()
	m := newMachine(t, filepath.Dir(harness.Binary(t, "utdsd")))
	m.run(t, setUp(root, "7012")+setUp(other, "7112"))
	return m
}

// other is the folder of the second server.
const other = "/tmp/other"

// setUp is the script that sets up a server without metrics.
func setUp(root, port string) string {
	return "echo " + harness.Password + " | " + share + "/utconfig -R " + root + " -y -w - -group farm -port " + port + "\n" +
		`sed -i 's/^#metrics = .*/metrics = ""/' ` + root + "/etc/opt/SUNWut/srds/utdsd.toml\n"
}

// tool is the command line of a program for the server below root.
func tool(name, root string) string { return share + "/" + name + " -R " + root + " " }

// pid is the command line that prints the process of a server.
func pid(root string) string { return "cat " + root + "/var/opt/SUNWut/srds/utdsd.pid" }

func TestStartAndStopWaitAndSaySo(t *testing.T) {
	m := newServer(t)
	m.want(t, 1, tool("utstart", "/tmp/none"), "not set up", "utconfig")
	m.want(t, 1, tool("utstop", "/tmp/none"), "not set up", "name another root with -R")
	m.want(t, 1, tool("utrestart", "/tmp/none"), "not set up")
	m.run(t, tool("utstop", root), "is not running")
	m.want(t, 2, tool("utstart", root)+"now", "unexpected argument")
	m.want(t, 2, tool("utstop", root)+"-c", "utstop -h")

	// Nobody has to wait for the server after utstart has ended.
	m.run(t, tool("utstart", root)+"; ldapsearch -x -LLL -H ldap://127.0.0.1:7012 -b '' -s base namingContexts",
		"Starting Sun Ray Data Store daemon .", "Sun Ray Data Store daemon started (process ", "namingContexts: o=utdata")
	before := strings.TrimSpace(m.run(t, pid(root)))
	m.run(t, tool("utstart", root), "running already (process "+before+")")
	if session := strings.TrimSpace(m.run(t, "ps -o sid= -p "+before)); session != before {
		t.Errorf("process %s is of session %s: it ends with a terminal", before, session)
	}
	m.run(t, tool("utstart", root)+"-c", "Stopping Sun Ray Data Store daemon", "Sun Ray Data Store daemon stopped", "started")
	m.run(t, tool("utrestart", root), "stopped", "started")
	m.run(t, tool("utrestart", root)+"-c", "stopped", "started")
	m.run(t, tool("utstop", root)+"; ! ldapsearch -x -H ldap://127.0.0.1:7012 -b '' -s base 2>/dev/null", "stopped")
	m.run(t, tool("utrestart", root), "is not running", "started")
	m.run(t, "stat -c %a "+root+"/var/opt/SUNWut/srds/log/utdsd.log", "640")

	// Somebody else may not use the local socket, and does not wait for it.
	other := "timeout 20 setpriv --reuid=65534 --regid=65534 --clear-groups "
	m.run(t, "chmod 755 "+root+"; "+other+tool("utstart", root), "running already")
	m.want(t, 1, other+tool("utstop", root), "operation not permitted: run it as root")
}

func TestServerThatDoesNotStartSaysWhy(t *testing.T) {
	m := newServer(t)
	m.run(t, tool("utstart", root))
	m.run(t, `sed -i 's/7112/7012/' `+other+"/etc/opt/SUNWut/srds/utdsd.toml")
	m.want(t, 1, tool("utstart", other), "utdsd did not start: cannot listen on ldap://", "in use")
	m.run(t, "echo 'nonsense = 1' >"+other+"/etc/opt/SUNWut/srds/utdsd.toml")
	m.want(t, 1, tool("utstart", other), "utdsd did not start: ", "unknown key nonsense")
	m.run(t, tool("utstop", other), "is not running")
	m.run(t, tool("utstart", root), "running already")
}

func TestProcessOfAnotherProgramIsLeftAlone(t *testing.T) {
	m := newServer(t)
	file := root + "/var/opt/SUNWut/srds/utdsd.pid"
	m.run(t, "sleep 1000 >/dev/null 2>&1 & echo $! >"+file)
	sleeper := strings.TrimSpace(m.run(t, "cat "+file))
	m.run(t, tool("utstop", root)+"; kill -0 "+sleeper, "was left behind", "is sleep", "is not running")
	m.run(t, tool("utstart", root)+"; kill -0 "+sleeper, "started")
	m.run(t, tool("utstop", root), "stopped")

	// Nor is the utdsd of another server taken for its own.
	m.run(t, tool("utstart", other))
	m.run(t, pid(other)+" >"+file)
	m.run(t, tool("utstop", root)+"; "+tool("utstart", other), "not the utdsd of this server", "is not running", "running already")
	m.run(t, tool("utstart", root), "started")

	// A full disk keeps the server from writing the file; it is found all the same.
	m.run(t, "rm "+file+"; "+tool("utstart", root), "running already")
	m.run(t, "echo nonsense >"+file+"; "+tool("utstop", root), "no process id", "stopped")
	m.run(t, tool("utstart", other), "running already")
}

func TestServersStartedAtOnceAreOne(t *testing.T) {
	m := newServer(t)
	m.run(t, "for n in 1 2 3 4; do "+tool("utstart", root)+"& pids=\"$pids $!\"; done; for p in $pids; do wait $p; done", "daemon started")
	if n := strings.TrimSpace(m.run(t, "pgrep -c -x utdsd")); n != "1" {
		t.Errorf("%s servers", n)
	}
}

func TestServerThatHangsIsKilled(t *testing.T) {
	t.Parallel() // it is waited for longer than a server needs to end
	m := newServer(t)
	m.run(t, tool("utstart", root)+"; kill -STOP $("+pid(root)+")")
	m.run(t, tool("utstop", root), "did not end within", "is killed", "stopped")
	m.run(t, tool("utstart", root), "was left behind", "started")
}

func TestServerSetUpOnTheMachineItselfIsStarted(t *testing.T) {
	m := newMachine(t, filepath.Dir(harness.Binary(t, "utdsd")))
	password := "echo " + harness.Password + " | "
	utconfig := share + "/utconfig "
	m.run(t, password+utconfig+"-y -n -w -", "has completed")
	m.run(t, share+"/utstop", "is not running")
	m.run(t, password+utconfig+"-y -w -", "has been kept", "Restarting Sun Ray Data Store ...", "started", "its data is as it was")
	m.run(t, password+utconfig+"-y -w -", "running already")
	m.want(t, 1, password+utconfig+"-y -force -w -", "in use and nothing was changed")
	m.run(t, utconfig+"-u -y", "Sun Ray Data Store daemon stopped", "id2entry.dbb.previous", "has been removed")
	m.want(t, 1, share+"/utstart", "not set up")

	// What fails is never told as done: here another program has the port.
	m.run(t, share+"/utstart -R /tmp/none 2>/dev/null || true; "+setUp(other, "7012")+tool("utstart", other))
	out := m.want(t, 1, password+utconfig+"-y -w -", "everything is written, but the data store does not run", "in use")
	if strings.Contains(out, "has completed") {
		t.Errorf("claims to be done:\n%s", out)
	}
	m.want(t, 1, "setpriv --reuid=65534 --clear-groups "+share+"/utstop", "only root may")
}

func TestSecondServerIsAFitMember(t *testing.T) {
	m := newServer(t)
	signature := root + "/etc/opt/SUNWut/gmSignature"
	m.run(t, tool("utconfig", other)+"-u -y")
	m.run(t, setUp(other, "7112")+tool("utgroupsig", other)+"-w "+signature)
	m.run(t, tool("utstart", root)+"; "+tool("utstart", other))
	m.run(t, tool("utreplica", root)+"-p 127.0.0.1:7112", "primary of 1 secondary")
	m.run(t, tool("utreplica", other)+"-s 127.0.0.1:7012", "level with")
	m.run(t, tool("utuser", root)+`-a "`+user+`"`, "Added 1 user.")
	m.run(t, "timeout 30 sh -c 'until "+tool("utuser", other)+"-l | grep John; do sleep 0.1; done'", "John Smith")
	m.run(t, tool("utgstatus", other), "127.0.0.1:7012", "primary", "secondary", "level", "2 members total.")
	m.run(t, tool("utgstatus", root)+"-j", `"role": "secondary"`, `"reachable": true`)
	m.run(t, tool("utstop", other))
	m.run(t, tool("utgstatus", root), "out of reach", "connection refused")
	m.want(t, 1, tool("utgstatus", other), "utdsd is not running", "its role is secondary of 127.0.0.1:7012", "utstart")

	// A host that nobody knows, and one that nobody can be asked about.
	m.run(t, "echo 'hosts: files' >/etc/nsswitch.conf")
	m.want(t, 1, tool("utreplica", root)+"-a nowhere", "the host nowhere is unknown", "nothing was changed", "look at its name")
	m.run(t, tool("utreplica", other)+"-u")
	m.want(t, 1, tool("utreplica", other)+"-s nowhere:7012", "the host nowhere is unknown", "nothing was changed")
	m.run(t, "echo 'hosts: dns' >/etc/nsswitch.conf; rm -f /etc/resolv.conf; echo 'nameserver 127.0.0.1' >/etc/resolv.conf")
	m.want(t, 1, tool("utreplica", root)+"-a nowhere", "look up the host nowhere", "nothing was changed")
	m.run(t, tool("utreplica", root)+"-l", "primary of 127.0.0.1:7112\n")
}
