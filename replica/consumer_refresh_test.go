package replica

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

// world is a state of a provider of epoch b with a few entries, and their
// views, superiors first.
func world() (s *modelState, views []schema.View) {
	s = newModelStore('b', 40).state
	views = []schema.View{modelView(1, "o=utdata", "o: utdata"),
		modelView(2, "cn=ada,o=utdata", "cn: ada", "description: a long text "+strings.Repeat("x", 200), "description:  blank", "description: grün", "empty: "),
		modelView(3, "cn=bob,cn=ada,o=utdata", "cn: bob")}
	for _, v := range views[1:] {
		s = s.change(schema.ChangeAdd, v)
	}
	return s, views
}

// refreshed sends the whole state.
func (p *scripted) refreshed(s *modelState, views []schema.View) {
	for _, v := range views {
		p.entry(v, schema.SyncAdd)
	}
	p.end(s)
}

func TestWholeStateComesAsTheTextOfADump(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('a', 7)
		before := store.now()
		store.fresh = true
		s0, views := world()
		eve := modelView(4, "cn=eve,o=utdata", "cn: eve")
		s1 := s0.change(schema.ChangeAdd, eve)
		s := newStage(t, store, func(p *scripted) {
			p.meet(Refresh, s0)
			if !p.hello.Fresh || p.hello.Adopt || p.hello.Version != MemberVersion || p.hello.Host != "sec" || p.hello.Position != before.position {
				t.Errorf("hello %+v", p.hello)
			}
			p.refreshed(s0, views)
			if got := p.confirmed(); got != s0.position {
				t.Errorf("confirmed %v", got)
			}
			p.entry(eve, schema.SyncAdd)
			p.batch(s1, 1)
			p.confirmed()
			p.beat(s1)
			p.rest()
		}).start()
		synctest.Wait()
		mustEqual(t, store, s1)
		if o := store.loads[0]; o.From != before.position || o.Position != s0.position || o.ContextCSN != csn || o.ForeignProvider {
			t.Errorf("options %+v", o)
		}
		text := store.texts[0]
		head := fmt.Sprintf("# Sun Ray data store o=utdata\n# position %s\n# state hash %s\n# epoch %s initial\n", s0.position, s0.position.Hash, s0.position.Epoch)
		if end := fmt.Sprintf("# end: 3 entries, position %s\n", s0.position); !strings.HasPrefix(text, head) || !strings.HasSuffix(text, end) {
			t.Errorf("text of the refresh:\n%s", text)
		}
		if state := s.consumer.State(); state.Refreshes != 1 || state.Received != 0 || state.Expected != 0 || !state.Level || state.Outcome != Stream {
			t.Errorf("%+v", state)
		}
		s.stop()
	})
}

func TestBrokenConnectionsLoseNothing(t *testing.T) {
	for cut := 1; cut < 100; cut++ {
		whole := false
		synctest.Test(t, func(t *testing.T) {
			store := newModelStore('a', 7)
			before := store.now()
			s0, views := world()
			eve := modelView(4, "cn=eve,o=utdata", "cn: eve")
			s1 := s0.change(schema.ChangeAdd, eve)
			play := func(cut int) func(p *scripted) {
				return func(p *scripted) {
					p.cut = cut
					outcome := Refresh
					switch store.Position() {
					case s0.position:
						outcome = Stream
					case s1.position:
						outcome = UpToDate
					}
					p.meet(outcome, s0)
					if outcome == Refresh {
						p.refreshed(s0, views)
					}
					if outcome != UpToDate {
						p.entry(eve, schema.SyncAdd)
						p.batch(s1, 1)
					}
					for p.confirmed() != s1.position {
					}
					whole = whole || cut > p.sent
				}
			}
			plays := []func(p *scripted){play(cut), play(0), func(p *scripted) {
				p.meet(UpToDate, s1)
				p.rest()
			}}
			s := newStage(t, store, plays...)
			s.start()
			synctest.Wait()
			switch got := store.now(); got.position {
			case before.position:
				mustEqual(t, store, before)
			case s0.position:
				mustEqual(t, store, s0)
			default:
				mustEqual(t, store, s1)
			}
			time.Sleep(5 * time.Second)
			mustEqual(t, store, s1)
			s.stop()
		})
		if whole {
			if cut < 10 {
				t.Errorf("only %d messages", cut)
			}
			return
		}
	}
	t.Error("there is no end to the messages")
}

func TestRefreshThatIsNotWholeChangesNothing(t *testing.T) {
	s0, views := world()
	other := s0.change(schema.ChangeAdd, modelView(9, "cn=x,o=utdata"))
	for name, c := range map[string]struct {
		play func(p *scripted)
		want string
	}{
		"an entry too few":  {func(p *scripted) { p.refreshed(s0, views[1:]) }, "2 entries of 3"},
		"none at all":       {func(p *scripted) { p.end(s0) }, "0 entries of 3"},
		"another position":  {func(p *scripted) { p.refreshed(other, views) }, "another position"},
		"a deleted entry":   {func(p *scripted) { p.entry(views[0], schema.SyncDelete) }, "deleted entry in a refresh"},
		"changes":           {func(p *scripted) { p.batch(other, 1) }, "changes in a refresh"},
		"an odd attribute":  {func(p *scripted) { p.entry(modelView(5, "cn=x,o=utdata", "a b: c"), schema.SyncAdd) }, "cannot be written as LDIF"},
		"the end of search": {func(p *scripted) { p.entry(views[0], schema.SyncAdd); p.done(schema.Busy) }, "over"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newModelStore('a', 7)
				before := store.now()
				s := newStage(t, store, func(p *scripted) {
					p.meet(Refresh, s0)
					c.play(p)
					p.rest()
				}).start()
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

func TestStoreThatRefusesTheWholeStateEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('a', 7)
		before := store.now()
		store.fail = errors.New("disk full")
		s0, views := world()
		s := newStage(t, store, func(p *scripted) {
			p.meet(Refresh, s0)
			p.refreshed(s0, views)
			p.rest()
		}, func(p *scripted) {
			p.meet(Refresh, s0)
			p.refreshed(s0, views)
			p.rest()
		}).start()
		synctest.Wait()
		if state := s.consumer.State(); !strings.Contains(state.Error, "disk full") || state.Level {
			t.Errorf("%+v", state)
		}
		mustEqual(t, store, before)
		time.Sleep(time.Second)
		mustEqual(t, store, s0)
		s.stop()
	})
}

func TestBatchThatIsTooLargeIsFetchedAsWholeState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('b', 40)
		s0, views := world()
		s := newStage(t, store, func(p *scripted) {
			p.meet(Stream, s0)
			p.entry(views[1], schema.SyncAdd)
			p.entry(views[2], schema.SyncAdd)
			p.batch(s0, 2)
			p.rest()
		}, func(p *scripted) {
			p.meet(Refresh, s0)
			if !p.hello.Refresh {
				t.Error("the whole state was not asked for")
			}
			p.refreshed(s0, views)
			p.rest()
		})
		s.options.BatchSize = 300
		s.start()
		time.Sleep(time.Second)
		mustEqual(t, store, s0)
		s.stop()
	})
}

func TestAdministratorsWordIsPassedOnUntilItIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('a', 7)
		s0, views := world()
		done := 0
		adopted := func(want bool) func(p *scripted) {
			return func(p *scripted) {
				outcome := Refresh
				if store.Position() == s0.position {
					outcome = UpToDate
				}
				p.meet(outcome, s0)
				if p.hello.Adopt != want {
					t.Errorf("hello %+v", p.hello)
				}
				if outcome == Refresh {
					p.refreshed(s0, views)
					p.confirmed()
				}
			}
		}
		s := newStage(t, store, func(p *scripted) {
			p.meet(NotListed, s0)
			if !p.hello.Adopt {
				t.Errorf("hello %+v", p.hello)
			}
		}, adopted(true), adopted(false))
		s.options.Adopt, s.options.AdoptDone = true, func() { done++ }
		s.start()
		time.Sleep(5 * time.Second)
		mustEqual(t, store, s0)
		if done != 1 {
			t.Errorf("told %d times", done)
		}
		s.stop()
	})
}

// A primary that has nothing to give will have something after its first change.
func TestAdministratorsWordIsForgottenByAPrimaryThatHasNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('a', 7)
		s0, _ := world()
		done := 0
		waits := func(want bool) func(p *scripted) {
			return func(p *scripted) {
				p.meet(WaitingForRestore, s0)
				if p.hello.Adopt != want {
					t.Errorf("hello %+v", p.hello)
				}
			}
		}
		s := newStage(t, store, waits(true), waits(false), waits(false))
		s.options.Adopt, s.options.AdoptDone = true, func() { done++ }
		before := store.Position()
		s.start()
		time.Sleep(time.Minute)
		if done != 1 || store.Position() != before {
			t.Errorf("told %d times, %v and before %v", done, store.Position(), before)
		}
		s.stop()
	})
}

// divergedStage is a consumer of epoch a that has three changes beyond change
// 10, which is the last that the provider has of that epoch.
func divergedStage(t *testing.T, play func(p *scripted, provider *modelState, views []schema.View)) (*stage, *modelState) {
	store := newModelStore('a', 10)
	at := store.now().position
	for n := byte(5); n < 8; n++ {
		store.state = store.state.change(schema.ChangeAdd, modelView(n, fmt.Sprintf("cn=lost%d,o=utdata", n), "cn: lost"))
	}
	provider, views := world()
	provider.epochs = []schema.Epoch{store.state.epochs[0], {ID: provider.position.Epoch, Kind: schema.EpochPromoted, From: at.String()}}
	s := newStage(t, store)
	for range 20 {
		s.plays = append(s.plays, func(p *scripted) { play(p, provider, views) })
	}
	return s, provider
}

func TestChangesThatTheProviderNeverHadAreSavedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, provider := divergedStage(t, func(p *scripted, provider *modelState, views []schema.View) {
			p.meet(Diverged, provider)
			p.refreshed(provider, views)
			p.confirmed()
			p.rest()
		})
		s.start()
		synctest.Wait()
		mustEqual(t, s.store, provider)
		name := filepath.Join(s.options.LostDir, "lost-aaaaaaaa-11-13.ldif")
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		for _, want := range []string{"both have the changes up to 10\n", "# change 11, ", provider.position.String(), "entryUUID 05050505-0505-"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%q is not in\n%s", want, text)
			}
		}
		r := ldif.NewReader(strings.NewReader(string(text)))
		for n := 5; n < 8; n++ {
			rec, err := r.Next()
			if err != nil || rec.Change == nil || rec.Change.Kind != schema.ChangeAdd || rec.DN != fmt.Sprintf("cn=lost%d,o=utdata", n) {
				t.Errorf("%+v, %v", rec, err)
			}
		}
		s.stop()
	})
}

func TestNothingIsReplacedWhenChangesCannotBeSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := divergedStage(t, func(p *scripted, provider *modelState, views []schema.View) {
			p.meet(Diverged, provider)
			p.refreshed(provider, views)
			p.rest()
		})
		before := s.store.now()
		s.options.LostDir = filepath.Join(s.options.LostDir, "missing")
		s.start()
		time.Sleep(time.Minute)
		mustEqual(t, s.store, before)
		if state := s.consumer.State(); !strings.Contains(state.Error, "without which nothing is replaced") {
			t.Errorf("%+v", state)
		}
		s.stop()
	})
}

func TestSavedChangesAreKeptOnceAndNeverOverwritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, provider := divergedStage(t, func(p *scripted, provider *modelState, views []schema.View) {
			p.meet(Diverged, provider)
			p.refreshed(provider, views)
			p.rest()
		})
		s.store.fail = errors.New("disk full")
		first := filepath.Join(s.options.LostDir, "lost-aaaaaaaa-11-13.ldif")
		if err := os.WriteFile(first, []byte("of another time"), 0o600); err != nil {
			t.Fatal(err)
		}
		s.start()
		time.Sleep(time.Second)
		mustEqual(t, s.store, provider)
		files, err := filepath.Glob(filepath.Join(s.options.LostDir, "*"))
		if err != nil || len(files) != 2 || files[0] != strings.TrimSuffix(first, ".ldif")+".2.ldif" && files[1] != strings.TrimSuffix(first, ".ldif")+".2.ldif" {
			t.Errorf("%v, %v", files, err)
		}
		if text, err := os.ReadFile(first); err != nil || string(text) != "of another time" {
			t.Errorf("%q, %v", text, err)
		}
		s.stop()
	})
}
