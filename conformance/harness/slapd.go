// slapd.go: a throw-away OpenLDAP slapd with the same tree, schema and access.

package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// slapdConf is slapd.conf(5). The two identities may write and everybody
// reads all but passwords, as in the original store: nobody else changes even
// the own password. dbnosync: what a crash would lose does not matter here.
const slapdConf = `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
include %[1]s/conformance/clients/testdata/sunray.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload sssvlv
pidfile %[2]s/pid
allow bind_v2
attributeoptions lang- x-
TLSCACertificateFile %[2]s/ca.pem
TLSCertificateFile %[2]s/cert.pem
TLSCertificateKeyFile %[2]s/key.pem
TLSVerifyClient never
database mdb
suffix "%[3]s"
rootdn "%[4]s"
rootpw %[5]s
directory %[2]s/db
maxsize 1073741824
dbnosync
index objectClass,entryUUID,entryCSN eq
index cn,sn,uid,utname eq,sub,pres
access to attrs=userPassword
  by dn.exact="%[6]s" write
  by anonymous auth
  by * none
access to *
  by dn.exact="%[6]s" write
  by * read
overlay sssvlv
sssvlv-max 64
sssvlv-maxperconn 64
`

// containers are the children of a group in the default tree.
const containers = "users tokens desktops readers cardtypes admins policy kiosk multihead servers"

// Slapd is an OpenLDAP slapd.
type Slapd struct {
	daemon
	Dir string // its configuration, certificates and database
}

// StartSlapd loads the default tree into an empty slapd, starts it and waits
// until it answers. It is stopped and its folder removed when the test ends.
func StartSlapd(tb testing.TB) *Slapd {
	tb.Helper()
	program := Program(tb, "slapd")
	root, err := moduleRoot()
	if err != nil {
		tb.Fatal(err)
	}
	s := &Slapd{Dir: tempRoot(tb)}
	port, securePort := FreePort(tb), FreePort(tb)
	s.endpoint = Endpoint{
		Kind: Reference, Group: Group,
		Address:   fmt.Sprintf("127.0.0.1:%d", port),
		URL:       fmt.Sprintf("ldap://127.0.0.1:%d", port),
		SecureURL: fmt.Sprintf("ldaps://127.0.0.1:%d", securePort),
		CAFile:    NewCertificate(tb, s.Dir).CAFile,
	}
	conf := filepath.Join(s.Dir, "slapd.conf")
	text := fmt.Sprintf(slapdConf, root, s.Dir, Suffix, AdminDN, Password, s.endpoint.UtadminDN())
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(s.Dir, "db"), 0o700); err != nil {
		tb.Fatal(err)
	}
	load := exec.Command(program, "-T", "add", "-q", "-f", conf)
	load.Stdin = strings.NewReader(defaultTree(s.endpoint))
	if out, err := load.CombinedOutput(); err != nil {
		tb.Fatalf("slapadd: %v\n%s", err, out)
	}
	s.serve(tb, program, conf, s.endpoint.URL+" "+s.endpoint.SecureURL)
	s.Restart(tb)
	return s
}

// NewSlapd is a slapd with a configuration file of the caller's, for tests that
// fill its database themselves and then call Restart. It is stopped when the
// test ends.
func NewSlapd(tb testing.TB, conf string) *Slapd {
	tb.Helper()
	s := &Slapd{Dir: filepath.Dir(conf)}
	s.endpoint = Endpoint{Kind: Reference, Group: Group, Address: fmt.Sprintf("127.0.0.1:%d", FreePort(tb))}
	s.endpoint.URL = "ldap://" + s.endpoint.Address
	s.serve(tb, Program(tb, "slapd"), conf, s.endpoint.URL)
	return s
}

// serve prepares the starts of a slapd and its end.
func (s *Slapd) serve(tb testing.TB, program, conf, urls string) {
	s.command = func() *exec.Cmd { return exec.Command(program, "-d", "0", "-f", conf, "-h", urls) }
	tb.Cleanup(func() { s.Stop(tb) })
}

// defaultTree is what utconfig puts into a new store, as LDIF.
func defaultTree(e Endpoint) string {
	var b strings.Builder
	base := "utname=" + e.Group + ",o=v1," + Suffix
	fmt.Fprintf(&b, "dn: %s\nobjectClass: organization\no: utdata\n\n", Suffix)
	fmt.Fprintf(&b, "dn: o=v1,%s\nobjectClass: organization\no: v1\n\n", Suffix)
	fmt.Fprintf(&b, "dn: %s\nobjectClass: utContainer\nutname: %s\n\n", base, e.Group)
	fmt.Fprintf(&b, "dn: %s\nobjectClass: utAdmin\ncn: utadmin\nuserPassword: %s\n\n", e.UtadminDN(), Password)
	for _, name := range strings.Fields(containers) {
		fmt.Fprintf(&b, "dn: utname=%s,%s\nobjectClass: utContainer\nutname: %s\n\n", name, base, name)
	}
	return b.String()
}
