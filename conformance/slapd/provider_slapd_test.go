package slapd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

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
