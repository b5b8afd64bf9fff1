package install

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// bySystemd is the life of the package on a machine that systemd runs.
func bySystemd(t *testing.T, shared string) {
	m := bootMachine(t, shared)
	m.run(t, "dpkg --force-unsafe-io -i "+file(t, shared, "1.0"), "The next step is")
	m.run(t, "systemd-analyze verify /usr/lib/systemd/system/utdsd.service")
	m.run(t, "systemctl is-enabled utdsd", "enabled")
	m.run(t, "systemctl start utdsd") // not set up: skipped, no failure
	m.want(t, 3, "systemctl is-active utdsd", "inactive")

	m.run(t, sbin+"utconfig -y -w "+share+"/password", "Sun Ray Data Store daemon started", "has completed")
	m.run(t, "systemctl is-active utdsd", "active")
	m.run(t, "systemctl show -p Type -p User -p StatusErrno utdsd", "Type=notify", "User=utdsd")
	m.run(t, "ldapsearch -x -LLL -H ldap://127.0.0.1:7012 -b o=utdata -s base", "dn: o=utdata")
	m.run(t, sbin+`utuser -a "`+user+`"`, "Added 1 user.")
	m.run(t, "cat /var/opt/SUNWut/srds/log/utdsd.log", "listening on ldap://")
	m.run(t, "systemctl reload utdsd; systemctl is-active utdsd", "active")
	hardened(t, m)

	m.run(t, sbin+"utstart", "running already")
	m.run(t, sbin+"utstop", "stopped")
	m.want(t, 3, "systemctl is-active utdsd", "inactive")
	m.run(t, sbin+"utstop", "is not running")
	m.run(t, sbin+"utstart -c", "started")
	m.run(t, sbin+"utrestart", "stopped", "started")
	m.run(t, "systemctl is-active utdsd", "active")
	m.run(t, `umask 077
/opt/SUNWut/srds/lib/utldbmcat /var/opt/SUNWut/srds/dbm.ut/id2entry.dbb > /tmp/store
/opt/SUNWut/sbin/utstop
/opt/SUNWut/srds/lib/utldif2ldbm -c -j 10 -i /tmp/store
/opt/SUNWut/sbin/utstart -c
/opt/SUNWut/sbin/utuser -l`, "John Smith", "1 tokens total.")

	before := m.pidOf(t)
	m.run(t, "dpkg --force-unsafe-io -i "+file(t, shared, "1.1"))
	if m.pidOf(t) == before {
		t.Error("upgraded, and the old program runs")
	}
	m.run(t, sbin+"utuser -l", "John Smith")
	m.run(t, "kill -9 "+m.pidOf(t)+"; timeout 30 sh -c 'until /opt/SUNWut/sbin/utuser -l; do sleep 0.1; done' 2>&1", "John Smith")

	// A unit that is not to start with the machine is not for systemd.
	m.run(t, sbin+"utstop; systemctl disable utdsd 2>&1")
	m.run(t, sbin+"utstart", "started")
	m.want(t, 3, "systemctl is-active utdsd", "inactive")
	m.run(t, sbin+"utstop", "stopped")
	m.run(t, "systemctl enable utdsd 2>&1; "+sbin+"utstart; dpkg --remove utdsd")
	m.want(t, 1, "pgrep -x utdsd")
	m.run(t, "ls /var/opt/SUNWut/srds/dbm.ut", "id2entry.dbb")
	m.run(t, "dpkg --purge utdsd; systemctl daemon-reload")
	m.want(t, 2, "ls /var/opt/SUNWut")
	m.run(t, "systemctl list-unit-files 'utdsd*' || true", "0 unit files")
}

// hardened looks at what the kernel and systemd make of the unit.
func hardened(t *testing.T, m *machine) {
	status := m.run(t, "cat /proc/"+m.pidOf(t)+"/status", "NoNewPrivs:\t1", "Seccomp:\t2")
	capabilities := regexp.MustCompile(`CapBnd:\s*([0-9a-f]+)`).FindStringSubmatch(status)
	if capabilities == nil || strings.TrimLeft(capabilities[1], "0") != "400" { // CAP_NET_BIND_SERVICE
		t.Errorf("capabilities %v", capabilities)
	}
	table := m.run(t, "systemd-analyze security --no-pager utdsd.service")
	level := regexp.MustCompile(`exposure level for utdsd.service: ([0-9.]+)`).FindStringSubmatch(table)
	if level == nil {
		t.Fatalf("no exposure level in\n%s", table)
	}
	if exposure, err := strconv.ParseFloat(level[1], 64); err != nil || exposure > 2 {
		t.Errorf("exposure %s, want 2.0 at most\n%s", level[1], table)
	}
	mounts := m.run(t, "cat /proc/"+m.pidOf(t)+"/mountinfo")
	if !regexp.MustCompile(`(?m) / / ro[, ]`).MatchString(mounts) || !regexp.MustCompile(` /var/opt/SUNWut/srds rw[, ]`).MatchString(mounts) {
		t.Errorf("what the server may write:\n%s", mounts)
	}
}
