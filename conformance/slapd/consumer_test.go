// consumer_test.go: a slapd that follows a server, and the comparison of the two.

package slapd

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	// levelWithin is what slapd gets to have what the server has: it tries
	// again only every second after the server was away.
	levelWithin = 30 * time.Second
	lookEvery   = 20 * time.Millisecond
)

// conf is slapd.conf(5) of a consumer of what is below a base.
const conf = `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
include %[1]s
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %[2]s/pid
database mdb
suffix "%[3]s"
rootdn "cn=consumer,%[3]s"
rootpw %[4]s
directory %[2]s/db
maxsize 1073741824
dbnosync
index objectClass,entryUUID,entryCSN eq
limits * size=unlimited
syncrepl rid=017 provider=%[5]s type=%[6]s searchbase="%[3]s"
  bindmethod=simple binddn="%[7]s" credentials=%[4]s retry="1 +" interval=00:00:00:01 attrs="*,+"
`

// consumer is a slapd that follows.
type consumer struct {
	*harness.Slapd
	base string
}

// followOptions say what a consumer wants; the zero value is everything, and
// refreshAndPersist.
type followOptions struct{ base, kind string }

// follow makes a consumer of u that does not run yet.
func follow(t *testing.T, u *harness.Utdsd, o followOptions) *consumer {
	t.Helper()
	if o.base == "" {
		o.base = harness.Suffix
	}
	if o.kind == "" {
		o.kind = "refreshAndPersist"
	}
	dir := t.TempDir()
	definitions, err := filepath.Abs("../clients/testdata/sunray.schema")
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(conf, definitions, dir, o.base, harness.Password, u.Endpoint().URL, o.kind, harness.AdminDN)
	name := filepath.Join(dir, "slapd.conf")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "db"), 0o700); err != nil {
		t.Fatal(err)
	}
	return &consumer{harness.NewSlapd(t, name), o.base}
}

// client connects as who may read everything.
func client(t *testing.T, url, dn string) *ldap.Conn {
	t.Helper()
	c, err := ldap.DialURL(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Bind(dn, harness.Password); err != nil {
		t.Fatalf("bind to %s: %v", url, err)
	}
	return c
}

// contextCSN is the newest change that a server has; "" before there is one.
func contextCSN(t *testing.T, c *ldap.Conn, base string) string {
	t.Helper()
	r, err := c.Search(ldap.NewSearchRequest(base, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=*)", []string{"contextCSN"}, nil))
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject):
		return ""
	case err != nil:
		t.Fatal(err)
	}
	return r.Entries[0].GetAttributeValue("contextCSN")
}

// level waits until the consumer has what u has, and compares the two.
func (f *consumer) level(t *testing.T, u *harness.Utdsd) {
	t.Helper()
	theirs, ours := client(t, f.Endpoint().URL, "cn=consumer,"+f.base), client(t, u.Endpoint().URL, harness.AdminDN)
	want := contextCSN(t, ours, harness.Suffix)
	deadline := time.After(levelWithin)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		got := contextCSN(t, theirs, f.base)
		if got == want {
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %s slapd has %q of %q\n%s\n%s", levelWithin, got, want, u.Log(), f.Log())
		}
	}
	a, b := contents(t, ours, f.base), contents(t, theirs, f.base)
	for _, id := range slices.Sorted(maps.Keys(a)) {
		if a[id] != b[id] {
			t.Errorf("%s is\n%s\nand in slapd\n%s", id, a[id], b[id])
		}
	}
	for id, entry := range b {
		if a[id] == "" {
			t.Errorf("only slapd has %s\n%s", id, entry)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	theirs.Close()
	ours.Close()
}

// contents is what is below a base: text of each entry, without operational
// attributes, by its entryUUID.
func contents(t *testing.T, c *ldap.Conn, base string) map[string]string {
	t.Helper()
	q := ldap.NewSearchRequest(base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)",
		[]string{"*", "entryUUID", "entryCSN"}, []ldap.Control{ldap.NewControlManageDsaIT(true)})
	r, err := c.Search(q)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range r.Entries {
		lines := []string{"dn: " + strings.ToLower(e.DN)}
		for _, a := range e.Attributes {
			for _, v := range a.Values {
				lines = append(lines, strings.ToLower(a.Name)+": "+v)
			}
		}
		slices.Sort(lines)
		id := e.GetAttributeValue("entryUUID")
		if id == "" || out[id] != "" {
			t.Errorf("%s has no entryUUID of its own: %q", e.DN, id)
		}
		out[id] = strings.Join(lines, "\n")
	}
	return out
}
