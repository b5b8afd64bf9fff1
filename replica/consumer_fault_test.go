package replica

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

func TestSilentProviderIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('a', 7)
		s0 := store.now()
		s := newStage(t, store, func(p *scripted) {
			p.meet(UpToDate, s0)
			p.confirmed()
			for range 30 {
				time.Sleep(time.Second)
				p.beat(s0)
			}
			p.rest()
		}, (*scripted).rest).start()
		time.Sleep(39 * time.Second)
		if state := s.consumer.State(); !state.Connected || !state.Level || state.Lag != 0 || time.Since(state.LastHeard) < 8*time.Second {
			t.Errorf("%+v", state)
		}
		time.Sleep(2 * time.Second)
		state := s.consumer.State()
		if state.Connected || !strings.Contains(state.Error, "silent") || s.dialled() < 2 {
			t.Errorf("%d calls, %+v", s.dialled(), state)
		}
		if state.Lag < 10*time.Second || state.Lag > 12*time.Second {
			t.Errorf("lag %v", state.Lag)
		}
		s.stop()
	})
}

func TestNothingIsAcceptedWithoutTheSignature(t *testing.T) {
	for _, c := range []struct {
		name, secret, want string
	}{
		{"of another group", "another signature", "refused the group signature of this server"},
		{"not proved by the provider", "", "proved no group signature: nothing was accepted"},
		{"proved wrongly by the provider", "false", "proved another group signature: nothing was accepted"},
		{"of too much work", "work", "asks for too much work"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newModelStore('a', 7)
				before := store.now()
				s := newStage(t, store, func(p *scripted) {
					switch c.secret {
					case "", "false", "work":
						p.deceive(c.secret)
					default:
						p.bind(c.secret)
					}
					if m, ok := p.read(); ok {
						t.Errorf("after the bind came operation %#x", m.Op)
					}
				}).start()
				synctest.Wait()
				if state := s.consumer.State(); !strings.Contains(state.Error, c.want) || !strings.Contains(state.Error, "prim:7012") || state.Connected {
					t.Errorf("%+v", state)
				}
				mustEqual(t, store, before)
				s.stop()
			})
		})
	}
}

func (p *scripted) deceive(how string) {
	m, ok := p.read()
	var q wire.BindRequest
	if err := q.Decode(m.Body); !ok || err != nil {
		p.t.Error(err)
		return
	}
	_, nonce, _ := strings.Cut(string(q.Credentials), ",r=")
	switch how {
	case "":
		p.write(wire.AppendBindResponse(nil, m.ID, &schema.Result{}, nil, false, nil))
		return
	case "work":
		first := "r=" + nonce + "x,s=c2FsdA==,i=2000000000"
		p.write(wire.AppendBindResponse(nil, m.ID, &schema.Result{Code: schema.SASLBindInProgress}, []byte(first), true, nil))
		return
	}
	first := "r=" + nonce + "x,s=c2FsdA==,i=4096"
	p.write(wire.AppendBindResponse(nil, m.ID, &schema.Result{Code: schema.SASLBindInProgress}, []byte(first), true, nil))
	m, _ = p.read()
	p.write(wire.AppendBindResponse(nil, m.ID, &schema.Result{}, []byte("v=AAAA"), true, nil))
}

func TestServerWithoutSignatureCallsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, newModelStore('a', 7), func(p *scripted) {
			if m, ok := p.read(); ok {
				t.Errorf("there came operation %#x", m.Op)
			}
		})
		s.options.Signature = func() string { return "" }
		s.start()
		synctest.Wait()
		if state := s.consumer.State(); !strings.Contains(state.Error, "utgroupsig") {
			t.Errorf("%+v", state)
		}
		s.stop()
	})
}

func TestAnswersThatAreNoneEndTheSession(t *testing.T) {
	store := newModelStore('a', 7)
	s0 := store.now()
	s1 := s0.change(schema.ChangeAdd, modelView(2, "cn=ada,o=utdata", "cn: ada"))
	foreign := s1.clone()
	foreign.position.Epoch = position('b', 0, 0).Epoch
	extended := func(id int32) []byte {
		return wire.AppendExtendedResponse(nil, id, &schema.Result{}, "", nil, false, nil)
	}
	for name, c := range map[string]struct {
		play func(p *scripted)
		want string
	}{
		"records with a gap": {func(p *scripted) {
			p.tell(OIDRecords, AppendRecords(nil, 9, nil))
			p.batch(s1.change(schema.ChangeAdd, modelView(4, "cn=x,o=utdata")), 1)
		}, "does not follow"},
		"fewer records": {func(p *scripted) { p.end(s1) }, "0 changes from 7 to 8"},
		"another epoch": {func(p *scripted) {
			p.entry(modelView(2, "cn=ada,o=utdata", "cn: ada"), schema.SyncAdd)
			p.batch(foreign, 1)
		}, "another epoch"},
		"no position":      {func(p *scripted) { p.tell(OIDEnd, []byte("here")) }, "end of a batch"},
		"broken records":   {func(p *scripted) { p.tell(OIDRecords, []byte("x")) }, "records"},
		"broken heartbeat": {func(p *scripted) { p.tell(OIDHeartbeat, []byte("x")) }, "heartbeat"},
		"an entry without state": {func(p *scripted) {
			b, m := wire.BeginEntry(nil, p.search, []byte("o=utdata"))
			p.write(wire.EndEntry(b, m, nil))
		}, "without its state"},
		"a long user part":        {func(p *scripted) { p.longUserPart() }, "within an attribute"},
		"another search":          {func(p *scripted) { p.search += 5; p.beat(s0) }, "of message"},
		"the end of the search":   {func(p *scripted) { p.done(schema.Unavailable) }, "over"},
		"a reference":             {func(p *scripted) { p.write(wire.AppendReference(nil, p.search, []string{"ldap://x"}, nil)) }, "operation 0x73"},
		"an answer nobody wanted": {func(p *scripted) { p.write(extended(77)); p.write(extended(78)); p.write(extended(79)) }, "answered"},
		"a notice":                {func(p *scripted) { p.write(wire.AppendNotice(nil, schema.Unavailable, "stopping")) }, "stopping"},
		"no LDAP":                 {func(p *scripted) { p.write([]byte("HTTP/1.1 200 OK\r\n\r\n")) }, "not an LDAP message"},
		"an endless message":      {func(p *scripted) { p.write([]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff}) }, "longer than the limit"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store.news = make(chan struct{}, 1)
				s := newStage(t, store, func(p *scripted) {
					p.meet(UpToDate, s0)
					p.confirmed()
					c.play(p)
					p.rest()
				}).start()
				synctest.Wait()
				if state := s.consumer.State(); !strings.Contains(state.Error, c.want) || state.Connected {
					t.Errorf("%+v", state)
				}
				mustEqual(t, store, s0)
				s.stop()
			})
		})
	}
}

func (p *scripted) longUserPart() {
	v := modelView(2, "cn=ada,o=utdata", "cn: ada")
	state := wire.SyncStateValue{State: schema.SyncAdd, UUID: v.UUID}
	controls := wire.AppendControl(nil, wire.OIDSyncState, false, state.Append(nil))
	controls = wire.AppendControl(controls, OIDMember, false, wire.AppendUserLength(nil, len(v.User)+1))
	b, mark := wire.BeginEntry(nil, p.search, v.DN)
	p.write(wire.EndEntry(append(append(b, v.User...), v.Operational...), mark, controls))
}
