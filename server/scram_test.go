package server

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// groupWorld is a server whose members have the signature of the tests.
func groupWorld(t testing.TB) *world {
	w := newWorld(t, func(o *Options) { o.Signature = func() string { return signature } })
	w.users(3)
	return w
}

func TestMemberBindsAndBothSidesProveTheSignature(t *testing.T) {
	w := groupWorld(t)
	c := w.dial()
	c.memberBind(signature).wantBound(c)
	if id := c.whoAmI(); id != memberAuthzID {
		t.Errorf("identity %q", id)
	}
	c.search(ask{base: userDN(0), attrs: []string{"userPassword"}}).wantLines(c, "userPassword: hidden value")
	c.bind(adminDN, adminSecret)
	if id := c.whoAmI(); id != "dn:"+adminDN {
		t.Errorf("identity %q", id)
	}
	c.memberBind(signature).wantBound(c)
	c.do(bindRequest(3, "", ""), wire.TagBindResponse, schema.Success)
	if id := c.whoAmI(); id != "" {
		t.Errorf("identity %q", id)
	}
}

func TestMemberWritesNothing(t *testing.T) {
	w := groupWorld(t)
	c := w.dial()
	c.memberBind(signature).wantBound(c)
	for _, u := range updates() {
		c.do(u.op, u.tag, schema.InsufficientAccessRights)
	}
	c.do(wiretest.Modify(&wire.ModifyRequest{DN: []byte(userDN(0))}), wire.TagModifyResponse, schema.InsufficientAccessRights)
	c.do(passwordRequest(userDN(0), "-", "x"), wire.TagExtendedResponse, schema.InsufficientAccessRights)
}

func TestMemberHasTheLimitsOfAnAdministrator(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Signature = func() string { return signature }
		o.Limits.SizeLimit, o.Limits.UnboundPDU = 1, 4096
	})
	w.users(3)
	c := w.dial()
	c.search(everything()).wantCode(c, schema.SizeLimitExceeded)
	c.memberBind(signature).wantBound(c)
	c.search(everything()).wantCode(c, schema.Success)
	a := everything()
	a.filter = "(cn=" + strings.Repeat("x", 8000) + ")"
	c.search(a).wantCode(c, schema.Success)
}

func TestMemberWithAnotherSignatureIsRefused(t *testing.T) {
	w := groupWorld(t)
	c := w.dial()
	if b := c.memberBind("another signature"); b.code != schema.InvalidCredentials {
		t.Errorf("%+v", b)
	}
	if id := c.whoAmI(); id != "" {
		t.Errorf("identity %q", id)
	}
	log := w.log.String()
	if strings.Count(log, "a member with another group signature was refused") != 1 || !strings.Contains(log, c.nc.LocalAddr().String()) || strings.Contains(log, signature) {
		t.Errorf("log: %s", log)
	}
	for _, x := range []struct{ name, password, authzID string }{
		{"admin", signature, ""}, {"", signature, ""}, {MemberName, signature, "admin"}, {MemberName, "", ""},
	} {
		if b := c.scramAs(x.name, x.password, x.authzID); b.code != schema.InvalidCredentials {
			t.Errorf("%+v: %+v", x, b)
		}
	}
	c.memberBind(signature).wantBound(c)
}

func TestMembersCannotBindWithoutASignature(t *testing.T) {
	var now atomic.Pointer[string]
	set := func(s string) { now.Store(&s) }
	set("")
	c := newWorld(t, nil).dial()
	c.do(scramRequest("n,,n=group,r=abc"), wire.TagBindResponse, schema.AuthMethodNotSupported)

	c = newWorld(t, func(o *Options) { o.Signature = func() string { return *now.Load() } }).dial()
	c.do(scramRequest("n,,n=group,r=abc"), wire.TagBindResponse, schema.AuthMethodNotSupported)
	set(signature) // while the server runs
	c.memberBind(signature).wantBound(c)
	set("the next signature")
	if b := c.memberBind(signature); b.code != schema.InvalidCredentials {
		t.Errorf("%+v", b)
	}
	c.memberBind("the next signature").wantBound(c)
	set("not \x01 to be used") // by SASLprep
	c.do(scramRequest("n,,n=group,r=abc"), wire.TagBindResponse, schema.Other)
}

func TestStepsOfAMembersBindThatAreOutOfOrder(t *testing.T) {
	w := groupWorld(t)
	c := w.dial()
	begin := func() (final string) {
		t.Helper()
		talk := c.talk(MemberName, signature, "")
		first, _ := talk.Step("")
		r := c.step(first)
		if r.Result.Code != schema.SASLBindInProgress || c.whoAmI() != "" {
			t.Fatalf("%+v", r)
		}
		final, err := talk.Step(string(r.Creds))
		if err != nil {
			t.Fatal(err)
		}
		return final
	}
	want := func(r *wiretest.Response, code schema.ResultCode) {
		t.Helper()
		if r.Result.Code != code {
			t.Errorf("%+v, want %d", r.Result, code)
		}
	}
	final := begin()
	c.do(bindRequest(3, "", ""), wire.TagBindResponse, schema.Success)
	want(c.step(final), schema.InvalidCredentials) // another bind came in between

	final = begin()
	c.send(message(90, []byte{wire.TagBindRequest, 0}))
	c.wantResult(90, wire.TagBindResponse, schema.ProtocolError)
	want(c.step(final), schema.InvalidCredentials)

	final = begin()
	want(c.step(final), schema.Success)
	want(c.step(final), schema.InvalidCredentials) // once is enough

	final = begin()
	want(c.step("c=biws,r=x,p=eA=="), schema.InvalidCredentials)
	want(c.step(final), schema.InvalidCredentials)

	begin()
	want(c.step(begin()), schema.Success) // who begins anew has a new challenge

	r := c.do(wiretest.Op(&wire.BindRequest{Version: 3, AuthTag: wire.AuthSASL, Mechanism: []byte(scramMechanism)}), wire.TagBindResponse, schema.SASLBindInProgress)
	if len(r.Creds) != 0 {
		t.Errorf("%+v", r)
	}
	want(c.step(begin()), schema.Success)

	v2 := &wire.BindRequest{Version: 2, AuthTag: wire.AuthSASL, Mechanism: []byte(scramMechanism), Credentials: []byte("n,,n=group,r=abc"), HasCredentials: true}
	c.do(wiretest.Op(v2), wire.TagBindResponse, schema.AuthMethodNotSupported)
}

func TestBindRequestsThatArePipelined(t *testing.T) {
	w := groupWorld(t)
	c := w.dial()
	talk := c.talk(MemberName, signature, "")
	first, _ := talk.Step("")
	c.send(message(60, scramRequest(first)), ask{base: userDN(0), attrs: []string{"userPassword"}}.message(61))
	r := c.wantResult(60, wire.TagBindResponse, schema.SASLBindInProgress)
	if f := c.collect(61).wantCode(c, schema.Success); len(f.lines) != 0 { // half a bind is none
		t.Errorf("found %v", f.lines)
	}
	final, err := talk.Step(string(r.Creds))
	if err != nil {
		t.Fatal(err)
	}
	c.send(message(62, scramRequest(final)), ask{base: userDN(0), attrs: []string{"userPassword"}}.message(63))
	c.wantResult(62, wire.TagBindResponse, schema.Success)
	c.collect(63).wantLines(c, "userPassword: hidden value")
}

// malformed are credentials of which none is a step of SCRAM-SHA-256.
func malformed() []string {
	return []string{
		"x", ",", ",,,", "n", "n,", "n,,", "n,,n", "n,,n=group", "n,,n=group,", "n,,n=group,x=abc", "n,,r=abc,n=group", "n,,n=,r=abc", "n,,n=other,r=abc",
		"n,,n=gr=oup,r=abc", "n,,m=x,n=group,r=abc", "p=tls-unique,,n=group,r=abc", "p=none,,n=group,r=abc", "z,,n=group,r=abc", "n,a=admin,n=group,r=abc",
		"c=biws,r=abc,p=AAAA", "\x00", "\xff\xfe", strings.Repeat("n,", 100), strings.Repeat("x", maxScram+1),
		"n,,n=group,r=" + strings.Repeat("x", maxScram),
	}
}

func TestCredentialsThatAreNone(t *testing.T) {
	w := groupWorld(t)
	c := w.dial()
	for _, text := range malformed() {
		if r := c.step(text); r.Result.Code != schema.InvalidCredentials || r.HasCreds {
			t.Errorf("%.40q: %+v", text, r)
		}
	}
	for _, text := range append(malformed(), "c=", "c=,r=,p=", "c=biws", "c=biws,r=abc", "c=biws,r=abc,p=", "c=biws,r=abc,p=!", "c=biws,r=abc,x=y,p=AAAA") {
		talk := c.talk(MemberName, signature, "")
		first, _ := talk.Step("")
		c.step(first)
		if r := c.step(text); r.Result.Code != schema.InvalidCredentials {
			t.Errorf("second step %.40q: %+v", text, r)
		}
	}
	c.memberBind(signature).wantBound(c)
}

func TestRootDSETellsHowMembersBind(t *testing.T) {
	w := groupWorld(t)
	c := w.dial()
	c.search(ask{attrs: []string{"supportedSASLMechanisms"}}).wantLines(c, "supportedSASLMechanisms: SCRAM-SHA-256")
	_, c = localWorld(t, nil)
	c.search(ask{attrs: []string{"supportedSASLMechanisms"}}).wantLines(c, "supportedSASLMechanisms: EXTERNAL")
}

// FuzzMemberBind sends any credentials as the two steps of a bind.
func FuzzMemberBind(f *testing.F) {
	for _, text := range malformed() {
		f.Add([]byte(text), []byte("c=biws,r=abc,p=AAAA"))
		f.Add([]byte("n,,n=group,r=abc"), []byte(text))
	}
	w := build(f, func(o *Options) { o.Signature = func() string { return signature } })
	f.Fuzz(func(t *testing.T, first, second []byte) {
		c := newConn(w.Server, sink{})
		for _, credentials := range [][]byte{first, second} {
			if err := c.handle(message(1, scramRequest(string(credentials)))); err != nil {
				t.Fatal(err)
			}
			if _, err := wiretest.Decode(c.buf); err != nil {
				t.Fatalf("the answer is none: %v", err)
			}
			c.buf = c.buf[:0]
			if c.session.bound() {
				t.Fatalf("%q and %q are a bind", first, second)
			}
		}
	})
}

// FuzzSyncControls sends any values of the controls of synchronization.
func FuzzSyncControls(f *testing.F) {
	request := wire.SyncRequestValue{Mode: schema.SyncRefreshAndPersist, Cookie: "c", ReloadHint: true}
	f.Add(request.Append(nil), wire.AppendWatch(nil, schema.Watch{Kinds: 15}), []byte("{}"), uint8(0))
	f.Add([]byte{0x30, 3, 10, 1, 1}, []byte{0x30}, []byte{}, uint8(7))
	p := newProvider()
	w := build(f, func(o *Options) { o.Syncer = p; o.Signature = func() string { return signature } })
	w.users(3)
	p.store = w.store
	f.Fuzz(func(t *testing.T, sync, watch, member []byte, which uint8) {
		var k []byte
		for i, value := range []struct {
			oid   string
			value []byte
		}{{wire.OIDSyncRequest, sync}, {wire.OIDPersistentSearch, watch}, {wire.OIDMember, member}} {
			if which&(1<<i) != 0 {
				k = append(k, control1(value.oid, which&8 != 0, value.value)...)
			}
		}
		c := newConn(w.Server, sink{})
		if which&16 != 0 {
			c.session.member, c.session.writer, c.session.rights = true, true, w.group
		}
		if err := c.handle(ask{base: suffix, scope: schema.ScopeSub, controls: k}.message(1)); err != nil {
			t.Fatal(err)
		}
		if err := c.handle(message(2, cancelRequest(1))); err != nil {
			t.Fatal(err)
		}
		c.finish()
		if n := number(w.metrics.panics); n != 0 {
			t.Fatalf("panic: %s", w.log)
		}
		if n := w.syncs.Load(); n != 0 {
			t.Fatalf("%d searches persist", n)
		}
	})
}
