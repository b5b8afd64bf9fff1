package server

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

func TestSimpleBind(t *testing.T) {
	w := newWorld(t, nil)
	w.users(1)
	w.store.put(t, "cn=mute,"+people, "objectClass: person", "cn: mute", "sn: mute")
	w.store.put(t, "cn=two,"+people, "objectClass: person", "cn: two", "sn: two", "userPassword: first", "userPassword: second",
		"userPassword: {SSHA}iCMx0bI+pOpgpFxUjaxEYoVhHtJzYWx0c2FsdA==", "userPassword: {NOPE}x")
	for _, x := range []struct {
		name, dn, password string
		want               schema.ResultCode
		id                 string
	}{
		{"root DN", adminDN, adminSecret, 0, "dn:" + adminDN},
		{"root DN, written otherwise", "CN=Admin, O=UTdata", adminSecret, 0, "dn:" + adminDN},
		{"second administrator", utadmin, "utadmin secret", 0, "dn:" + utadmin},
		{"user, written otherwise", "CN=U0000,OU=People, o=utdata", "hidden value", 0, "dn:" + userDN(0)},
		{"second of several passwords", "cn=two," + people, "second", 0, "dn:cn=two," + people},
		{"hashed one", "cn=two," + people, "salted", 0, "dn:cn=two," + people},
		{"hash itself", "cn=two," + people, "{SSHA}iCMx0bI+pOpgpFxUjaxEYoVhHtJzYWx0c2FsdA==", schema.InvalidCredentials, ""},
		{"unknown scheme", "cn=two," + people, "x", schema.InvalidCredentials, ""},
		{"anonymous", "", "", 0, ""},
		{"password without name", "", "x", schema.InvalidCredentials, ""},
		{"name without password", adminDN, "", schema.UnwillingToPerform, ""},
		{"wrong password of the root DN", adminDN, "x", schema.InvalidCredentials, ""},
		{"wrong password", userDN(0), "Hidden value", schema.InvalidCredentials, ""},
		{"no such entry", "cn=none," + people, "x", schema.InvalidCredentials, ""},
		{"another suffix", "cn=none,dc=example", "x", schema.InvalidCredentials, ""},
		{"entry without password", "cn=mute," + people, "x", schema.InvalidCredentials, ""},
		{"no name", "nobody", "x", schema.InvalidDNSyntax, ""},
		{"root DSE's children", "cn=schema", "x", schema.InvalidCredentials, ""},
	} {
		for _, version := range []int{2, 3} {
			c := w.admin()
			r := c.do(bindRequest(version, x.dn, x.password), wire.TagBindResponse, x.want)
			if r.Result.MatchedDN != "" {
				t.Errorf("%s: matched DN %q", x.name, r.Result.MatchedDN)
			}
			if version == 3 {
				if id := c.whoAmI(); id != x.id {
					t.Errorf("%s: %q, want %q", x.name, id, x.id)
				}
			}
			if _, writer := strings.CutPrefix(x.id, "dn:cn="); c.try(replace(people, "description", "x"), wire.TagModifyResponse) == 0 &&
				(!writer || x.id != "dn:"+adminDN && x.id != "dn:"+utadmin) {
				t.Errorf("%s may write", x.name)
			}
			c.nc.Close()
		}
	}
	if log := w.log.String(); strings.Contains(log, "hidden value") || strings.Contains(log, adminSecret) {
		t.Errorf("a password is in the log: %s", log)
	}
}

// A bind request takes the old identity away whatever becomes of it.
func TestBindThatFailsLeavesNobody(t *testing.T) {
	w := newWorld(t, nil)
	sasl := func(mechanism, credentials string) []byte {
		return wiretest.Op(&wire.BindRequest{Version: 3, AuthTag: wire.AuthSASL, Mechanism: []byte(mechanism), Credentials: []byte(credentials), HasCredentials: credentials != ""})
	}
	malformed := wiretest.Message(99, bindRequest(3, adminDN, adminSecret), []byte{0x30, 0x03, 0x02, 0x01, 0x05})
	for name, x := range map[string]struct {
		op   []byte
		want schema.ResultCode
	}{
		"wrong password":        {bindRequest(3, adminDN, "x"), schema.InvalidCredentials},
		"no password":           {bindRequest(3, adminDN, ""), schema.UnwillingToPerform},
		"version 1":             {bindRequest(1, adminDN, adminSecret), schema.ProtocolError},
		"version 4":             {bindRequest(4, adminDN, adminSecret), schema.ProtocolError},
		"SASL PLAIN":            {sasl("PLAIN", "\x00admin\x00x"), schema.AuthMethodNotSupported},
		"EXTERNAL by network":   {sasl("EXTERNAL", ""), schema.AuthMethodNotSupported},
		"no mechanism":          {sasl("", ""), schema.AuthMethodNotSupported},
		"Kerberos of LDAPv2":    {wiretest.Op(&wire.BindRequest{Version: 2, AuthTag: 0x81, Password: []byte("x")}), schema.AuthMethodNotSupported},
		"no bind request":       {[]byte{wire.TagBindRequest, 0}, schema.ProtocolError},
		"critical control":      {nil, schema.UnavailableCriticalExtension},
		"malformed controls":    {malformed, schema.ProtocolError},
		"control of a search":   {nil, schema.UnavailableCriticalExtension},
		"too many controls":     {nil, schema.UnwillingToPerform},
		"password of nobody":    {bindRequest(3, "", "x"), schema.InvalidCredentials},
		"anonymous, no failure": {bindRequest(3, "", ""), schema.Success},
	} {
		t.Run(name, func(t *testing.T) {
			c := w.admin()
			switch name {
			case "critical control":
				c.do(bindRequest(3, adminDN, adminSecret), wire.TagBindResponse, x.want, control1("1.2.3", true, nil))
			case "control of a search":
				c.do(bindRequest(3, adminDN, adminSecret), wire.TagBindResponse, x.want, paged(1, nil))
			case "too many controls":
				c.do(bindRequest(3, adminDN, adminSecret), wire.TagBindResponse, x.want, slices.Repeat(control1("1.2.3", false, nil), 17))
			case "malformed controls":
				c.send(x.op)
				c.wantResult(99, wire.TagBindResponse, x.want)
			default:
				c.do(x.op, wire.TagBindResponse, x.want)
			}
			c.do(replace(people, "description", "x"), wire.TagModifyResponse, schema.StrongerAuthRequired)
			if version := c.try(extended(oidWhoAmI, nil), wire.TagExtendedResponse); version == schema.Success {
				if id := c.whoAmI(); id != "" {
					t.Errorf("still %q", id)
				}
			}
		})
	}
}

func TestLDAPv2(t *testing.T) {
	w := newWorld(t, nil)
	w.store.put(t, "cn=away,"+people, "objectClass: referral", "objectClass: extensibleObject", "cn: away", "ref: ldap://other.example/cn=away,o=x")
	w.users(1)
	c := w.dial()
	c.do(bindRequest(2, "", ""), wire.TagBindResponse, schema.Success)
	f := c.search(ask{base: people, scope: schema.ScopeSub, attrs: []string{"1.1"}}).wantCode(c, schema.PartialResults)
	if len(f.names) != 2 || len(f.urls) != 0 || f.done.Result.Diagnostic != "Referral:\nldap://other.example/cn=away,o=x??sub" || len(f.done.Result.Referrals) != 0 {
		t.Errorf("found %v, %v, %+v", f.names, f.urls, f.done.Result)
	}
	f = c.search(ask{base: "cn=away," + people}).wantCode(c, schema.PartialResults)
	if !strings.HasPrefix(f.done.Result.Diagnostic, "Referral:\nldap://other.example/") || len(f.done.Result.Referrals) != 0 {
		t.Errorf("base is a referral: %+v", f.done.Result)
	}
	c.do(extended(oidWhoAmI, nil), wire.TagExtendedResponse, schema.ProtocolError)
	c.do(bindRequest(3, "", ""), wire.TagBindResponse, schema.Success)
	if f := c.search(ask{base: people, scope: schema.ScopeOne, attrs: []string{"1.1"}}).wantCode(c, schema.Success); !slices.Equal(f.urls, []string{"ldap://other.example/cn=away,o=x??base"}) {
		t.Errorf("version 3: %v", f.urls)
	}
	c.do(bindRequest(2, "", ""), wire.TagBindResponse, schema.Success)
	c.send([]byte("garbage")) // no Notice of Disconnection in version 2
	c.wantClosed()
}

func TestEXTERNALOnTheLocalSocket(t *testing.T) {
	w := build(t, nil)
	path := filepath.Join(t.TempDir(), "ldapi")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	w.listen(func() error { return w.Serve(l) })
	nc, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	c := w.client(nc)
	c.search(ask{attrs: []string{"supportedSASLMechanisms"}}).wantLines(c, "supportedSASLMechanisms: EXTERNAL")
	external := func(credentials string) []byte {
		return wiretest.Op(&wire.BindRequest{Version: 3, AuthTag: wire.AuthSASL, Mechanism: []byte("EXTERNAL"), Credentials: []byte(credentials), HasCredentials: true})
	}
	c.do(external(""), wire.TagBindResponse, schema.Success)
	if id := c.whoAmI(); id != "dn:"+adminDN {
		t.Errorf("uid %d is %q", os.Geteuid(), id)
	}
	c.do(external("dn:cn=other"), wire.TagBindResponse, schema.InsufficientAccessRights)
	if id := c.whoAmI(); id != "" {
		t.Errorf("still %q", id)
	}
}
