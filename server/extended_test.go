package server

import (
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server/wire"
)

func TestWhoAmI(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dial()
	r := c.do(extended(oidWhoAmI, nil), wire.TagExtendedResponse, schema.Success)
	if !r.HasValue || len(r.Value) != 0 {
		t.Errorf("nobody is %+v", r)
	}
	c.bind(utadmin, "utadmin secret")
	if id := c.whoAmI(); id != "dn:"+utadmin {
		t.Errorf("who am I: %q", id)
	}
	c.do(extended(oidWhoAmI, []byte{}), wire.TagExtendedResponse, schema.ProtocolError)
}

func TestUnknownExtendedOperation(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dial()
	for _, oid := range []string{"1.2.3.4", "", "\xff", wire.NoticeOfDisconnection, strings.Repeat("1.", 5000)} {
		for _, value := range [][]byte{nil, {}, []byte("value")} {
			if r := c.do(extended(oid, value), wire.TagExtendedResponse, schema.ProtocolError); r.HasValue {
				t.Errorf("%q: %+v", oid, r)
			}
		}
	}
	c.do(extended("1.2.3.4", nil), wire.TagExtendedResponse, schema.UnavailableCriticalExtension, control1("1.2.3", true, nil))
}

// passwordRequest makes the value of a Password Modify; "-" leaves a field out.
func passwordRequest(id, old, new string) []byte {
	var body []byte
	for i, v := range []string{id, old, new} {
		if v != "-" {
			body = ber.AppendString(body, byte(0x80+i), v)
		}
	}
	return extended(oidPassword, ber.AppendBytes(nil, ber.TagSequence, body))
}

func TestPasswordModify(t *testing.T) {
	own := []AccessRule{{Who: "self", Attributes: []string{"userPassword"}, Right: "write"}}
	w := newWorld(t, func(o *Options) { o.Access = append(own, DefaultAccess()...) })
	w.users(3)
	for _, x := range []struct {
		name         string
		dn, password string // who asks
		request      []byte
		want         schema.ResultCode
		changed      string // who can bind with "new" afterwards
	}{
		{"nobody", "", "", passwordRequest(userDN(0), "-", "new"), schema.StrongerAuthRequired, ""},
		{"administrator", adminDN, adminSecret, passwordRequest(userDN(0), "-", "new"), 0, userDN(0)},
		{"with the form of an authorization identity", adminDN, adminSecret, passwordRequest("dn:"+userDN(0), "-", "new"), 0, userDN(0)},
		{"another", userDN(1), "hidden value", passwordRequest(userDN(2), "-", "new"), schema.InsufficientAccessRights, ""},
		{"oneself", userDN(1), "hidden value", passwordRequest("-", "-", "new"), 0, userDN(1)},
		{"oneself by name, with the old one", userDN(2), "hidden value", passwordRequest(userDN(2), "hidden value", "new"), 0, userDN(2)},
		{"wrong old password", userDN(2), "new", passwordRequest("-", "wrong", "newer"), schema.UnwillingToPerform, ""},
		{"empty new password", adminDN, adminSecret, passwordRequest(userDN(0), "-", ""), schema.UnwillingToPerform, ""},
		{"no such entry", adminDN, adminSecret, passwordRequest("cn=none,"+people, "-", "new"), schema.NoSuchObject, ""},
		{"old password of no such entry", adminDN, adminSecret, passwordRequest("cn=none,"+people, "x", "new"), schema.UnwillingToPerform, ""},
		{"no name", adminDN, adminSecret, passwordRequest("nobody", "-", "new"), schema.InvalidDNSyntax, ""},
		{"the root DN's", adminDN, adminSecret, passwordRequest("-", "-", "new"), schema.UnwillingToPerform, ""},
		{"garbage", adminDN, adminSecret, extended(oidPassword, []byte("garbage")), schema.ProtocolError, ""},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := w.dial()
			c.bind(x.dn, x.password)
			c.do(x.request, wire.TagExtendedResponse, x.want)
			if x.changed != "" {
				c.bind(x.changed, "new")
			}
		})
	}
	w.admin().search(ask{base: userDN(0), attrs: []string{"userPassword"}, filter: "(userPassword={SSHA}*)"}).wantCode(w.dial(), schema.Success)
}

func TestPasswordThatTheServerMakes(t *testing.T) {
	w := newWorld(t, nil)
	w.users(1)
	c := w.admin()
	r := c.do(passwordRequest(userDN(0), "-", "-"), wire.TagExtendedResponse, schema.Success)
	body, _, err := ber.Expect(r.Value, ber.TagSequence)
	if err != nil {
		t.Fatalf("%+v", r)
	}
	made, _, err := ber.Expect(body, 0x80)
	if err != nil || len(made) < 16 {
		t.Fatalf("made %q, %v", made, err)
	}
	c.bind(userDN(0), string(made))
	if r := w.admin().do(passwordRequest("cn=none,"+people, "-", "-"), wire.TagExtendedResponse, schema.NoSuchObject); r.HasValue {
		t.Error("a password is told that was not set")
	}
}

func TestClearPasswordsAreHashedIfSoConfigured(t *testing.T) {
	for _, hash := range []bool{false, true} {
		w := newWorld(t, func(o *Options) { o.HashClear = hash })
		c := w.admin()
		dn := "cn=new," + people
		c.do(add(dn, "objectClass: person", "sn: x", "userPassword: clear", "userPassword: {SSHA}iCMx0bI+pOpgpFxUjaxEYoVhHtJzYWx0c2FsdA=="), wire.TagAddResponse, schema.Success)
		c.bind(dn, "clear")
		c.bind(dn, "salted")
		c.bind(adminDN, adminSecret)
		c.do(replace(dn, "2.5.4.35", "other"), wire.TagModifyResponse, schema.Success)
		f := c.search(ask{base: dn, attrs: []string{"userPassword"}})
		if len(f.lines) != 1 || strings.Contains(f.lines[0], "other") == hash || strings.HasPrefix(f.lines[0], "userPassword: {SSHA}") != hash {
			t.Errorf("HashClear %v: %v", hash, f.lines)
		}
		c.bind(dn, "other")
	}
}
