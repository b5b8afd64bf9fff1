// counter_test.go: an entry that only counts up, for those who look whether a
// server goes back in time.

package faults

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/group"
)

// counterDN is found by group.CounterFilter.
const counterDN = "cn=counter-1," + parent

// counter is the one client that counts.
type counter struct {
	tried, acked int
}

// newCounter adds the entry.
func newCounter(t testing.TB, m *group.Member) *counter {
	t.Helper()
	c, err := m.Bind()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	add := ldap.NewAddRequest(counterDN, nil)
	add.Attribute("objectClass", []string{"applicationProcess"})
	add.Attribute("cn", []string{"counter-1"})
	add.Attribute("description", []string{"0"})
	if err := c.Add(add); err != nil {
		t.Fatal(err)
	}
	return &counter{}
}

// run counts until it is told to stop or the server is gone.
func (n *counter) run(m *group.Member, stop <-chan struct{}) {
	c, err := m.Bind()
	if err != nil {
		return
	}
	defer c.Close()
	for {
		select {
		case <-stop:
			return
		default:
		}
		n.tried++
		set := ldap.NewModifyRequest(counterDN, nil)
		set.Replace("description", []string{strconv.Itoa(n.tried)})
		if c.Modify(set) != nil {
			return
		}
		n.acked = n.tried
	}
}

// verify compares the counter with what was acknowledged.
func (n *counter) verify(m *group.Member) (problems []string) {
	c, err := m.Bind()
	if err != nil {
		return []string{err.Error()}
	}
	defer c.Close()
	r, err := c.Search(ldap.NewSearchRequest(counterDN, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false,
		"(objectClass=*)", []string{"description"}, nil))
	if err != nil || len(r.Entries) != 1 {
		return []string{fmt.Sprintf("%s: the counter is not there: %v", m.Name, err)}
	}
	value, err := strconv.Atoi(r.Entries[0].GetAttributeValue("description"))
	if err != nil || value < n.acked || value > n.tried {
		problems = append(problems, fmt.Sprintf("%s: the counter is %d; %d was acknowledged, %d the last try", m.Name, value, n.acked, n.tried))
	}
	return problems
}
