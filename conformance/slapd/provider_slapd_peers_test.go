package slapd

// A slapd that others can follow, and our server that follows it.

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// providerConf is slapd.conf(5) of a provider; %[6]s are further lines of
// syncprov.
const providerConf = `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload syncprov
pidfile %[1]s/pid
database mdb
suffix "%[2]s"
rootdn "%[3]s"
rootpw %[4]s
directory %[5]s
maxsize 268435456
dbnosync
index objectClass,entryUUID,entryCSN eq
overlay syncprov
%[6]s
`

// provider is a slapd that others can follow.
type provider struct {
	*harness.Slapd
	t    *testing.T
	conn *ldap.Conn
}

// newProvider starts a slapd with the suffix entry and two units.
func newProvider(t *testing.T, syncprov string) *provider {
	t.Helper()
	dir := t.TempDir()
	db := filepath.Join(dir, "db")
	if err := os.Mkdir(db, 0o700); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(dir, "slapd.conf")
	text := fmt.Sprintf(providerConf, dir, harness.Suffix, harness.AdminDN, harness.Password, db, syncprov)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &provider{Slapd: harness.NewSlapd(t, conf), t: t}
	p.Restart(t)
	p.connect()
	p.add(harness.Suffix, "objectClass: organization", "o: utdata")
	p.add(below("ou=people"), "objectClass: organizationalUnit", "ou: people")
	p.add(below("ou=old"), "objectClass: organizationalUnit", "ou: old")
	return p
}

func below(rdn string) string { return rdn + "," + harness.Suffix }

func (p *provider) connect() { p.conn = dial(p.t, p.Endpoint().URL) }

// dial binds as the administrator.
func dial(t *testing.T, url string) *ldap.Conn {
	t.Helper()
	c, err := ldap.DialURL(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Bind(harness.AdminDN, harness.Password); err != nil {
		t.Fatal(err)
	}
	return c
}

func (p *provider) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *provider) add(dn string, attributes ...string) {
	p.t.Helper()
	q := ldap.NewAddRequest(dn, nil)
	for _, a := range attributes {
		name, value, _ := strings.Cut(a, ": ")
		q.Attribute(name, []string{value})
	}
	p.must(p.conn.Add(q))
}

func (p *provider) addPerson(name, superior string) {
	p.t.Helper()
	p.add("cn="+name+","+superior, "objectClass: inetOrgPerson", "cn: "+name, "sn: "+name, "userPassword: secret of "+name)
}

func (p *provider) describe(dn, text string) {
	p.t.Helper()
	q := ldap.NewModifyRequest(dn, nil)
	q.Replace("description", []string{text})
	p.must(p.conn.Modify(q))
}

func (p *provider) del(dn string) {
	p.t.Helper()
	p.must(p.conn.Del(ldap.NewDelRequest(dn, nil)))
}

func (p *provider) rename(dn, rdn, superior string) {
	p.t.Helper()
	p.must(p.conn.ModifyDN(ldap.NewModifyDNRequest(dn, rdn, true, superior)))
}

// own are the attributes that each server makes up itself.
var own = []string{"entryDN", "subschemaSubentry", "hasSubordinates", "numSubordinates", "contextCSN"}

// content reads everything that a server has, as sorted text.
func content(c *ldap.Conn) (string, error) {
	q := ldap.NewSearchRequest(harness.Suffix, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=*)", []string{"*", "+"}, nil)
	r, err := c.Search(q)
	if err != nil {
		return "", err
	}
	var entries []string
	for _, e := range r.Entries {
		var lines []string
		for _, a := range e.Attributes {
			for _, v := range a.Values {
				if !slices.Contains(own, a.Name) {
					lines = append(lines, a.Name+": "+v)
				}
			}
		}
		slices.Sort(lines)
		entries = append(entries, "dn: "+e.DN+"\n"+strings.Join(lines, "\n")+"\n")
	}
	slices.Sort(entries)
	return strings.Join(entries, "\n"), nil
}

// follower is our server that follows a slapd.
type follower struct {
	*group.Member
	group *group.Group
	t     *testing.T
}

func newFollower(t *testing.T, p *provider) *follower {
	t.Helper()
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte(harness.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := group.New(t, nil)
	f := &follower{g.Add(t, "follower", harness.Options{Config: []harness.Setting{
		{Table: "replication", Key: "binddn", Value: harness.AdminDN},
		{Table: "replication", Key: "password_file", Value: password},
	}}), g, t}
	f.Restart(t)
	f.Must(t, "utreplica", "-s", p.Endpoint().Address)
	return f
}

// awaitEqual waits until the follower has what the provider has.
func (f *follower) awaitEqual(p *provider, when string) {
	f.t.Helper()
	want, err := content(p.conn)
	if err != nil {
		f.t.Fatal(err)
	}
	var got string
	f.group.Await(f.t, "the follower has everything "+when, func() (bool, error) {
		// A new connection each time: the old ones end when the data is replaced.
		c, err := ldap.DialURL(f.Endpoint().URL)
		if err != nil {
			return false, err
		}
		defer c.Close()
		if err := c.Bind(harness.AdminDN, harness.Password); err != nil {
			return false, err
		}
		if got, err = content(c); err != nil || got == want {
			return err == nil, err
		}
		return false, fmt.Errorf("it is not what the provider has: %s", firstDifference(got, want))
	})
}

func firstDifference(got, want string) string {
	x, y := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d is %q, not %q", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d lines, not %d", len(x), len(y))
}

// refreshes is how often the whole state was fetched since the start.
func (f *follower) refreshes() uint64 {
	f.t.Helper()
	s, err := f.Status()
	if err != nil {
		f.t.Fatal(err)
	}
	return s.Upstream.Refreshes
}
