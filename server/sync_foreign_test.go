package server

import (
	"context"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// foreign connects a foreign library to the world.
func (w *world) foreign() *ldap.Conn {
	w.Helper()
	l, err := ldap.DialURL("ldap://" + w.addr)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { l.Close() })
	return l
}

func foreignFollow() *ldap.SearchRequest {
	return ldap.NewSearchRequest(people, ldap.ScopeSingleLevel, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=person)", []string{"sn"}, nil)
}

// state is the Sync State of a foreign result.
func state(t *testing.T, r ldap.Response) *ldap.ControlSyncState {
	t.Helper()
	k, ok := ldap.FindControl(r.Controls(), ldap.ControlTypeSyncState).(*ldap.ControlSyncState)
	if !ok || r.Entry() == nil {
		t.Fatalf("no Sync State: %v %v", r.Entry(), r.Controls())
	}
	return k
}

func TestForeignConsumerRefreshes(t *testing.T) {
	w, p := providerWorld(t, nil)
	r := w.foreign().Syncrepl(context.Background(), foreignFollow(), 10, ldap.SyncRequestModeRefreshOnly, []byte("mine"), true)
	found := 0
	var done *ldap.ControlSyncDone
	for r.Next() {
		if r.Entry() == nil {
			done, _ = ldap.FindControl(r.Controls(), ldap.ControlTypeSyncDone).(*ldap.ControlSyncDone)
			continue
		}
		if s := state(t, r); s.State != ldap.SyncStateAdd || schema.UUID(s.EntryUUID) != testUUID(r.Entry().DN) || r.Entry().GetAttributeValue("sn") == "" {
			t.Errorf("%v %v", r.Entry(), s)
		}
		found++
	}
	if err := r.Err(); err != nil || found != 3 || done == nil || string(done.Cookie) != "rid=000,csn=now" || !done.RefreshDeletes {
		t.Errorf("%d entries, %v, %v", found, done, err)
	}
	if q := <-p.began; q.Cookie != "mine" || !q.ReloadHint {
		t.Errorf("%+v", q)
	}
	r = w.foreign().Syncrepl(context.Background(), foreignFollow(), 10, ldap.SyncRequestModeRefreshOnly, []byte("stale"), false)
	for r.Next() {
		t.Errorf("found %v", r.Entry())
	}
	if err := r.Err(); !ldap.IsErrorWithCode(err, ldap.LDAPResultSyncRefreshRequired) {
		t.Errorf("got %v", err)
	}
}

func TestForeignConsumerPersists(t *testing.T) {
	w, p := providerWorld(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	l := w.foreign()
	r := l.Syncrepl(ctx, foreignFollow(), 10, ldap.SyncRequestModeRefreshAndPersist, nil, false)
	next := func() {
		t.Helper()
		if !r.Next() {
			t.Fatal(r.Err())
		}
	}
	info := func() *ldap.ControlSyncInfo {
		t.Helper()
		next()
		k, ok := ldap.FindControl(r.Controls(), ldap.ControlTypeSyncInfo).(*ldap.ControlSyncInfo)
		if !ok {
			t.Fatalf("no Sync Info: %v %v", r.Entry(), r.Controls())
		}
		return k
	}
	for range 3 {
		next()
		state(t, r)
	}
	if k := info(); k.RefreshDelete == nil || string(k.RefreshDelete.Cookie) != "first" || !k.RefreshDelete.RefreshDone {
		t.Errorf("%v", k)
	}
	gone := testUUID("gone")
	p.changes <- func(out schema.SyncReceiver) {
		for _, v := range []wire.SyncInfoValue{
			{Choice: wire.SyncInfoNewCookie, Cookie: "second"},
			{Choice: wire.SyncInfoRefreshPresent, Cookie: "third"},
			{Choice: wire.SyncInfoIDSet, RefreshDeletes: true, UUIDs: []schema.UUID{gone}},
		} {
			out.Intermediate(wire.OIDSyncInfo, v.Append(nil))
		}
		out.Gone(userDN(1), gone, "fourth")
	}
	if k := info(); k.NewCookie == nil { // of which this library does not read the cookie
		t.Errorf("%v", k)
	}
	if k := info(); k.RefreshPresent == nil || string(k.RefreshPresent.Cookie) != "third" || k.RefreshPresent.RefreshDone {
		t.Errorf("%v", k)
	}
	if k := info(); k.SyncIdSet == nil || !k.SyncIdSet.RefreshDeletes || len(k.SyncIdSet.SyncUUIDs) != 1 || schema.UUID(k.SyncIdSet.SyncUUIDs[0]) != gone {
		t.Errorf("%v", k)
	}
	next()
	if s := state(t, r); s.State != ldap.SyncStateDelete || schema.UUID(s.EntryUUID) != gone || string(s.Cookie) != "fourth" {
		t.Errorf("%v", s)
	}
	cancel()
	l.Close()
	p.wantStopped(t)
}
