// damage_test.go: bytes change on the disk of a member: in the primary's log while
// a secondary that needs it is away, and in an entry of a secondary.

package faults

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// damagedValue stands behind its name and a colon in the log alone.
const damagedValue = "a value whose record is damaged"

// TestDamagedRecordOfTheLogIsNotSent: the secondary gets the whole data instead.
func TestDamagedRecordOfTheLogIsNotSent(t *testing.T) {
	f := newFarm(t, nil, 1, harness.Options{})
	b := f.secondaries[0]
	f.loadFor(t, fewest)
	b.Stop(t)
	describe(t, f.primary, damagedValue)
	describe(t, f.primary, "another value")
	f.primary.Stop(t)
	damage(t, f.primary, true)
	f.primary.Restart(t)
	b.Restart(t)
	f.level(t)
	if s, err := b.Status(); err != nil || s.Upstream.Refreshes == 0 {
		t.Errorf("%d refreshes, %v: nothing was damaged, or it was sent", s.Upstream.Refreshes, err)
	}
}

// TestDamagedEntryOfASecondaryIsFetchedAnew: it is never served, and as soon as
// replication meets it the whole data comes again.
func TestDamagedEntryOfASecondaryIsFetchedAnew(t *testing.T) {
	f := newFarm(t, nil, 1, harness.Options{})
	b := f.secondaries[0]
	f.loadFor(t, fewest)
	describe(t, f.primary, damagedValue)
	f.level(t)
	b.Stop(t)
	damage(t, b, false)
	b.Restart(t)
	f.AwaitLevel(t, f.primary, b)
	if got, err := describes(b); err == nil {
		t.Errorf("a damaged entry is served: %q", got)
	}
	describe(t, f.primary, "another value")
	f.loadFor(t, fewest)
	if got, err := describes(b); err != nil || got != "another value" {
		t.Errorf("%q, %v", got, err)
	}
	f.finish(t)
}

// loadFor makes some changes and waits until all members have them.
func (f *farm) loadFor(t *testing.T, acks int64) {
	t.Helper()
	l := f.startLoad(t, seed(t))
	l.awaitAcks(acks, answersIn)
	l.finish()
	f.level(t)
}

// describes reads the entry that describe changes.
func describes(m *group.Member) (string, error) {
	c, err := m.Bind()
	if err != nil {
		return "", err
	}
	defer c.Close()
	r, err := c.Search(ldap.NewSearchRequest(parent, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=*)", []string{"description"}, nil))
	if err != nil {
		return "", err
	}
	if len(r.Entries) != 1 {
		return "", errors.New("no entry")
	}
	return r.Entries[0].GetAttributeValue("description"), nil
}

func describe(t testing.TB, m *group.Member, value string) {
	t.Helper()
	c, err := m.Bind()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	set := ldap.NewModifyRequest(parent, nil)
	set.Replace("description", []string{value})
	if err := c.Modify(set); err != nil {
		t.Fatal(err)
	}
}

// damage changes the value, where it is in the log or where it is not, in the
// file of a store that is not served.
func damage(t *testing.T, m *group.Member, inLog bool) {
	t.Helper()
	data, err := os.ReadFile(m.StoreFile())
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(m.StoreFile(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for from := 0; ; { // pages that are free may have copies
		i := bytes.Index(data[from:], []byte(damagedValue))
		if i < 0 {
			break
		}
		if at := from + i; inLog == bytes.HasSuffix(data[:at], []byte("description: ")) {
			if _, err := f.WriteAt([]byte("D"), int64(at)); err != nil {
				t.Fatal(err)
			}
			n++
		}
		from += i + 1
	}
	if n == 0 {
		t.Fatal("the value is not found in the file")
	}
}
