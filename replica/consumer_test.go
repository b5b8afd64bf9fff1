package replica

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// mustEqual compares what the consumer has with the state of the provider.
func mustEqual(t testing.TB, store *modelStore, want *modelState) {
	t.Helper()
	got := store.now()
	if got.position != want.position || !reflect.DeepEqual(got.entries, want.entries) || !reflect.DeepEqual(got.epochs, want.epochs) {
		t.Errorf("the consumer is at %v with %v,\nthe provider at %v with %v", got.position, got.entries, want.position, want.entries)
	}
}

func TestConsumerTakesChangesAndConfirmsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('a', 7)
		s0 := store.now()
		ada, bob := modelView(2, "cn=ada,o=utdata", "cn: ada"), modelView(3, "cn=bob,o=utdata", "cn: bob")
		s1 := s0.change(schema.ChangeAdd, ada)
		s2 := s1.change(schema.ChangeAdd, bob)
		ada2 := modelView(2, "cn=ada,o=utdata", "cn: ada", "description: later", "description: twice")
		s3 := s2.change(schema.ChangeModify, ada2)
		s4 := s3.change(schema.ChangeDelete, schema.View{UUID: bob.UUID})
		s := newStage(t, store, func(p *scripted) {
			p.meet(UpToDate, s0)
			if got := p.confirmed(); got != s0.position {
				t.Errorf("confirmed %v after connecting", got)
			}
			p.beat(s0)
			p.entry(ada, schema.SyncAdd)
			p.entry(bob, schema.SyncAdd)
			p.batch(s2, 2)
			if got := p.confirmed(); got != s2.position {
				t.Errorf("confirmed %v", got)
			}
			p.entry(ada2, schema.SyncModify)
			p.batch(s3, 1)
			if got := p.confirmed(); got != s3.position {
				t.Errorf("confirmed %v", got)
			}
			info := wire.SyncInfoValue{Choice: wire.SyncInfoIDSet, RefreshDeletes: true, UUIDs: []schema.UUID{bob.UUID}}
			p.tell(wire.OIDSyncInfo, info.Append(nil))
			p.batch(s4, 1)
			if got := p.confirmed(); got != s4.position {
				t.Errorf("confirmed %v", got)
			}
			p.rest()
		}).start()
		synctest.Wait()
		mustEqual(t, store, s4)
		if !reflect.DeepEqual(store.now().records, s4.records) {
			t.Errorf("records %+v, want %+v", store.now().records, s4.records)
		}
		state := s.consumer.State()
		if !state.Connected || !state.Level || state.Outcome != UpToDate || state.Reason != "because" || state.LagChanges != 0 || state.Lag != 0 ||
			state.Batches != 3 || state.Changes != 4 || state.Address != "prim:7012" || state.LastHeard.IsZero() || state.Error != "" {
			t.Errorf("%+v", state)
		}
		s.stop()
	})
}

func TestDeletedEntriesComeOneByOneToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('a', 7)
		ada := modelView(2, "cn=ada,o=utdata", "cn: ada")
		s0 := store.now().change(schema.ChangeAdd, ada)
		store.state = s0
		s1 := s0.change(schema.ChangeDelete, schema.View{UUID: ada.UUID})
		s := newStage(t, store, func(p *scripted) {
			p.meet(Stream, s1)
			p.confirmed()
			p.entry(schema.View{UUID: ada.UUID, DN: ada.DN}, schema.SyncDelete)
			p.batch(s1, 1)
			p.rest()
		}).start()
		synctest.Wait()
		mustEqual(t, store, s1)
		s.stop()
	})
}

func TestHistoryComesWithTheFirstBatchAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('a', 7)
		promoted := store.now().clone()
		promoted.epochs = append(promoted.epochs, schema.Epoch{ID: position('b', 0, 0).Epoch, Kind: schema.EpochPromoted, From: promoted.position.String()})
		promoted.position.Epoch = position('b', 0, 0).Epoch
		later := promoted.change(schema.ChangeAdd, modelView(2, "cn=ada,o=utdata", "cn: ada"))
		s := newStage(t, store, func(p *scripted) {
			p.meet(Stream, promoted)
			p.confirmed()
			p.batch(promoted, 0)
			p.confirmed()
			p.entry(modelView(2, "cn=ada,o=utdata", "cn: ada"), schema.SyncAdd)
			p.batch(later, 1)
			p.batch(later, 0) // nothing new: no transaction
			p.rest()
		}).start()
		synctest.Wait()
		mustEqual(t, store, later)
		if len(store.batches) != 2 || store.batches[0].Epochs == nil || store.batches[1].Epochs != nil {
			t.Errorf("batches %+v", store.batches)
		}
		s.stop()
	})
}

func TestProviderThatGivesNothingIsAskedAgainSoon(t *testing.T) {
	for _, outcome := range []Outcome{WaitingForRestore, OlderEpoch, ProviderBehind, NotListed, NotProvider} {
		t.Run(outcome.Word(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newModelStore('a', 7)
				before := store.now()
				other := newModelStore('b', 3).now()
				refuse := func(p *scripted) {
					p.meet(outcome, other)
					p.done(schema.Success)
				}
				s := newStage(t, store)
				for range 100 {
					s.plays = append(s.plays, refuse)
				}
				s.plays = append(s.plays, func(p *scripted) {
					p.meet(UpToDate, before)
					p.rest()
				})
				s.start()
				synctest.Wait()
				state := s.consumer.State()
				if state.Connected || state.Outcome != outcome || state.Reason != "because" || state.Error != "because" || state.Level {
					t.Errorf("%+v", state)
				}
				began := time.Now()
				time.Sleep(time.Minute)
				if n := s.dialled(); n < 12 || n > 20 {
					t.Errorf("%d calls in %v", n, time.Since(began))
				}
				n := s.dialled()
				time.Sleep(refusedPause)
				if s.dialled() == n {
					t.Errorf("no call in %v", refusedPause)
				}
				if lag := s.consumer.State().Lag; lag < time.Minute {
					t.Errorf("lag %v", lag)
				}
				mustEqual(t, store, before)
				s.stop()
			})
		})
	}
}

func TestUnreachableProviderIsCalledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('a', 7)
		s := newStage(t, store).start()
		time.Sleep(2 * time.Second)
		if n := s.dialled(); n < 4 || n > 8 {
			t.Errorf("%d calls at first", n)
		}
		time.Sleep(time.Minute)
		before := s.dialled()
		time.Sleep(10 * time.Minute)
		if n := s.dialled() - before; n < 40 || n > 56 {
			t.Errorf("%d calls in ten minutes", n)
		}
		if state := s.consumer.State(); state.Connected || !strings.Contains(state.Error, "connection refused") || state.Lag < 11*time.Minute {
			t.Errorf("%+v", state)
		}
		s.stop()
	})
}

// deceive answers binds without knowing the signature.
func TestWrongStateIsCuredByTheWholeState(t *testing.T) {
	for _, fault := range []error{ErrHash, ErrStructure, ErrDamaged} {
		synctest.Test(t, func(t *testing.T) {
			store := newModelStore('a', 7)
			s0 := store.now()
			ada := modelView(2, "cn=ada,o=utdata", "cn: ada")
			s1 := s0.change(schema.ChangeAdd, ada)
			store.fail = fault
			s := newStage(t, store, func(p *scripted) {
				p.meet(Stream, s1)
				p.entry(ada, schema.SyncAdd)
				p.batch(s1, 1)
				p.rest()
			}, func(p *scripted) {
				p.meet(Refresh, s1)
				if !p.hello.Refresh || p.hello.Position != s0.position {
					t.Errorf("hello %+v", p.hello)
				}
				p.entry(modelView(1, "o=utdata", "o: utdata"), schema.SyncAdd)
				p.entry(ada, schema.SyncAdd)
				p.end(s1)
				if got := p.confirmed(); got != s1.position {
					t.Errorf("confirmed %v", got)
				}
			}, func(p *scripted) {
				p.meet(UpToDate, s1)
				if p.hello.Refresh {
					t.Error("the whole state is wanted again")
				}
				p.rest()
			}).start()
			time.Sleep(5 * time.Second)
			mustEqual(t, store, s1)
			s.stop()
		})
	}
}

func TestProviderThatIsNeverRightIsNotAskedAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('a', 7)
		s0 := store.now()
		ada := modelView(2, "cn=ada,o=utdata", "cn: ada")
		s1 := s0.change(schema.ChangeAdd, ada)
		wrong := func(p *scripted) {
			p.meet(Refresh, s1)
			p.entry(ada, schema.SyncAdd)
			p.entry(modelView(9, "cn=not hers,o=utdata"), schema.SyncAdd)
			p.end(s1)
			p.rest()
		}
		s := newStage(t, store, func(p *scripted) {
			p.meet(Stream, s1)
			p.batch(s1, 1)
			p.rest()
		})
		for range 100 {
			s.plays = append(s.plays, wrong)
		}
		s.start()
		time.Sleep(10 * time.Minute)
		if n := s.dialled(); n < 30 || n > 64 {
			t.Errorf("%d calls in ten minutes", n)
		}
		if state := s.consumer.State(); !strings.Contains(state.Error, ErrHash.Error()) {
			t.Errorf("%+v", state)
		}
		mustEqual(t, store, s0)
		s.stop()
	})
}

func TestProviderThatDiesAgainAndAgainIsFoundAgainSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('a', 7)
		s := newStage(t, store)
		state := store.now()
		for n := range 20 {
			before, added := state, modelView(byte(10+n), fmt.Sprintf("cn=%d,o=utdata", n))
			state = state.change(schema.ChangeAdd, added)
			after := state
			s.plays = append(s.plays, func(p *scripted) {
				p.meet(UpToDate, before)
				p.entry(added, schema.SyncAdd)
				p.batch(after, 1)
				for p.confirmed() != after.position {
				}
			})
		}
		s.start()
		time.Sleep(5 * time.Second)
		mustEqual(t, store, state)
		s.stop()
	})
}

func TestStoreThatMovedMeetsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('a', 7)
		s0 := store.now()
		s1 := s0.change(schema.ChangeAdd, modelView(2, "cn=ada,o=utdata", "cn: ada"))
		own := s0.change(schema.ChangeAdd, modelView(3, "cn=own,o=utdata", "cn: own"))
		s := newStage(t, store, func(p *scripted) {
			p.meet(Stream, s1)
			p.confirmed()
			store.mu.Lock()
			store.state = own
			store.mu.Unlock()
			p.entry(modelView(2, "cn=ada,o=utdata", "cn: ada"), schema.SyncAdd)
			p.batch(s1, 1)
			p.rest()
		}, func(p *scripted) {
			p.meet(OlderEpoch, s1)
			if p.hello.Position != own.position || p.hello.Refresh {
				t.Errorf("hello %+v", p.hello)
			}
		}).start()
		time.Sleep(time.Second)
		mustEqual(t, store, own)
		if s.dialled() < 2 {
			t.Error("no second call")
		}
		s.stop()
	})
}

func TestRefusedPauseIsToldFromOthers(t *testing.T) {
	var b backoff
	for range 50 {
		if d := b.pause(refusedPause); d > refusedPause || d < firstPause*3/4 {
			t.Fatalf("pause %v", d)
		}
	}
	if d := b.pause(unreachablePause); d < unreachablePause*3/4 {
		t.Errorf("pause %v", d)
	}
	b.reset()
	if d := b.pause(unreachablePause); d > firstPause {
		t.Errorf("pause %v after a reset", d)
	}
	if r := (error)(&refused{NotListed, "x"}); !errors.As(r, new(*refused)) {
		t.Error("not a refusal")
	}
}
