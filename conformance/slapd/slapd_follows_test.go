package slapd

import (
	"fmt"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const farm = "utname=" + harness.Group + ",o=v1," + harness.Suffix

// writer makes changes; each must succeed.
type writer struct {
	t *testing.T
	c *ldap.Conn
}

func write(t *testing.T, u *harness.Utdsd) *writer {
	t.Helper()
	return &writer{t, client(t, u.Endpoint().URL, harness.AdminDN)}
}

func (w *writer) must(what string, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
}

// add adds a container.
func (w *writer) add(name, under string) string {
	w.t.Helper()
	dn := "utname=" + name + "," + under
	q := ldap.NewAddRequest(dn, nil)
	q.Attribute("objectClass", []string{"utContainer"})
	q.Attribute("utname", []string{name})
	w.must("add "+dn, w.c.Add(q))
	return dn
}

// person adds an entry with values of all kinds.
func (w *writer) person(name, under string) string {
	w.t.Helper()
	dn := "cn=" + name + "," + under
	q := ldap.NewAddRequest(dn, nil)
	q.Attribute("objectClass", []string{"top", "inetOrgPerson"})
	q.Attribute("cn", []string{name, name + " also"})
	q.Attribute("sn", []string{"Ünknöwn", "sn of " + name})
	q.Attribute("description;lang-de", []string{"beschrieben"})
	q.Attribute("jpegPhoto", []string{"\xff\xd8\xff\x00\x01"})
	q.Attribute("userPassword", []string{"{SSHA}" + name})
	w.must("add "+dn, w.c.Add(q))
	return dn
}

func (w *writer) describe(dn string, values ...string) {
	w.t.Helper()
	q := ldap.NewModifyRequest(dn, nil)
	q.Replace("description", values)
	w.must("modify "+dn, w.c.Modify(q))
}

func (w *writer) delete(dn string) {
	w.t.Helper()
	w.must("delete "+dn, w.c.Del(ldap.NewDelRequest(dn, nil)))
}

// rename gives an entry another RDN, and another superior if there is one.
func (w *writer) rename(dn, rdn, under string) {
	w.t.Helper()
	w.must("rename "+dn, w.c.ModifyDN(ldap.NewModifyDNRequest(dn, rdn, true, under)))
}

// swap changes the names of two entries with the same superior.
func (w *writer) swap(a, b, under string) {
	w.t.Helper()
	w.rename(a+","+under, "cn=between", "")
	w.rename(b+","+under, a, "")
	w.rename("cn=between,"+under, b, "")
}

func TestSlapdLoadsAndFollows(t *testing.T) {
	u := harness.StartUtdsd(t, harness.Options{})
	w := write(t, u)
	users := "utname=users," + farm
	for i := range 200 {
		w.person(fmt.Sprintf("before %d", i), users)
	}
	s := follow(t, u, followOptions{})
	s.Restart(t)
	s.level(t, u)
	for _, c := range []struct {
		name   string
		change func()
	}{
		{"adds", func() { w.person("a", users); w.person("b", w.add("deep", w.add("deeper", users))) }},
		{"modifies", func() {
			w.describe("cn=a,"+users, "one", "two")
			w.describe("cn=a," + users)
			w.describe("cn=before 7,"+users, "seven")
		}},
		{"renames of a leaf", func() {
			w.rename("cn=a,"+users, "cn=c", "")
			w.rename("cn=c,"+users, "cn=c", "utname=deeper,"+users)
		}},
		{"a rename of a subtree", func() {
			w.rename("utname=deeper,"+users, "utname=other", "")
			w.describe("cn=c,utname=other,"+users, "after the rename")
		}},
		{"a subtree that goes elsewhere", func() { w.rename("utname=other,"+users, "utname=other", "utname=tokens,"+farm) }},
		{"an entry that leaves before its superior is deleted", func() {
			w.rename("cn=c,utname=other,utname=tokens,"+farm, "cn=c", users)
			w.delete("cn=b,utname=deep,utname=other,utname=tokens," + farm)
			w.delete("utname=deep,utname=other,utname=tokens," + farm)
			w.delete("utname=other,utname=tokens," + farm)
		}},
		{"a name that is used again", func() { w.delete("cn=c," + users); w.person("c", users) }},
		{"names that are exchanged", func() { w.swap("cn=before 1", "cn=before 2", users) }},
		{"deletes", func() {
			for i := range 100 {
				w.delete(fmt.Sprintf("cn=before %d,%s", 100+i, users))
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) { c.change(); s.level(t, u) })
	}
}

func TestSlapdComesBack(t *testing.T) {
	u := harness.StartUtdsd(t, harness.Options{})
	w := write(t, u)
	users := "utname=users," + farm
	top := w.add("top", users)
	for i := range 20 {
		w.person(fmt.Sprint(i), top)
	}
	s := follow(t, u, followOptions{})
	s.Restart(t)
	s.level(t, u)
	for _, c := range []struct {
		name   string
		change func()
	}{
		{"nothing", func() {}},
		{"adds and deletes", func() { w.person("new", w.add("new", top)); w.delete("cn=0," + top) }},
		{"modifies", func() { w.describe("cn=1,"+top, "one"); w.describe(top, "top") }},
		{"a name that is used again", func() { w.delete("cn=2," + top); w.person("2", top) }},
		{"a subtree that is replaced", func() {
			w.delete("cn=new,utname=new," + top)
			w.delete("utname=new," + top)
			w.person("newer", w.add("new", top))
		}},
		{"names that are exchanged", func() { w.swap("cn=3", "cn=4", top) }},
		{"a rename with changes before and after", func() {
			w.describe("cn=5,"+top, "before")
			w.rename(top, "utname=renamed", "")
			top = "utname=renamed," + users
			w.describe("cn=5,"+top, "before", "after")
			w.delete("cn=6," + top)
			w.person("6", top)
		}},
		{"all that was below a deleted entry has left it", func() {
			other := w.add("other", "utname=tokens,"+farm)
			for i := 7; i < 15; i++ {
				w.rename(fmt.Sprintf("cn=%d,%s", i, top), fmt.Sprintf("cn=%d", i), other)
			}
			for _, name := range []string{"cn=1", "cn=2", "cn=3", "cn=4", "cn=5", "cn=6", "cn=15", "cn=16", "cn=17", "cn=18", "cn=19", "cn=newer,utname=new", "utname=new"} {
				w.delete(name + "," + top)
			}
			w.delete(top)
			top = w.add("renamed", users)
		}},
		{"a deleted entry and one that comes to its name", func() {
			w.rename("utname=other,utname=tokens,"+farm, "utname=moved", users)
			w.delete(top)
			w.rename("utname=moved,"+users, "utname=renamed", "")
		}},
	} {
		t.Run("slapd was away: "+c.name, func(t *testing.T) {
			s.Stop(t)
			c.change()
			s.Restart(t)
			s.level(t, u)
		})
	}
	t.Run("the server was away", func(t *testing.T) {
		u.Stop(t)
		u.Restart(t)
		write(t, u).person("later", users)
		s.level(t, u)
	})
	t.Run("both were away, one after the other", func(t *testing.T) {
		s.Stop(t)
		write(t, u).person("while slapd was away", users)
		u.Kill(t)
		u.Restart(t)
		write(t, u).delete("cn=later," + users)
		s.Restart(t)
		s.level(t, u)
	})
}

// Where the changelog does not reach back, slapd is told of everything and finds
// out what is no more.
func TestSlapdComesBackTooLate(t *testing.T) {
	u := harness.StartUtdsd(t, harness.Options{Config: []harness.Setting{{Table: "changelog", Key: "keep", Value: 10}}})
	w := write(t, u)
	users := "utname=users," + farm
	for i := range 50 {
		w.person(fmt.Sprint(i), users)
	}
	s := follow(t, u, followOptions{})
	s.Restart(t)
	s.level(t, u)
	s.Stop(t)
	for i := range 30 {
		w.delete(fmt.Sprintf("cn=%d,%s", i, users))
		w.describe(fmt.Sprintf("cn=%d,%s", 49, users), fmt.Sprint(i))
	}
	w.person("new", users)
	s.Restart(t)
	s.level(t, u)
}

// A part of the tree, by polls.
func TestSlapdPollsASubtree(t *testing.T) {
	u := harness.StartUtdsd(t, harness.Options{})
	w := write(t, u)
	users := "utname=users," + farm
	w.person("a", users)
	s := follow(t, u, followOptions{base: users, kind: "refreshOnly"})
	s.Restart(t)
	s.level(t, u)
	w.person("b", w.add("deep", users))
	w.person("elsewhere", "utname=tokens,"+farm)
	w.delete("cn=a," + users)
	s.level(t, u)
	w.rename("cn=b,utname=deep,"+users, "cn=b", "utname=tokens,"+farm)
	s.level(t, u)
}
