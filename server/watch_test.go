package server

import (
	"slices"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// changeOf reads the Entry Change Notification of an entry, which may have none.
func (c *client) changeOf(r *wiretest.Response) (e wire.EntryChange, ok bool) {
	c.Helper()
	if _, ok := control(r, wire.OIDSyncState); ok {
		c.Errorf("a persistent search has states: %+v", r)
	}
	k, ok := control(r, wire.OIDEntryChange)
	if ok && e.Decode(k.Value) != nil {
		c.Fatalf("%+v", r)
	}
	return e, ok
}

func TestPersistentSearchOfWhatIsThereAndOfChanges(t *testing.T) {
	w, p := providerWorld(t, nil)
	c := w.dial()
	c.send(follow(watchControl(15, false, true)).message(50))
	if q := <-p.began; q.Watch == nil || *q.Watch != (schema.Watch{Kinds: 15, ReturnECs: true}) || q.Mode != 0 {
		t.Errorf("the provider got %+v", q)
	}
	for i := range 3 {
		if e, ok := c.changeOf(c.wantEntry(50, userDN(i))); ok {
			t.Errorf("an entry that was there before has changed: %+v", e)
		}
	}
	p.changes <- func(out schema.SyncReceiver) {
		out.Change(w.view(userDN(1)), &schema.ChangeRecord{Seq: 7, Kind: schema.ChangeModify, DN: userDN(1)})
		out.Change(w.view(userDN(2)), &schema.ChangeRecord{Seq: 8, Kind: schema.ChangeModifyDN, DN: "cn=old," + people})
		if _, shown := out.Change(nil, &schema.ChangeRecord{Seq: 9, Kind: schema.ChangeDelete, DN: userDN(0)}); !shown {
			t.Error("a deleted entry is not shown")
		}
		if _, shown := out.Change(nil, nil); shown {
			t.Error("nothing is shown")
		}
		out.Entry(w.view(userDN(1)), schema.SyncModify, "cookie")
	}
	r := c.wantEntry(50, userDN(1))
	if e, ok := c.changeOf(r); !ok || e.Kind != schema.ChangeModify || e.ChangeNumber != 7 || e.PreviousDN != nil || !slices.Equal(lines(r.Attributes), []string{"sn: s1"}) {
		t.Errorf("%+v %+v", e, r)
	}
	if e, ok := c.changeOf(c.wantEntry(50, userDN(2))); !ok || e.Kind != schema.ChangeModifyDN || string(e.PreviousDN) != "cn=old,"+people {
		t.Errorf("%+v", e)
	}
	r = c.wantEntry(50, userDN(0))
	if e, ok := c.changeOf(r); !ok || e.Kind != schema.ChangeDelete || e.ChangeNumber != 9 || len(r.Attributes) != 0 {
		t.Errorf("%+v", e)
	}
	if _, ok := c.changeOf(c.wantEntry(50, userDN(1))); ok {
		t.Error("an entry without a record has a change")
	}
	c.send(message(51, cancelRequest(50)))
	if r := c.wantResult(50, wire.TagSearchResultDone, schema.Canceled); len(r.Controls) != 0 {
		t.Errorf("%+v", r)
	}
	c.wantResult(51, wire.TagExtendedResponse, schema.Success)
	p.wantStopped(t)
}

func TestPersistentSearchOfChangesAlone(t *testing.T) {
	w, p := providerWorld(t, nil)
	c := w.dial()
	c.send(follow(watchControl(8, true, false)).message(50))
	p.changes <- func(out schema.SyncReceiver) {
		out.Change(w.view(userDN(1)), &schema.ChangeRecord{Seq: 7, Kind: schema.ChangeModifyDN, DN: userDN(9)})
	}
	if e, ok := c.changeOf(c.wantEntry(50, userDN(1))); ok {
		t.Errorf("a notification that nobody asked for: %+v", e)
	}
}

func TestPersistentSearchKeepsToTheRights(t *testing.T) {
	hidden := userDN(1)
	w, p := providerWorld(t, func(o *Options) {
		o.Access = append([]AccessRule{{Who: "anonymous", Subtree: hidden, Right: "none"}}, DefaultAccess()...)
	})
	c := w.dial()
	c.send(follow(watchControl(15, true, true)).message(50))
	p.changes <- func(out schema.SyncReceiver) {
		for _, v := range []*schema.View{w.view(hidden), nil} {
			if _, shown := out.Change(v, &schema.ChangeRecord{Kind: schema.ChangeDelete, DN: hidden}); shown {
				t.Error("a hidden entry is shown")
			}
		}
		out.Change(w.view(userDN(0)), &schema.ChangeRecord{Kind: schema.ChangeModifyDN, DN: hidden})
	}
	if e, _ := c.changeOf(c.wantEntry(50, userDN(0))); e.Kind != schema.ChangeModifyDN || len(e.PreviousDN) != 0 {
		t.Errorf("%+v", e)
	}
}
