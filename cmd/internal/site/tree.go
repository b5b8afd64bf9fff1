// tree.go: the entries that a new store begins with.

package site

import (
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
)

// Names of the tree. The original's are unknown: o=v1 and below is our choice.
const (
	Suffix      = "o=utdata"
	DefaultPort = 7012
	maxGroup    = 64 // characters, so that it fits wherever a host name does
)

// Tree is the naming of one failover group: Group is its name.
type Tree struct {
	Group string
}

// CheckGroup accepts what a host name is made of: the name of a group stands
// in DNs, file names and command lines and never needs quoting there.
func CheckGroup(name string) error {
	if name == "" || len(name) > maxGroup {
		return fmt.Errorf("the group name %q has %d characters; 1 to %d are wanted", name, len(name), maxGroup)
	}
	for i, c := range name {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && (i == 0 || c != '-' && c != '_' && c != '.') {
			return fmt.Errorf("the group name %q may have letters, digits, and after the first also . - _", name)
		}
	}
	return nil
}

// RootDN is the DN of the administrator that is no entry.
func (t Tree) RootDN() string { return "cn=admin," + Suffix }

// Base is the entry of the group.
func (t Tree) Base() string { return "utname=" + t.Group + ",o=v1," + Suffix }

// AdminDN is the UT Admin entry that the tools bind as.
func (t Tree) AdminDN() string { return "cn=utadmin," + t.Base() }

// Containers are the entries below Base that hold everything else.
func Containers() []string {
	return []string{"users", "tokens", "desktops", "readers", "cardtypes", "admins", "policy", "kiosk", "multihead", "servers"}
}

// Entries are the additions that make the tree, parents first. password is
// the value of userPassword of the UT Admin entry, hashed already.
func (t Tree) Entries(password []byte) []*schema.Change {
	add := func(dn, class string, attrs ...schema.RawAttribute) *schema.Change {
		all := append([]schema.RawAttribute{{Attr: "objectClass", Values: [][]byte{[]byte("top"), []byte(class)}}}, attrs...)
		return &schema.Change{Kind: schema.ChangeAdd, DN: dn, Attributes: all, Actor: t.RootDN()}
	}
	attr := func(name, value string) schema.RawAttribute {
		return schema.RawAttribute{Attr: name, Values: [][]byte{[]byte(value)}}
	}
	changes := []*schema.Change{
		add(Suffix, "organization", attr("o", "utdata")),
		add("o=v1,"+Suffix, "organization", attr("o", "v1")),
		add(t.Base(), "utContainer", attr("utname", t.Group), attr("description", "Sun Ray failover group")),
		add(t.AdminDN(), "utAdmin", attr("cn", "utadmin"), schema.RawAttribute{Attr: "userPassword", Values: [][]byte{password}},
			attr("description", "UT Admin: the identity of the administration tools")),
	}
	for _, name := range Containers() {
		changes = append(changes, add("utname="+name+","+t.Base(), "utContainer", attr("utname", name)))
	}
	return changes
}
