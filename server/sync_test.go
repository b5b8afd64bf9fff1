package server

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server/wire"
)

func TestRefreshOnly(t *testing.T) {
	w, p := providerWorld(t, nil)
	c := w.dial()
	id := c.id()
	c.send(follow(syncControl(schema.SyncRefreshOnly, "mine")).message(id))
	q := <-p.began
	if q.Cookie != "mine" || q.Mode != schema.SyncRefreshOnly || q.Member != nil || q.Watch != nil || q.Peer != c.nc.LocalAddr().String() {
		t.Errorf("the provider got %+v", q)
	}
	f := c.collect(id).wantCode(c, schema.Success)
	if !slices.Equal(f.names, []string{userDN(0), userDN(1), userDN(2)}) || !slices.Equal(f.lines, []string{"sn: s0", "sn: s1", "sn: s2"}) {
		t.Errorf("found %v %v", f.names, f.lines)
	}
	for _, e := range f.entries {
		if s := c.stateOf(e); s.State != schema.SyncAdd || s.UUID != testUUID(e.DN) || s.Cookie != "" {
			t.Errorf("%s: %+v", e.DN, s)
		}
	}
	k, ok := control(f.done, wire.OIDSyncDone)
	var done wire.SyncDoneValue
	if !ok || done.Decode(k.Value) != nil || done.Cookie != "rid=000,csn=now" || !done.RefreshDeletes {
		t.Errorf("Sync Done: %+v", done)
	}
	c.search(ask{base: suffix, attrs: []string{"o"}}).wantLines(c, "o: utdata")
}

func TestRefreshAndPersist(t *testing.T) {
	w, p := providerWorld(t, nil)
	c := w.admin()
	c.persist()
	c.do(replace(userDN(1), "sn", "new"), wire.TagModifyResponse, schema.Success) // the connection goes on
	p.changes <- func(out schema.SyncReceiver) {
		out.Entry(w.view(userDN(1)), schema.SyncModify, "second")
		out.Entry(w.view(userDN(2)), schema.SyncPresent, "")
		out.Gone(userDN(0), testUUID(userDN(0)), "third")
		out.Intermediate("1.2.3", nil)
	}
	r := c.wantEntry(50, userDN(1))
	if s := c.stateOf(r); s.State != schema.SyncModify || s.Cookie != "second" || !slices.Equal(lines(r.Attributes), []string{"sn: new"}) {
		t.Errorf("%+v %v", s, r.Attributes)
	}
	r = c.wantEntry(50, userDN(2))
	if s := c.stateOf(r); s.State != schema.SyncPresent || len(r.Attributes) != 0 {
		t.Errorf("%+v %v", s, r.Attributes)
	}
	r = c.wantEntry(50, userDN(0))
	if s := c.stateOf(r); s.State != schema.SyncDelete || s.UUID != testUUID(userDN(0)) || s.Cookie != "third" || len(r.Attributes) != 0 {
		t.Errorf("%+v %v", s, r.Attributes)
	}
	if r = c.want(50, wire.TagIntermediate); r.Name != "1.2.3" || r.HasValue {
		t.Errorf("%+v", r)
	}
}

func TestCookieThatIsOfNoUse(t *testing.T) {
	w, _ := providerWorld(t, nil)
	c := w.dial()
	f := c.search(follow(syncControl(schema.SyncRefreshOnly, "stale"))).wantCode(c, schema.SyncRefreshRequired)
	if _, ok := control(f.done, wire.OIDSyncDone); ok || f.done.Result.Diagnostic == "" {
		t.Errorf("%+v", f.done)
	}
}

func TestSyncControlsThatAreRefused(t *testing.T) {
	w, _ := providerWorld(t, nil)
	c := w.dial()
	refresh, watch := syncControl(schema.SyncRefreshOnly, ""), watchControl(15, true, true)
	member := control1(wire.OIDMember, true, []byte("{}"))
	for _, x := range []struct {
		name string
		a    ask
		want schema.ResultCode
	}{
		{"twice", follow(refresh, refresh), schema.ProtocolError},
		{"without value", follow(control1(wire.OIDSyncRequest, true, nil)), schema.ProtocolError},
		{"with a broken value", follow(control1(wire.OIDSyncRequest, true, []byte{0x30})), schema.ProtocolError},
		{"mode 2", follow(control1(wire.OIDSyncRequest, true, []byte{0x30, 3, 10, 1, 2})), schema.ProtocolError},
		{"persistent search with a broken value", follow(control1(wire.OIDPersistentSearch, true, []byte{0x30, 0})), schema.ProtocolError},
		{"of both kinds", follow(refresh, watch), schema.ProtocolError},
		{"of a member that has not bound", follow(refresh, member), schema.InsufficientAccessRights},
		{"pages", follow(refresh, paged(2, nil)), schema.ProtocolError},
		{"pages of a persistent search", follow(watch, paged(2, nil)), schema.ProtocolError},
		{"order that must be kept", follow(refresh, sortBy(true, "sn")), schema.UnavailableCriticalExtension},
		{"subentries alone", follow(refresh, control1(oidSubentries, true, ber.AppendBool(nil, ber.TagBoolean, true))), schema.UnwillingToPerform},
		{"an assertion that fails", follow(refresh, control1(oidAssertion, true, filterBytes("(ou=other)"))), schema.AssertionFailed},
		{"an assertion that holds", follow(refresh, control1(oidAssertion, true, filterBytes("(ou=people)"))), schema.Success},
		{"order that need not be kept", follow(refresh, sortBy(false, "-sn")), schema.Success},
		{"no such base", ask{base: "ou=none," + suffix, controls: refresh}, schema.NoSuchObject},
		{"a base that is no name", ask{base: "none", controls: refresh}, schema.InvalidDNSyntax},
		{"the root DSE", ask{controls: refresh}, schema.UnavailableCriticalExtension},
		{"the subschema", ask{base: "cn=schema", controls: refresh}, schema.UnavailableCriticalExtension},
		{"the root DSE, if that can be", ask{controls: control1(wire.OIDSyncRequest, false, []byte{0x30, 3, 10, 1, 1})}, schema.Success},
	} {
		if f := c.search(x.a); f.done.Result.Code != x.want {
			t.Errorf("%s: %v, want %d", x.name, &f.done.Result, x.want)
		}
	}
	for deref, want := range map[schema.Deref]schema.ResultCode{
		schema.DerefNever: schema.Success, schema.DerefFinding: schema.Success, // as OpenLDAP
		schema.DerefSearching: schema.ProtocolError, schema.DerefAlways: schema.ProtocolError,
	} {
		q := wire.SearchRequest{Base: []byte(people), Deref: deref, Filter: filter("")}
		id := c.id()
		c.send(wire.AppendRequest(nil, id, &q, refresh))
		if f := c.collect(id); f.done.Result.Code != want {
			t.Errorf("dereferencing %d: %v, want %d", deref, &f.done.Result, want)
		}
	}
}

func TestSyncIsNotOfferedWithoutASyncer(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dial()
	for _, k := range [][]byte{syncControl(schema.SyncRefreshOnly, ""), watchControl(15, false, false), control1(wire.OIDMember, true, nil)} {
		c.search(follow(k)).wantCode(c, schema.UnavailableCriticalExtension)
	}
	c.search(ask{base: suffix, attrs: []string{"o"}, controls: control1(wire.OIDSyncRequest, false, []byte{0x30, 3, 10, 1, 3})}).wantLines(c, "o: utdata")
}

func TestLDAPv2KnowsNoSync(t *testing.T) {
	w, _ := providerWorld(t, nil)
	c := w.dial()
	c.do(bindRequest(2, adminDN, adminSecret), wire.TagBindResponse, schema.Success)
	c.search(follow(syncControl(schema.SyncRefreshOnly, ""))).wantCode(c, schema.UnavailableCriticalExtension)
}

func TestSyncKeepsToTheRights(t *testing.T) {
	hidden := userDN(1)
	w, p := providerWorld(t, func(o *Options) {
		o.Access = append([]AccessRule{{Who: "anonymous", Subtree: hidden, Right: "none"}}, DefaultAccess()...)
	})
	c := w.dial()
	f := c.search(ask{base: people, scope: schema.ScopeOne, attrs: []string{"*", "+"}, controls: syncControl(schema.SyncRefreshOnly, "")}).wantCode(c, schema.Success)
	if !slices.Equal(f.names, []string{userDN(0), userDN(2)}) {
		t.Errorf("found %v", f.names)
	}
	for _, l := range f.lines {
		for _, name := range []string{"userPassword", "entryDN", "hasSubordinates", "numSubordinates", "subschemaSubentry"} {
			if bytes.HasPrefix([]byte(l), []byte(name)) {
				t.Errorf("%s is in the content", l)
			}
		}
	}
	c.search(ask{base: userDN(0), attrs: []string{"entryDN"}, controls: syncControl(schema.SyncRefreshOnly, "")}).
		wantLines(c, "entryDN: "+userDN(0))

	c.send(ask{base: people, scope: schema.ScopeOne, controls: syncControl(schema.SyncRefreshAndPersist, "")}.message(50))
	c.wantEntry(50, userDN(0))
	c.wantEntry(50, userDN(2))
	c.wantInfo(50)
	p.changes <- func(out schema.SyncReceiver) {
		if _, shown := out.Entry(w.view(hidden), schema.SyncModify, ""); shown {
			t.Error("a hidden entry is said to be shown")
		}
		out.Gone(hidden, testUUID(hidden), "")
		out.Gone("no name", testUUID(hidden), "")
		if _, shown := out.Entry(w.view(userDN(2)), schema.SyncModify, ""); !shown {
			t.Error("an entry is said to be hidden")
		}
	}
	for range 2 {
		if s := c.stateOf(c.wantEntry(50, "")); s.UUID != testUUID(hidden) || s.State != schema.SyncDelete {
			t.Errorf("%+v", s)
		}
	}
	c.wantEntry(50, userDN(2))
}

func TestMemberGetsEntriesAsTheyAreStored(t *testing.T) {
	w, p := providerWorld(t, func(o *Options) {
		o.Access = []AccessRule{{Who: "anyone", Right: "none"}} // which is for others
	})
	dn := "cn=M\\c3\\bcller," + people
	w.store.put(t, dn, "objectClass: person", "cn: M\xfcller", "sn: x", "userPassword: secret", "createTimestamp: 20240229120000Z")
	c := w.dial()
	c.memberBind(signature).wantBound(c)
	member := control1(wire.OIDMember, true, []byte(`{"host":"sec1"}`))
	id := c.id()
	c.send(ask{base: dn, attrs: []string{"1.1"}, types: true, controls: slices.Concat(syncControl(schema.SyncRefreshOnly, ""), member)}.message(id))
	if q := <-p.began; string(q.Member) != `{"host":"sec1"}` {
		t.Errorf("the provider got %+v", q)
	}
	v := w.view(dn)
	r := c.wantEntry(id, dn)
	if got := stored(r.Attributes); !bytes.Equal(got, slices.Concat(v.User, v.Operational)) {
		t.Errorf("got %q", got)
	}
	k, ok := control(r, wire.OIDMember)
	if user, err := wire.DecodeUserLength(k.Value); !ok || err != nil || user != len(v.User) || len(v.Operational) == 0 {
		t.Errorf("%d of %d bytes are user attributes, %v", user, len(v.User), err)
	}
	if s := c.stateOf(r); s.UUID != testUUID(dn) {
		t.Errorf("%+v", s)
	}
	c.collect(id).wantCode(c, schema.Success)

	c.send(ask{base: dn, controls: slices.Concat(syncControl(schema.SyncRefreshAndPersist, ""), member)}.message(50))
	c.wantEntry(50, dn)
	c.wantInfo(50)
	p.changes <- func(out schema.SyncReceiver) { out.Entry(v, schema.SyncPresent, "") }
	r = c.wantEntry(50, dn)
	if _, ok := control(r, wire.OIDMember); ok || len(r.Attributes) != 0 {
		t.Errorf("%+v", r)
	}
}

// stored encodes attributes as a store has them.
func stored(list []schema.RawAttribute) (out []byte) {
	for _, a := range list {
		out = schema.AppendAttribute(out, a.Attr, a.Values...)
	}
	return out
}

func TestErrorInsideTheSyncerIsNotToldToTheClient(t *testing.T) {
	f := func(context.Context, *schema.SyncRequest, schema.SyncReceiver) (schema.SyncDone, error) {
		return schema.SyncDone{}, errors.New("the disk is on fire")
	}
	w := newWorld(t, func(o *Options) { o.Syncer = syncFunc(f) })
	c := w.dial()
	r := c.search(follow(syncControl(schema.SyncRefreshOnly, ""))).wantCode(c, schema.Other).done
	if bytes.Contains([]byte(r.Result.Diagnostic), []byte("fire")) {
		t.Errorf("%+v", r.Result)
	}
}

func TestPanicInTheSyncerEndsOneConnectionAlone(t *testing.T) {
	f := func(context.Context, *schema.SyncRequest, schema.SyncReceiver) (schema.SyncDone, error) {
		panic("cannot go on")
	}
	w := newWorld(t, func(o *Options) { o.Syncer = syncFunc(f) })
	w.panics = 1
	c, other := w.dial(), w.dial()
	c.send(follow(syncControl(schema.SyncRefreshAndPersist, "")).message(50))
	c.wantClosed()
	other.search(ask{base: suffix}).wantCode(other, schema.Success)
	if n := w.syncs.Load(); n != 0 {
		t.Errorf("%d searches persist", n)
	}
}
