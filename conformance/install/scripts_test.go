package install

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const sbin = "/opt/SUNWut/sbin/"

// user is a token with its owner, as utuser takes them.
const user = "MicroPayflex.00004f8c65000100,localhost,7007,John Smith,E421"

// pidOf is the process of the running server.
func (m *machine) pidOf(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(m.run(t, "cat /var/opt/SUNWut/srds/utdsd.pid"))
}

// withoutSystemd is the life of the package on a machine with init scripts.
func withoutSystemd(t *testing.T, shared string) {
	m := newMachine(t, shared)
	first, second := file(t, shared, "1.0"), file(t, shared, "1.1")
	m.run(t, "dpkg --force-unsafe-io -i "+first, "The next step is /opt/SUNWut/sbin/utconfig")
	m.run(t, "getent passwd utdsd", "/var/opt/SUNWut/srds:/usr/sbin/nologin")
	m.want(t, 3, "/etc/init.d/utdsd status", "not running")
	m.run(t, "/etc/init.d/utdsd start", "not set up")
	m.want(t, 1, sbin+"utstart", "not set up", "utconfig")
	m.run(t, "man -w utuser; PATH=/opt/SUNWut/sbin:$PATH man -w utdsd; man -M /opt/SUNWut/man -w utldbmcat; man utconfig | cat",
		"/utuser.8", "/utdsd.8", "/utldbmcat.8", "UTCONFIG(8)", "failover group")

	m.run(t, "mkdir -p /etc/opt/SUNWut; echo other >/etc/opt/SUNWut/other")
	m.run(t, sbin+"utconfig -y -w "+share+"/password", "Added 14 new LDAP entries.", "Restarting Sun Ray Data Store ...",
		"Sun Ray Data Store daemon started", "Configuration of Sun Ray Data Store has completed.")
	ownership(t, m)
	m.run(t, "ldapsearch -x -LLL -H ldap://127.0.0.1:7012 -b o=utdata -s base", "dn: o=utdata")
	m.run(t, sbin+`utuser -a "`+user+`"`, "Added 1 user.")
	scripts(t, m)
	restore(t, m)
	upgrade(t, m, second)
	remove(t, m, second)
}

// ownership looks at whom things belong to while the server runs.
func ownership(t *testing.T, m *machine) {
	m.run(t, "ps -o user= -p "+m.pidOf(t), "utdsd")
	for path, want := range map[string]string{
		"/var/opt/SUNWut/srds":                     "utdsd utdsd 755",
		"/var/opt/SUNWut/srds/log":                 "utdsd utdsd 750",
		"/var/opt/SUNWut/srds/log/utdsd.log":       "utdsd utdsd 640",
		"/var/opt/SUNWut/srds/dbm.ut":              "utdsd utdsd 700",
		"/var/opt/SUNWut/srds/dbm.ut/id2entry.dbb": "utdsd utdsd 600",
		"/var/opt/SUNWut/srds/dbm.ut/ldapi":        "utdsd utdsd 600",
		"/etc/opt/SUNWut/srds/utdsd.toml":          "utdsd utdsd 600",
		"/etc/opt/SUNWut/gmSignature":              "utdsd utdsd 600",
		"/etc/opt/SUNWut/utadmin.pw":               "root root 600",
		"/etc/opt/SUNWut/utadmin.conf":             "root root 644",
		"/etc/opt/SUNWut/srds":                     "root root 755",
	} {
		if got := strings.TrimSpace(m.run(t, "stat -c '%U %G %a' "+path)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	// Root's tools use the socket; what they write anew stays the server's.
	m.run(t, sbin+"utgstatus", "members total")
	m.run(t, sbin+"utgroupsig -g; stat -c '%U %a' /etc/opt/SUNWut/gmSignature", "utdsd 600")
}

// scripts is what an administrator and the machine's start and end do.
func scripts(t *testing.T, m *machine) {
	before := m.pidOf(t)
	m.run(t, "/etc/init.d/utdsd status", "process "+before)
	m.run(t, "/etc/init.d/utdsd start", "running already")
	m.run(t, "/etc/init.d/utdsd reload")
	m.run(t, "invoke-rc.d utdsd restart", "stopped", "started")
	if m.pidOf(t) == before {
		t.Error("restarted, and the process is the same")
	}
	m.run(t, sbin+"utstart -c", "stopped", "started")
	m.run(t, "/etc/init.d/utdsd stop", "stopped")
	m.run(t, "/etc/init.d/utdsd stop", "is not running")
	m.want(t, 3, "/etc/init.d/utdsd status")
	m.run(t, "ls /etc/rc2.d /etc/rc0.d", "S01utdsd", "K01utdsd")
	m.want(t, 2, "/etc/init.d/utdsd", "Usage")
	m.run(t, "invoke-rc.d utdsd start", "started")
	m.run(t, "pid="+m.pidOf(t)+"; kill -9 $pid; while kill -0 $pid; do sleep 0.1; done 2>&1")
	m.want(t, 1, "/etc/init.d/utdsd status") // dead, and its file is left
	m.run(t, sbin+"utstart", "was left behind", "started")
}

// restore is the guide's: the dump of a server that runs, loaded by root.
func restore(t *testing.T, m *machine) {
	m.run(t, `umask 077
/opt/SUNWut/srds/lib/utldbmcat /var/opt/SUNWut/srds/dbm.ut/id2entry.dbb > /tmp/store
/opt/SUNWut/sbin/utstop
/opt/SUNWut/srds/lib/utldif2ldbm -c -j 10 -i /tmp/store
/opt/SUNWut/sbin/utstart -c
/opt/SUNWut/sbin/utuser -l`, "John Smith", "1 tokens total.")
	m.run(t, "ps -o user= -p "+m.pidOf(t), "utdsd")
}

// upgrade keeps the data and what the administrator changed.
func upgrade(t *testing.T, m *machine, next string) {
	before := m.pidOf(t)
	m.run(t, "echo '# mine' >>/etc/logrotate.d/utdsd; dpkg --force-unsafe-io -i "+next)
	if m.pidOf(t) == before {
		t.Error("upgraded, and the old program runs")
	}
	m.run(t, "tail -n 1 /etc/logrotate.d/utdsd", "# mine")
	m.run(t, sbin+"utuser -l", "John Smith")
	ownership(t, m)
	m.run(t, sbin+"utstop; dpkg --force-unsafe-io -i "+next)
	m.want(t, 3, "/etc/init.d/utdsd status") // stopped before, stopped after
	m.run(t, sbin+"utstart")
}

// remove takes the programs and leaves the data; purge leaves nothing.
func remove(t *testing.T, m *machine, again string) {
	pid := m.pidOf(t)
	m.run(t, "dpkg --remove utdsd", "stopped")
	m.want(t, 1, "kill -0 "+pid)
	m.want(t, 2, "ls /opt/SUNWut")
	m.run(t, "/etc/init.d/utdsd start") // as at the next start of the machine
	m.run(t, "ls /var/opt/SUNWut/srds/dbm.ut /etc/opt/SUNWut", "id2entry.dbb", "gmSignature", "utadmin.pw")
	m.run(t, "dpkg --force-unsafe-io -i "+again, "started")
	m.run(t, sbin+"utuser -l", "John Smith")
	m.run(t, "dpkg --purge utdsd")
	left := m.run(t, `find /opt /etc /var /usr /run -xdev \( -path '*SUNWut*' -o -name '*utdsd*' \) ! -path '/var/cache/man/*' ! -path '/var/lib/dpkg/*'`)
	if strings.TrimSpace(left) != "/etc/opt/SUNWut\n/etc/opt/SUNWut/other" {
		t.Errorf("left behind:\n%s", left)
	}
	m.want(t, 2, "getent passwd utdsd")
	m.want(t, 1, "pgrep -x utdsd")
}

func TestInstallWithoutPackageMakesTheAccount(t *testing.T) {
	shared := t.TempDir()
	command(t, nil, "cp", "-r", "deploy", shared)
	command(t, nil, "cp", "-r", filepath.Dir(harness.Binary(t, "utdsd")), filepath.Join(shared, "programs"))
	m := newMachine(t, shared)
	install := share + "/deploy/install.sh " + share + "/programs"
	m.run(t, install, "The next step is /opt/SUNWut/sbin/utconfig")
	m.run(t, "umask 077; echo "+harness.Password+" | "+sbin+"utconfig -y -w -", "daemon started", "has completed")
	ownership(t, m)
	ours := "/etc/opt/SUNWut /etc/opt/SUNWut/srds /etc/opt/SUNWut/srds/schema /var/opt/SUNWut /var/opt/SUNWut/srds "
	m.run(t, sbin+"utstop; chmod 700 "+ours) // as an older release has left them
	m.run(t, "umask 077; "+sbin+"utstart", "daemon started")
	ownership(t, m)
	m.run(t, "setpriv --reuid=65534 --regid=65534 --clear-groups cat /etc/opt/SUNWut/utadmin.conf", "port = 7012")
	m.run(t, install+"; "+sbin+"utrestart; "+sbin+"utuser -l", "0 tokens total.") // over a server that runs
}
