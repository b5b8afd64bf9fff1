package replica

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// stalled has room for a few messages and takes nothing more once it is full.
type stalled struct {
	schema.SyncReceiver
	full bool
	room chan struct{} // is closed when it takes something again
}

func (s *stalled) Change(v *schema.View, rec *schema.ChangeRecord) (schema.Next, bool) {
	_, shown := s.SyncReceiver.Change(v, rec)
	return schema.Continue, shown
}

func (s *stalled) Flush() error {
	if s.full {
		<-s.room
	}
	return s.SyncReceiver.Flush()
}

// A state that is held keeps every page that was freed since, so that the file
// grows with each commit. A few changes for somebody who takes no bytes, which is
// found out only after a while, must not have that price.
func TestNoStateIsHeldForWhoTakesNothing(t *testing.T) {
	for name, begin := range map[string]func(w *memSource) (schema.SyncReceiver, *schema.SyncRequest){
		"member": func(w *memSource) (schema.SyncReceiver, *schema.SyncRequest) {
			m := newMember(w.t, nil)
			return m, m.request(w, MemberHello{Fresh: true})
		},
		"consumer": func(w *memSource) (schema.SyncReceiver, *schema.SyncRequest) {
			c := newCopy(w.t, w.search(memSuffix, schema.ScopeSub, ""), nil)
			return c, c.request(schema.SyncRefreshAndPersist)
		},
		"persistent search": func(w *memSource) (schema.SyncReceiver, *schema.SyncRequest) {
			return &watched{t: w.t}, &schema.SyncRequest{Search: w.search(memSuffix, schema.ScopeSub, ""), Watch: &schema.Watch{Kinds: 15}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMemSource(t)
				to, q := begin(w)
				s := &stalled{SyncReceiver: to, room: make(chan struct{})}
				ctx, cancel := context.WithCancel(context.Background())
				end := make(chan error, 1)
				go func() {
					_, err := w.provider(ProviderOptions{}).Sync(ctx, q, s)
					end <- err
				}()
				synctest.Wait()
				s.full = true
				w.commit(func(c *commit) { c.add("cn=a," + memSuffix) })
				synctest.Wait()
				if n := w.holds(); n != 0 {
					t.Errorf("%d states are held", n)
				}
				close(s.room)
				synctest.Wait()
				cancel()
				if err := <-end; err == nil {
					t.Error("ended without a reason")
				}
			})
		})
	}
}

// slow asks for a flush after each entry, which takes it a minute.
type slow struct{ *copied }

func (s slow) Entry(v *schema.View, state schema.SyncState, cookie string) (schema.Next, bool) {
	_, shown := s.copied.Entry(v, state, cookie)
	return schema.Pause, shown
}

func (s slow) Flush() error {
	time.Sleep(time.Minute) // of the bubble's clock
	return s.copied.Flush()
}

// Anybody may ask for everything and then take it byte by byte.
func TestNoStateIsHeldForeverForWhoIsSlow(t *testing.T) {
	for name, pending := range map[string]int{"what there is": 15, "what has changed": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newMemSource(t)
				add := func(first, n int) {
					w.commit(func(c *commit) {
						for i := range n {
							c.add(fmt.Sprintf("cn=%d,%s", first+i, memSuffix))
						}
					})
				}
				add(100, pending)
				end := make(chan error, 1)
				go func() {
					s := slow{newCopy(t, w.search(memSuffix, schema.ScopeSub, ""), nil)}
					_, err := w.provider(ProviderOptions{}).Sync(context.Background(), s.request(schema.SyncRefreshAndPersist), s)
					end <- err
				}()
				if pending == 0 {
					time.Sleep(time.Hour) // it waits for changes
					if n := w.holds(); n != 0 {
						t.Errorf("%d states are held", n)
					}
					add(200, 15)
				}
				time.Sleep(9 * time.Minute)
				if n := w.holds(); n != 1 {
					t.Errorf("%d states are held after 9 minutes", n)
				}
				time.Sleep(3 * time.Minute)
				var r *schema.Result
				select {
				case err := <-end:
					if !errors.As(err, &r) || r.Code != schema.SyncRefreshRequired || !strings.Contains(err.Error(), "10m0s") {
						t.Error(err)
					}
				default:
					t.Error("it goes on after 12 minutes")
					if err := <-end; err == nil {
						t.Error("ended without a reason")
					}
				}
			})
		})
	}
}
