package replica

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

const (
	cookie1 = "rid=000,csn=20261122184228.000001Z#000000#000#000000"
	cookie2 = "rid=000,csn=20261122184228.000002Z#000000#000#000000"
)

// foreignStage is a stage whose provider is of another make.
func foreignStage(t *testing.T, store *modelStore, plays ...func(p *scripted)) *stage {
	s := newStage(t, store, plays...)
	s.options.Provider, s.options.Signature = nil, nil
	return s
}

func (s *stage) startForeign(t *testing.T) *stage {
	t.Helper()
	definitions, err := schema.Default()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("secret\nnot this\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.consumer, err = NewForeignConsumer(s.options, ForeignProvider{URL: "ldap://slapd.example", BindDN: "cn=reader,o=utdata",
		PasswordFile: file, Schema: definitions})
	if err != nil {
		t.Fatal(err)
	}
	s.run()
	return s
}

// login takes a simple bind and the search, in which the cookie must be want.
func (p *scripted) login(want string) {
	m, ok := p.read()
	var q wire.BindRequest
	if !ok {
		panic(cutOff{})
	}
	if err := q.Decode(m.Body); err != nil || string(q.Name) != "cn=reader,o=utdata" || string(q.Password) != "secret" {
		p.t.Errorf("bind %+v, %v", q, err)
	}
	p.write(wire.AppendBindResponse(nil, m.ID, &schema.Result{}, nil, false, nil))
	p.asked()
	if p.cookie != want {
		p.t.Errorf("cookie %q, want %q", p.cookie, want)
	}
}

// state sends an entry as slapd does.
func (p *scripted) state(v schema.View, state schema.SyncState, cookie string) {
	p.entryWith(v, wire.SyncStateValue{State: state, UUID: v.UUID, Cookie: cookie}, false)
}

func (p *scripted) info(v wire.SyncInfoValue) { p.tell(wire.OIDSyncInfo, v.Append(nil)) }

func (p *scripted) refreshDelete(cookie string) {
	p.info(wire.SyncInfoValue{Choice: wire.SyncInfoRefreshDelete, Cookie: cookie, RefreshDone: true})
}

func (p *scripted) idSet(deletes bool, ids ...byte) {
	v := wire.SyncInfoValue{Choice: wire.SyncInfoIDSet, RefreshDeletes: deletes}
	for _, n := range ids {
		v.UUIDs = append(v.UUIDs, modelID(n))
	}
	p.info(v)
}

// people is a store that follows such a provider: the suffix and some entries
// below it, numbered from 2 on.
func people(names ...string) *modelStore {
	store := newModelStore('f', 9)
	for i, n := range names {
		v := modelView(byte(i+2), "cn="+n+",o=utdata", "cn: "+n)
		store.state.entries[v.UUID] = entryOf(&v)
	}
	store.state.cookie = cookie1
	return store
}

// names lists the names that a store has.
func (m *modelStore) names() string {
	s := m.now()
	var out []string
	for n := byte(1); n < 20; n++ {
		if e, ok := s.entries[modelID(n)]; ok {
			out = append(out, strings.TrimSuffix(e.dn, ",o=utdata"))
		}
	}
	return strings.Join(out, " ")
}

func TestEmptyStoreIsLoadedFromForeignProvider(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('a', 7)
		suffix := modelView(1, "o=utdata", "objectClass: organization", "o: utdata")
		suffix.Operational = schema.AppendAttribute(suffix.Operational, "contextCSN", []byte(csn))
		ada := modelView(2, "cn=ada,o=utdata", "cn: ada", "subschemaSubentry: cn=Subschema", "hasSubordinates: FALSE", "entryDN: cn=ada,o=utdata")
		ada.Operational = nil // and the entryUUID is in the control alone
		s := foreignStage(t, store, func(p *scripted) {
			p.login("")
			p.state(suffix, schema.SyncAdd, "")
			p.state(ada, schema.SyncAdd, "")
			p.refreshDelete(cookie1)
			p.rest()
		}).startForeign(t)
		synctest.Wait()
		want := "cn: ada\nentryUUID: 02020202-0202-0202-0202-020202020202\n"
		if got := store.now().entries[modelID(2)]; got.text != want || store.names() != "o=utdata cn=ada" {
			t.Errorf("%s has\n%s", store.names(), got.text)
		}
		if strings.Contains(store.texts[0], "contextCSN") || !strings.HasPrefix(store.texts[0], "version: 1\n") || !store.loads[0].ForeignProvider {
			t.Errorf("%+v\n%s", store.loads, store.texts[0])
		}
		if store.now().cookie != cookie1 {
			t.Errorf("cookie %q", store.now().cookie)
		}
		if state := s.consumer.State(); !state.Level || state.Outcome != Stream || state.Refreshes != 1 || state.Address != "slapd.example:389" {
			t.Errorf("%+v", state)
		}
		s.stop()
	})
}

func TestPhasesOfTheRefreshStage(t *testing.T) {
	eve, ada := modelView(5, "cn=eve,o=utdata", "cn: eve"), modelView(2, "cn=ada,o=utdata", "cn: ada", "description: new")
	present := func(n byte) schema.View { return schema.View{UUID: modelID(n), DN: []byte("cn=x,o=utdata")} }
	for _, c := range []struct {
		name string
		play func(p *scripted)
		want string
	}{
		{"nothing has changed", func(p *scripted) { p.refreshDelete(cookie1) }, "o=utdata cn=ada cn=bob cn=carl"},
		{"delete phase", func(p *scripted) {
			p.state(eve, schema.SyncAdd, "")
			p.idSet(true, 3, 4)
			p.refreshDelete(cookie2)
		}, "o=utdata cn=ada cn=eve"},
		{"delete phase, one by one", func(p *scripted) {
			p.state(present(4), schema.SyncDelete, "")
			p.refreshDelete(cookie2)
		}, "o=utdata cn=ada cn=bob"},
		{"delete phase names what is not here", func(p *scripted) {
			p.idSet(true, 3, 17)
			p.refreshDelete(cookie2)
		}, "o=utdata cn=ada cn=carl"},
		{"present phase", func(p *scripted) {
			p.state(present(1), schema.SyncPresent, "")
			p.state(ada, schema.SyncAdd, "")
			p.state(eve, schema.SyncAdd, "")
			p.idSet(false, 4)
			p.info(wire.SyncInfoValue{Choice: wire.SyncInfoRefreshPresent, Cookie: cookie2, RefreshDone: true})
		}, "o=utdata cn=ada cn=carl cn=eve"},
		{"present phase, then delete phase", func(p *scripted) {
			p.idSet(false, 1, 2, 3, 4)
			p.info(wire.SyncInfoValue{Choice: wire.SyncInfoRefreshPresent})
			p.state(eve, schema.SyncAdd, "")
			p.idSet(true, 2)
			p.refreshDelete(cookie2)
		}, "o=utdata cn=bob cn=carl cn=eve"},
		{"added and gone again", func(p *scripted) {
			p.state(eve, schema.SyncAdd, "")
			p.idSet(true, 5)
			p.refreshDelete(cookie2)
		}, "o=utdata cn=ada cn=bob cn=carl"},
		{"gone and there again", func(p *scripted) {
			p.idSet(true, 2)
			p.state(ada, schema.SyncAdd, "")
			p.refreshDelete(cookie2)
		}, "o=utdata cn=ada cn=bob cn=carl"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := people("ada", "bob", "carl")
				s := foreignStage(t, store, func(p *scripted) {
					p.login(cookie1)
					c.play(p)
					p.rest()
				}).startForeign(t)
				synctest.Wait()
				if got := store.names(); got != c.want {
					t.Errorf("there are %s, want %s", got, c.want)
				}
				if len(store.batches) > 1 || len(store.batches) == 1 && store.now().cookie != cookie2 {
					t.Errorf("batches %+v", store.batches)
				}
				if state := s.consumer.State(); !state.Level || state.Outcome != Stream || !state.Connected {
					t.Errorf("%+v", state)
				}
				s.stop()
			})
		})
	}
}

func TestChangesOfForeignProviderAreFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := people("ada", "bob")
		steps := []struct {
			play   func(p *scripted)
			want   string
			cookie string
		}{
			{func(p *scripted) { p.state(modelView(4, "cn=eve,o=utdata", "cn: eve"), schema.SyncAdd, "csn=1") }, "o=utdata cn=ada cn=bob cn=eve", "csn=1"},
			{func(p *scripted) { p.state(schema.View{UUID: modelID(3)}, schema.SyncDelete, "csn=2") }, "o=utdata cn=ada cn=eve", "csn=2"},
			{func(p *scripted) { p.state(modelView(2, "cn=Ada B,o=utdata", "cn: Ada B"), schema.SyncModify, "csn=3") }, "o=utdata cn=Ada B cn=eve", "csn=3"},
			{func(p *scripted) { p.info(wire.SyncInfoValue{Choice: wire.SyncInfoNewCookie, Cookie: "csn=4"}) }, "o=utdata cn=Ada B cn=eve", "csn=4"},
			{func(p *scripted) { p.state(schema.View{UUID: modelID(19)}, schema.SyncDelete, "csn=5") }, "o=utdata cn=Ada B cn=eve", "csn=5"},
		}
		next := make(chan func(p *scripted))
		s := foreignStage(t, store, func(p *scripted) {
			p.login(cookie1)
			p.refreshDelete(cookie1)
			if m, ok := p.read(); !ok || m.Op != wire.TagSearchRequest {
				t.Errorf("operation %#x instead of a question", m.Op)
			}
			for play := range next {
				play(p)
			}
			p.rest()
		}).startForeign(t)
		for _, step := range steps {
			next <- step.play
			synctest.Wait()
			if got := store.names(); got != step.want || store.now().cookie != step.cookie {
				t.Errorf("there are %s at %s, want %s at %s", got, store.now().cookie, step.want, step.cookie)
			}
		}
		close(next)
		s.stop()
	})
}

func TestRenameComesBehindWhatWasBelowItBefore(t *testing.T) {
	store := people("ada", "bob")
	definitions, err := schema.Default()
	if err != nil {
		t.Fatal(err)
	}
	f := &foreignSession{c: newConsumer(ConsumerOptions{Applier: store, Suffix: "o=utdata"}), p: &ForeignProvider{Schema: definitions}}
	event := func(n byte, dn string) foreignEvent { return foreignEvent{view: modelView(n, dn, "cn: x")} }
	w := &foreignWork{cookie: cookie2, events: []foreignEvent{
		event(4, "cn=kid,cn=ada,o=utdata"),
		event(2, "CN=ada,o=utdata"), // not another name
		event(2, "cn=eve,o=utdata"),
		event(4, "cn=kid,cn=eve,o=utdata"),
		event(5, "cn=last,cn=eve,o=utdata"),
	}}
	if err := f.do(context.Background(), w); err != nil {
		t.Fatal(err)
	}
	var got [][]string
	for _, b := range store.batches {
		var names []string
		for _, v := range b.Entries {
			names = append(names, string(v.DN))
		}
		got = append(got, append(names, b.Cookie))
	}
	want := [][]string{{"cn=kid,cn=ada,o=utdata", "CN=ada,o=utdata", ""}, {"cn=eve,o=utdata", ""},
		{"cn=kid,cn=eve,o=utdata", "cn=last,cn=eve,o=utdata", cookie2}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("batches %q, want %q", got, want)
	}
}

func TestForeignProviderIsAskedHowFarItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := people("ada")
		answer := func(p *scripted, csns ...string) {
			m, ok := p.read()
			if !ok {
				panic(cutOff{})
			}
			values := make([][]byte, len(csns))
			for i := range csns {
				values[i] = []byte(csns[i])
			}
			b, mark := wire.BeginEntry(nil, m.ID, []byte("o=utdata"))
			p.write(wire.EndEntry(schema.AppendAttribute(b, "contextCSN", values...), mark, nil))
			p.write(wire.AppendResult(nil, m.ID, wire.TagSearchResultDone, &schema.Result{}, nil))
		}
		mine := strings.TrimPrefix(cookie1, "rid=000,csn=")
		s := foreignStage(t, store, func(p *scripted) {
			p.login(cookie1)
			p.refreshDelete(cookie1)
			answer(p, mine)
			answer(p, mine, "20261122184229.000000Z#000000#001#000000")
			answer(p, mine)
			p.rest()
		}).startForeign(t)
		for i, level := range []bool{true, false, true} {
			synctest.Wait()
			if state := s.consumer.State(); state.Level != level || !state.Connected {
				t.Errorf("after question %d: %+v", i+1, state)
			}
			time.Sleep(defaultSilence)
		}
		time.Sleep(2*defaultSilence + time.Second)
		if state := s.consumer.State(); state.Connected || s.dialled() < 2 {
			t.Errorf("%+v", state)
		}
		s.stop()
	})
}

func TestLevelWithCookiesOfSlapd(t *testing.T) {
	values := func(list ...string) (out []byte) {
		for _, v := range list {
			a, _, _ := schema.NextAttribute(schema.AppendAttribute(nil, "x", []byte(v)))
			out = append(out, a.Values...)
		}
		return out
	}
	for _, c := range []struct {
		cookie string
		csns   []string
		want   bool
	}{
		{"rid=001,csn=a;b", []string{"a", "b"}, true},
		{"rid=001,csn=a;b", []string{"b"}, true},
		{"rid=001,sid=001,csn=a", []string{"a", "b"}, false},
		{"rid=001", []string{"a"}, false},
		{"", []string{"a"}, false},
	} {
		if got := coversCSNs(c.cookie, values(c.csns...)); got != c.want {
			t.Errorf("%q covers %v: %v", c.cookie, c.csns, got)
		}
	}
}
