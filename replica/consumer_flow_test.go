package replica

import (
	"context"
	"errors"
	"fmt"
	"net"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// growing gives n states that follow s, each with one more entry.
func growing(s *modelState, n int) (states []*modelState, views []schema.View) {
	for i := range n {
		v := modelView(byte(10+i), fmt.Sprintf("cn=n%d,o=utdata", i), "cn: n")
		s = s.change(schema.ChangeAdd, v)
		states, views = append(states, s), append(views, v)
	}
	return states, views
}

func TestBatchesThatWaitAreOneTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('a', 7)
		store.gate = make(chan struct{})
		states, views := growing(store.now(), 20)
		last := states[len(states)-1]
		sent, more := make(chan struct{}), make(chan struct{})
		s := newStage(t, store, func(p *scripted) {
			p.meet(Stream, last)
			p.confirmed()
			for i := range states {
				p.entry(views[i], schema.SyncAdd)
				p.batch(states[i], 1)
				if i == 0 {
					<-more
				}
			}
			close(sent)
			if got := p.confirmed(); got != states[0].position {
				t.Errorf("confirmed %v first", got)
			}
			if got := p.confirmed(); got != last.position {
				t.Errorf("confirmed %v then", got)
			}
			p.rest()
		}).start()
		synctest.Wait()
		close(more)
		<-sent // although the first one is not committed
		synctest.Wait()
		state := s.consumer.State()
		if state.Level || state.LagChanges != 20 || len(store.batches) != 0 {
			t.Errorf("%d batches, %+v", len(store.batches), state)
		}
		store.gate <- struct{}{}
		store.gate <- struct{}{}
		synctest.Wait()
		mustEqual(t, store, last)
		if len(store.batches) != 2 || !reflect.DeepEqual(store.now().records, last.records) {
			t.Errorf("%d batches, records %+v", len(store.batches), store.now().records)
		}
		s.stop()
	})
}

func TestNewestPositionIsConfirmedOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newModelStore('a', 7)
		states, views := growing(store.now(), 9)
		late := make(chan struct{})
		s := newStage(t, store, func(p *scripted) {
			p.meet(Stream, states[8])
			first, _ := p.read() // the answer is late
			for i := range states {
				p.entry(views[i], schema.SyncAdd)
				p.batch(states[i], 1)
			}
			<-late
			p.write(wire.AppendExtendedResponse(nil, first.ID, &schema.Result{}, "", nil, false, nil))
			if got := p.confirmed(); got != states[8].position {
				t.Errorf("confirmed %v", got)
			}
			p.rest()
		}).start()
		synctest.Wait()
		mustEqual(t, store, states[8])
		close(late)
		synctest.Wait()
		s.stop()
	})
}

func TestConfirmationThatIsNotTakenEndsTheSession(t *testing.T) {
	for name, answer := range map[string]func(p *scripted, m *wire.Message){
		"refused": func(p *scripted, m *wire.Message) {
			p.write(wire.AppendExtendedResponse(nil, m.ID, schema.Refuse(schema.InsufficientAccessRights, "not listed"), "", nil, false, nil))
		},
		"another message": func(p *scripted, m *wire.Message) {
			p.write(wire.AppendExtendedResponse(nil, m.ID+9, &schema.Result{}, "", nil, false, nil))
		},
		"no answer": func(p *scripted, m *wire.Message) {
			for range 40 {
				time.Sleep(time.Second)
				p.beat(newModelStore('a', 7).state)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newModelStore('a', 7)
				s := newStage(t, store, func(p *scripted) {
					p.meet(UpToDate, store.now())
					m, _ := p.read()
					answer(p, &m)
					p.rest()
				}).start()
				time.Sleep(confirmTime + time.Second)
				if state := s.consumer.State(); state.Connected || state.Error == "" {
					t.Errorf("%+v", state)
				}
				s.stop()
			})
		})
	}
}

func TestConsumerStopsAtOnce(t *testing.T) {
	s0, views := world()
	for name, play := range map[string]func(p *scripted){
		"before the bind":    func(p *scripted) { p.rest() },
		"before the meeting": func(p *scripted) { p.bind(signature); p.rest() },
		"while idle":         func(p *scripted) { p.meet(UpToDate, s0); p.rest() },
		"within a refresh":   func(p *scripted) { p.meet(Refresh, s0); p.entry(views[0], schema.SyncAdd); p.rest() },
		"within a batch":     func(p *scripted) { p.meet(Stream, s0); p.entry(views[1], schema.SyncAdd); p.rest() },
		"while a batch waits": func(p *scripted) {
			p.meet(Stream, s0)
			p.confirmed()
			p.entry(views[1], schema.SyncAdd)
			p.entry(views[2], schema.SyncAdd)
			p.batch(s0, 2)
			p.rest()
		},
		"while refused": func(p *scripted) { p.meet(NotListed, s0) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newModelStore('b', 40)
				store.gate = make(chan struct{})
				s := newStage(t, store, play).start()
				synctest.Wait()
				began := time.Now()
				s.stop()
				if d := time.Since(began); d != 0 {
					t.Errorf("it took %v", d)
				}
				if state := s.consumer.State(); state.Connected || state.Level {
					t.Errorf("%+v", state)
				}
			})
		})
	}
}

func TestConsumerStopsWhileItDials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, newModelStore('a', 7))
		s.options.Dial = func(ctx context.Context, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		s.start()
		synctest.Wait()
		s.stop()
	})
}

func TestFullInboxStopsTheReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newInbox()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		put := 0
		go func() {
			for box.put(ctx, item{batch: &schema.Batch{Records: []schema.ChangeRecord{{Kind: schema.ChangeModifyDN}}}, size: inboxSize/2 + 1}) == nil {
				put++
			}
		}()
		synctest.Wait()
		if put != 1 {
			t.Errorf("%d items were put", put)
		}
		for range 3 {
			if _, err := box.take(ctx); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if put != 4 {
			t.Errorf("%d items were put after 3 were taken", put)
		}
		cancel()
		synctest.Wait()
	})
}

func TestInboxIsEmptiedBeforeItsEnd(t *testing.T) {
	box := newInbox()
	over := errors.New("over")
	if err := box.put(t.Context(), item{batch: &schema.Batch{}}); err != nil {
		t.Fatal(err)
	}
	box.close(over)
	if it, err := box.take(t.Context()); err != nil || it.batch == nil {
		t.Errorf("%+v, %v", it, err)
	}
	if _, err := box.take(t.Context()); !errors.Is(err, over) {
		t.Error(err)
	}
}

// batchOf is a batch from change n-1 to change n; an entry is named by its
// number, a deleted one by its negative number.
func batchOf(n uint64, kind schema.ChangeKind, entries ...int) item {
	b := &schema.Batch{From: position('a', n-1, byte(n-1)), To: position('a', n, byte(n))}
	for _, e := range entries {
		id := modelID(byte(max(e, -e)))
		if e < 0 {
			b.Deleted = append(b.Deleted, id)
		} else {
			b.Entries = append(b.Entries, schema.View{UUID: id, DN: fmt.Appendf(nil, "%d at %d", e, n)})
		}
		b.Records = append(b.Records, schema.ChangeRecord{Seq: n, Kind: kind, UUID: id})
	}
	return item{batch: b, size: 1}
}

func TestJoinedBatchesAreTheirSum(t *testing.T) {
	const add, mod, del, ren = schema.ChangeAdd, schema.ChangeModify, schema.ChangeDelete, schema.ChangeModifyDN
	for _, c := range []struct {
		name    string
		list    []item
		n       int
		entries []string
		deleted []byte
	}{
		{"one alone", []item{batchOf(1, mod, 5)}, 1, []string{"5 at 1"}, nil},
		{"different entries", []item{batchOf(1, mod, 5), batchOf(2, add, 6)}, 2, []string{"5 at 1", "6 at 2"}, nil},
		{"the same entry", []item{batchOf(1, mod, 5), batchOf(2, mod, 6), batchOf(3, mod, 5)}, 3, []string{"6 at 2", "5 at 3"}, nil},
		{"changed and deleted", []item{batchOf(1, mod, 5, 6), batchOf(2, del, -5)}, 2, []string{"6 at 1"}, []byte{5}},
		{"added and deleted", []item{batchOf(1, add, 5, 6), batchOf(2, del, -5)}, 2, []string{"6 at 1"}, nil},
		{"deleted and added", []item{batchOf(1, del, -5), batchOf(2, add, 5)}, 2, []string{"5 at 2"}, nil},
		{"deleted, added and deleted", []item{batchOf(1, del, -5), batchOf(2, add, 5), batchOf(3, del, -5)}, 3, nil, []byte{5}},
		{"a rename at first", []item{batchOf(1, ren, 5), batchOf(2, mod, 6)}, 2, []string{"5 at 1", "6 at 2"}, nil},
		{"a rename behind", []item{batchOf(1, mod, 5), batchOf(2, mod, 7), batchOf(3, ren, 6)}, 2, []string{"5 at 1", "7 at 2"}, nil},
		{"a refresh behind", []item{batchOf(1, mod, 5), {refresh: &refreshText{}}}, 1, []string{"5 at 1"}, nil},
	} {
		it, n := joinItems(c.list)
		var entries []string
		var deleted []byte
		for _, v := range it.batch.Entries {
			entries = append(entries, string(v.DN))
		}
		for _, id := range it.batch.Deleted {
			deleted = append(deleted, id[0])
		}
		last := c.list[c.n-1].batch
		if n != c.n || !reflect.DeepEqual(entries, c.entries) || !reflect.DeepEqual(deleted, c.deleted) ||
			it.size != c.n || it.batch.From.Seq != 0 || it.batch.To != last.To {
			t.Errorf("%s: %d of them, %q and without %v, %+v", c.name, n, entries, deleted, it.batch)
		}
	}
	if it, n := joinItems([]item{{refresh: &refreshText{}}, batchOf(1, mod, 5)}); n != 1 || it.refresh == nil {
		t.Errorf("a refresh became %+v of %d", it, n)
	}
}
