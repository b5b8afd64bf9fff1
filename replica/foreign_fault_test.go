package replica

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

func TestForeignProviderThatForgotTheCookieIsReadAnew(t *testing.T) {
	for name, forget := range map[string]func(p *scripted){
		"at once": func(p *scripted) { p.done(schema.SyncRefreshRequired) },
		"later":   func(p *scripted) { p.refreshDelete(cookie1); p.read(); p.done(schema.SyncRefreshRequired) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := people("ada", "bob")
				s := foreignStage(t, store, func(p *scripted) {
					p.login(cookie1)
					forget(p)
					p.rest()
				}, func(p *scripted) {
					p.login("")
					p.state(modelView(7, "o=utdata", "o: utdata"), schema.SyncAdd, "")
					p.state(modelView(8, "cn=new,o=utdata", "cn: new"), schema.SyncAdd, "")
					p.info(wire.SyncInfoValue{Choice: wire.SyncInfoRefreshPresent, Cookie: cookie2, RefreshDone: true})
				}, func(p *scripted) {
					p.login(cookie2)
					p.refreshDelete(cookie2)
					p.rest()
				}).startForeign(t)
				time.Sleep(2 * time.Second)
				if got := store.names(); got != "o=utdata cn=new" || store.now().cookie != cookie2 {
					t.Errorf("there are %s at %s", got, store.now().cookie)
				}
				s.stop()
			})
		})
	}
}

func TestNothingIsReplacedByHalfOfAForeignProvider(t *testing.T) {
	ada := modelView(2, "cn=ada,o=utdata", "cn: ada")
	for name, c := range map[string]struct {
		play func(p *scripted)
		want string
	}{
		"no entry":          {func(p *scripted) { p.refreshDelete(cookie1) }, "has no entry"},
		"no cookie":         {func(p *scripted) { p.state(ada, schema.SyncAdd, ""); p.refreshDelete("") }, "without a cookie"},
		"no such suffix":    {func(p *scripted) { p.done(schema.NoSuchObject) }, "ldap result 32"},
		"no syncprov":       {func(p *scripted) { b, m := wire.BeginEntry(nil, p.search, ada.DN); p.write(wire.EndEntry(b, m, nil)) }, "without a Sync State"},
		"the end too early": {func(p *scripted) { p.state(ada, schema.SyncAdd, ""); p.done(schema.Success) }, "ended the search"},
		"a cut":             {func(p *scripted) { p.state(ada, schema.SyncAdd, ""); panic(cutOff{}) }, "closed the connection"},
		"broken info":       {func(p *scripted) { p.tell(wire.OIDSyncInfo, []byte("x")) }, "sync info"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newModelStore('a', 7)
				before := store.now()
				s := foreignStage(t, store, func(p *scripted) {
					p.login("")
					c.play(p)
					p.rest()
				}).startForeign(t)
				synctest.Wait()
				if state := s.consumer.State(); !strings.Contains(state.Error, c.want) || state.Connected {
					t.Errorf("%+v", state)
				}
				mustEqual(t, store, before)
				s.stop()
			})
		})
	}
}

func TestForeignProviderThatRefusesThePasswordIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := foreignStage(t, newModelStore('a', 7), func(p *scripted) {
			m, _ := p.read()
			p.write(wire.AppendBindResponse(nil, m.ID, schema.Refuse(schema.InvalidCredentials, ""), nil, false, nil))
			p.rest()
		}).startForeign(t)
		synctest.Wait()
		if state := s.consumer.State(); !strings.Contains(state.Error, "bind as cn=reader,o=utdata: ldap result 49") || strings.Contains(state.Error, "secret") {
			t.Errorf("%+v", state)
		}
		s.stop()
	})
}

func TestPasswordFilesThatAreNone(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, []byte("\nsecret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, filepath.Join(dir, "missing")} {
		p := ForeignProvider{PasswordFile: file}
		if text, err := p.password(); err == nil {
			t.Errorf("%s gave %q", file, text)
		}
	}
}

func TestAddressesOfForeignProviders(t *testing.T) {
	for url, want := range map[string]string{
		"ldap://a": "a:389", "ldap://a:7012/": "a:7012", "ldaps://a": "a:636 secure", "ldap://[::1]:7012": "[::1]:7012",
		"": "", "a:389": "", "http://a": "", "ldap://": "", "ldap://u@a": "", "ldap://a/o=x": "", "ldap://a?x": "",
	} {
		p := ForeignProvider{URL: url}
		got, secure, err := p.address()
		if secure {
			got += " secure"
		}
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v", url, got, err)
		}
	}
}
