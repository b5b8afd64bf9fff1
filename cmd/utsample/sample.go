// sample.go: the entries, made from their number so that every run makes the
// same ones.

package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/schema"
)

const (
	sampleUsers    = 200
	sampleDesktops = 60
	sampleServers  = 3
)

// sample makes all entries below the failover group base, in the order in
// which they are added.
func sample(base string) []entry {
	m := maker{base: base}
	m.servers()
	m.policies()
	m.cardTypes()
	m.readers()
	m.desktops()
	m.users()
	m.admins()
	return m.entries
}

// maker collects entries.
type maker struct {
	base    string
	entries []entry
}

// add puts an entry into a container and gives its DN. pairs are attribute
// descriptions and values; an empty value is left out.
func (m *maker) add(container, class, name string, pairs ...string) string {
	dn := "utname=" + ldap.EscapeDN(name) + "," + m.container(container)
	attrs := []schema.RawAttribute{
		{Attr: "objectClass", Values: [][]byte{[]byte("top"), []byte(class)}},
		{Attr: "utname", Values: [][]byte{[]byte(name)}},
	}
	for i := 0; i < len(pairs); i += 2 {
		if last := &attrs[len(attrs)-1]; last.Attr == pairs[i] {
			last.Values = append(last.Values, []byte(pairs[i+1]))
		} else if pairs[i+1] != "" {
			attrs = append(attrs, schema.RawAttribute{Attr: pairs[i], Values: [][]byte{[]byte(pairs[i+1])}})
		}
	}
	m.entries = append(m.entries, entry{dn, attrs})
	return dn
}

func (m *maker) container(name string) string { return "utname=" + name + "," + m.base }

func (m *maker) servers() {
	for i := 1; i <= sampleServers; i++ {
		role := "secondary"
		if i == 1 {
			role = "primary"
		}
		m.add("servers", "utServer", server(i), "cn", server(i)+".example.com", "utrole", role, "utport", "7012")
	}
}

func (m *maker) policies() {
	m.add("policy", "utPolicy", "default", "description", "Registered users on cards, kiosk for everybody else",
		"utpolicyflag", "-g", "utpolicyflag", "-z both", "utsessiontype", "default")
	m.add("policy", "utPolicy", "registered", "description", "Only registered tokens",
		"utpolicyflag", "-r card", "utpolicyflag", "-s both", "utsessiontype", "default")
	m.add("policy", "utPolicy", "library", "description", "Public terminals", "utpolicyflag", "-k pseudo", "utsessiontype", "browser")
	for _, k := range kiosks {
		m.add("kiosk", "utKioskSession", k.name, "cn", k.title, "utsessiontype", k.name, "utkioskconfig", k.config)
	}
}

func (m *maker) cardTypes() {
	for i, c := range cards {
		m.add("cardtypes", "utCardType", c.name, "description", c.vendor, "utprobeorder", strconv.Itoa(i+1),
			"utcardconfig", c.name+".cfg")
	}
}

func (m *maker) readers() {
	for i, where := range []string{"Reception", "Human Resources", "Help desk", "Library desk"} {
		m.add("readers", "utReader", mac(900+i), "utlocation", where, "utotherinfo", "token reader "+strconv.Itoa(i+1))
	}
}

func (m *maker) desktops() {
	var heads []string
	for i := range sampleDesktops {
		id, model, key, state := mac(i), models[i%len(models)], "", ""
		if model == softClient {
			id = fmt.Sprintf("%016x%016x", uint64(i)*0x9e3779b97f4a7c15, uint64(i)*0xbf58476d1ce4e5b9)
			key, state = fmt.Sprintf("sample public key %02d", i), "confirmed"
		}
		dn := m.add("desktops", "utDesktop", id, "utmac", id, "utserver", server(1+i%sampleServers),
			"utlocation", fmt.Sprintf("%s, floor %d, room %d", buildings[i%len(buildings)], 1+i/20, 100+i), "utmodel", model,
			"utotherinfo", fmt.Sprintf("asset %05d", 40000+i), "utlastseen", stamp(i), "utflags", "0",
			"utpublickey", key, "utkeystatus", state)
		if i < 2 {
			heads = append(heads, dn)
		}
	}
	m.add("multihead", "utMultihead", "trading", "description", "Two screens side by side", "utgeometry", "2x1",
		"utmember", heads[0], "utmember", heads[1])
}

func (m *maker) users() {
	for i := range sampleUsers {
		given, family := givenNames[i%len(givenNames)], familyNames[(i*7+i/len(givenNames))%len(familyNames)]
		name := given + " " + family
		uid := strings.ToLower(given[:1]+family) + strconv.Itoa(i+1)
		token := tokenID(i)
		info := fmt.Sprintf("E%d", 400+i)
		owner := m.add("users", "utUser", uid, "cn", name, "sn", family, "uid", uid, "utusername", name,
			"utserver", "localhost", "utport", "7007", "utotherinfo", info, "utcreated", stamp(i), "utlastseen", stamp(i+17),
			"utenabled", enabled(i), "utflags", "0", "uttoken", token)
		m.add("tokens", "utToken", token, "uttoken", token, "utowner", owner, "utserver", "localhost", "utport", "7007",
			"utotherinfo", info, "utcreated", stamp(i), "utlastseen", stamp(i+17), "utenabled", enabled(i), "utflags", "0")
	}
}

func (m *maker) admins() {
	for _, uid := range []string{"root", "rayadmin"} {
		m.add("admins", "utAdminUser", uid, "uid", uid, "description", "May use the administration GUI")
	}
}
