package slapd

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

// everyKindOfChange makes all changes that there are, faster than they are
// followed.
func everyKindOfChange(p *provider) {
	people, old := below("ou=people"), below("ou=old")
	for i := range 60 {
		p.addPerson(fmt.Sprintf("person %d", i), people)
	}
	for i := range 20 {
		p.describe(fmt.Sprintf("cn=person %d,%s", i, people), "changed")
	}
	for i := 20; i < 30; i++ {
		p.del(fmt.Sprintf("cn=person %d,%s", i, people))
	}
	p.rename("cn=person 30,"+people, "cn=renamed", "")
	p.rename("cn=person 31,"+people, "cn=person 31", old)
	// A subtree: changes before it is renamed and after.
	p.add("ou=team,"+people, "objectClass: organizationalUnit", "ou: team")
	p.addPerson("ada", "ou=team,"+people)
	p.addPerson("bob", "ou=team,"+people)
	p.describe("cn=ada,ou=team,"+people, "before")
	p.rename("ou=team,"+people, "ou=crew", "")
	p.describe("cn=ada,ou=crew,"+people, "after")
	p.rename("ou=crew,"+people, "ou=crew", old)
	p.describe("cn=bob,ou=crew,"+old, "grün")
	// A name that goes and comes again is another entry.
	p.del("cn=person 40," + people)
	p.addPerson("person 40", people)
	// Two that change their names with each other.
	p.rename("cn=person 50,"+people, "cn=between", "")
	p.rename("cn=person 51,"+people, "cn=person 50", "")
	p.rename("cn=between,"+people, "cn=person 51", "")
}

// laterChanges are made while nobody listens.
func laterChanges(p *provider) {
	people, old := below("ou=people"), below("ou=old")
	p.del("cn=ada,ou=crew," + old)
	p.rename("ou=crew,"+old, "ou=gang", people)
	p.addPerson("eve", "ou=gang,"+people)
	for i := 10; i < 20; i++ {
		p.del(fmt.Sprintf("cn=person %d,%s", i, people))
	}
	p.describe("cn=person 1,"+people, "while it was away")
}

func TestStoreFollowsSlapd(t *testing.T) {
	for name, syncprov := range map[string]string{
		"that remembers deletions": "syncprov-sessionlog 1000\nsyncprov-reloadhint TRUE",
		"that lists what is there": "",
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, syncprov)
			f := newFollower(t, p)
			f.awaitEqual(p, "at first")
			everyKindOfChange(p)
			f.awaitEqual(p, "after every kind of change")
			if n := f.refreshes(); n != 1 {
				t.Errorf("the whole state was fetched %d times", n)
			}

			f.Stop(t)
			if problems := f.Check(t); problems != "" {
				t.Error(problems)
			}
			laterChanges(p)
			f.Restart(t)
			f.awaitEqual(p, "after it was away")

			f.Kill(t)
			p.addPerson("late", below("ou=people"))
			f.Restart(t)
			f.awaitEqual(p, "after it was killed")

			p.Stop(t)
			p.Restart(t)
			p.connect()
			p.del("cn=late," + below("ou=people"))
			f.awaitEqual(p, "after the provider was away")
			if n := f.refreshes(); n != 0 {
				t.Errorf("the whole state was fetched %d times, although there was a cookie", n)
			}
			f.Stop(t)
			if problems := f.Check(t); problems != "" {
				t.Error(problems)
			}
		})
	}
}

func TestFollowerKilledUnderLoadLosesNothing(t *testing.T) {
	p := newProvider(t, "syncprov-sessionlog 100")
	f := newFollower(t, p)
	const kills, each = 5, 150
	for n := range kills {
		written := make(chan struct{})
		go func() {
			defer close(written)
			people := below("ou=people")
			for i := range each {
				q := ldap.NewAddRequest(fmt.Sprintf("cn=%d of %d,%s", i, n, people), nil)
				q.Attribute("objectClass", []string{"person"})
				q.Attribute("sn", []string{"x"})
				err := p.conn.Add(q)
				if err == nil && i%3 == 0 {
					err = p.conn.Del(ldap.NewDelRequest(q.DN, nil))
				}
				if err != nil {
					t.Errorf("%s: %v", q.DN, err)
				}
			}
		}()
		f.group.Await(t, "it follows", func() (bool, error) {
			s, err := f.Status()
			return err == nil && s.Entries > uint64(n*each*2/3+10), err
		})
		f.Kill(t)
		<-written
		f.Restart(t)
	}
	f.awaitEqual(p, "in the end")
	f.Stop(t)
	if problems := f.Check(t); problems != "" {
		t.Error(problems)
	}
}

func TestFollowerOfSlapdRefersWrites(t *testing.T) {
	p := newProvider(t, "")
	f := newFollower(t, p)
	f.awaitEqual(p, "at first")
	c := dial(t, f.Endpoint().URL)
	q := ldap.NewModifyRequest(below("ou=people"), nil)
	q.Replace("description", []string{"x"})
	if err := c.Modify(q); !ldap.IsErrorWithCode(err, ldap.LDAPResultReferral) {
		t.Errorf("a write was answered: %v", err)
	}
	f.awaitEqual(p, "after the write")
}

func TestPromotedFollowerOfSlapdKeepsItsData(t *testing.T) {
	p := newProvider(t, "")
	f := newFollower(t, p)
	p.addPerson("ada", below("ou=people"))
	f.awaitEqual(p, "at first")
	p.Stop(t)
	f.Must(t, "utreplica", "-u")
	c := dial(t, f.Endpoint().URL)
	q := ldap.NewModifyRequest("cn=ada,"+below("ou=people"), nil)
	q.Replace("description", []string{"own change"})
	if err := c.Modify(q); err != nil {
		t.Fatal(err)
	}
	got, err := content(c)
	if err != nil || !strings.Contains(got, "description: own change") || !strings.Contains(got, "userPassword: secret of ada") {
		t.Errorf("%v\n%s", err, got)
	}
	f.Stop(t)
	if problems := f.Check(t); problems != "" {
		t.Error(problems)
	}
}

func TestSlapdThatLostItsDataTakesNothingAway(t *testing.T) {
	p := newProvider(t, "")
	f := newFollower(t, p)
	p.addPerson("ada", below("ou=people"))
	f.awaitEqual(p, "at first")
	before, err := content(p.conn)
	if err != nil {
		t.Fatal(err)
	}
	p.Stop(t)
	db := filepath.Join(p.Dir, "db")
	if err := os.RemoveAll(db); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(db, 0o700); err != nil {
		t.Fatal(err)
	}
	p.Restart(t)
	f.group.Await(t, "the follower says what is wrong", func() (bool, error) {
		s, err := f.Status()
		return err == nil && strings.Contains(s.Upstream.Error, "ldap result"), err
	})
	if got, err := content(dial(t, f.Endpoint().URL)); err != nil || got != before {
		t.Errorf("%v: %s", err, firstDifference(got, before))
	}
}
