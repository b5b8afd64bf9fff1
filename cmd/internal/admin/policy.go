// policy.go: the policies, each an entry in the container policy with one value
// of utpolicyflag for each option of utpolicy.

package admin

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// DefaultPolicy is the name of the policy in effect.
const DefaultPolicy = "default"

// ErrNoPolicy is returned for a name that no policy has.
var ErrNoPolicy = errors.New("there is no such policy")

// Policy says who gets a session.
type Policy struct {
	Name    string   `json:"name"`
	Flags   []string `json:"flags"`             // as utpolicy takes them: "-g", "-z both"
	Session string   `json:"session,omitempty"` // kiosk session
}

var policyAttributes = []string{"utname", "utpolicyflag", "utsessiontype"}

// Policies gives all policies, sorted by their names.
func (c *Client) Policies() ([]Policy, error) {
	found, err := c.local.children("policy", "(objectClass=utPolicy)", policyAttributes...)
	if err != nil {
		return nil, err
	}
	list := make([]Policy, len(found))
	for i, e := range found {
		list[i] = newPolicy(e)
	}
	slices.SortFunc(list, func(a, b Policy) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

func newPolicy(e *ldap.Entry) Policy {
	return Policy{e.GetAttributeValue("utname"), append([]string{}, e.GetAttributeValues("utpolicyflag")...), e.GetAttributeValue("utsessiontype")}
}

// Policy gives one policy; ErrNoPolicy if there is none.
func (c *Client) Policy(name string) (Policy, error) {
	e, err := c.local.entry(c.local.name(name, "policy"), policyAttributes...)
	if err == nil && e == nil {
		err = fmt.Errorf("%w: %s", ErrNoPolicy, name)
	}
	if err != nil {
		return Policy{}, err
	}
	return newPolicy(e), nil
}

// SetPolicy makes a policy or puts it in the place of the one that is there.
func (c *Client) SetPolicy(p Policy) error {
	return c.put("set the policy "+p.Name, "policy", "utPolicy", p.Name,
		ldap.Attribute{Type: "utpolicyflag", Vals: p.Flags}, single("utsessiontype", p.Session))
}

// DeletePolicy deletes a policy.
func (c *Client) DeletePolicy(name string) error {
	return c.remove("delete the policy "+name, "policy", name, fmt.Errorf("%w: %s", ErrNoPolicy, name))
}

// single is an attribute with one value, or none if that is empty.
func single(attr, value string) ldap.Attribute {
	if value == "" {
		return ldap.Attribute{Type: attr}
	}
	return ldap.Attribute{Type: attr, Vals: []string{value}}
}

// put replaces attributes of an object, which is made if it is not there.
func (c *Client) put(doing, container, class, name string, attrs ...ldap.Attribute) error {
	return c.change(doing, func(s *session) error {
		dn := s.name(name, container)
		modify := ldap.NewModifyRequest(dn, nil)
		add := addition(dn, class, "utname", name)
		for _, a := range attrs {
			modify.Replace(a.Type, a.Vals)
			if len(a.Vals) > 0 {
				add.Attribute(a.Type, a.Vals)
			}
		}
		err := s.modify(modify)
		if ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject) {
			err = s.add(add)
		}
		return err
	})
}

// remove deletes an object; none is the error if it is not there.
func (c *Client) remove(doing, container, name string, none error) error {
	return c.change(doing, func(s *session) error {
		err := s.delete(s.name(name, container))
		if ldap.IsErrorWithCode(err, ldap.LDAPResultNoSuchObject) {
			return none
		}
		return err
	})
}
