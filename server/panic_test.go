package server

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

func TestPanicEndsOneConnectionAlone(t *testing.T) {
	for _, slice := range []int{1, 2} {
		w := newWorld(t, nil)
		w.users(300)
		w.panics = 1
		other, c := w.admin(), w.dial()
		f := func(q *schema.Search, n int) error {
			if string(q.BaseDN) == people && n == slice {
				panic("secret of the store")
			}
			return nil
		}
		w.store.beforeSlice.Store(&f)
		c.send(everything().message(1))
		if b := c.readAll(); strings.Contains(string(b), "secret") {
			t.Errorf("the client gets %q", b)
		}
		other.search(ask{base: suffix, attrs: []string{"o"}}).wantLines(other, "o: utdata")
		if !strings.Contains(w.log.String(), "secret of the store") {
			t.Errorf("log: %s", w.log)
		}
	}
}

func TestPanicWhileAWriteIsQueuedEndsOneConnectionAlone(t *testing.T) {
	w := newWorld(t, nil)
	w.users(1)
	w.panics = 1
	other, c := w.admin(), w.admin()
	f := func(*schema.Change) {
		w.store.onApply.Store(nil)
		panic("no queue")
	}
	w.store.onApply.Store(&f)
	c.send(wiretest.Message(10, replace(userDN(0), "sn", "x"), nil))
	if b := c.readAll(); len(b) != 0 {
		t.Errorf("got % x", b)
	}
	other.do(replace(userDN(0), "sn", "y"), wire.TagModifyResponse, schema.Success)
}

func TestErrorInsideTheStoreIsNotToldToTheClient(t *testing.T) {
	w := newWorld(t, nil)
	w.users(300)
	c := w.dial()
	for _, slice := range []int{1, 2} {
		f := func(q *schema.Search, n int) error {
			if n == slice {
				return errors.New("disk on fire")
			}
			return nil
		}
		w.store.beforeSlice.Store(&f)
		r := c.search(everything()).wantCode(c, schema.Other).done.Result
		if strings.Contains(r.Diagnostic, "fire") {
			t.Errorf("the client gets %q", r.Diagnostic)
		}
	}
	if n := number(w.metrics.internal); n != 2 || !strings.Contains(w.log.String(), "disk on fire") {
		t.Errorf("%d internal errors, log %s", n, w.log)
	}
}

// broken is a store whose answers to a change are wrong in themselves.
type broken struct{ *memory }

func (b broken) Apply(ctx context.Context, c *schema.Change, done func(schema.ChangeDone)) {
	b.memory.Apply(ctx, c, func(d schema.ChangeDone) {
		d.Post = &schema.View{DN: []byte("cn=x"), Live: explosive{}}
		done(d)
	})
}

type explosive struct{}

func (explosive) NumSubordinates([]byte, int) int { panic("cannot count") }
func (explosive) ContextCSN([]byte) []byte        { panic("no clock") }

func TestPanicInTheStoresGoroutineEndsOneConnectionAlone(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Store = broken{o.Store.(*memory)} })
	w.users(1)
	w.panics = 1
	other, c := w.dial(), w.admin()
	post := control1(oidPostRead, true, wiretest.Strings([][]byte{[]byte("+")}))
	c.send(wiretest.Message(10, replace(userDN(0), "sn", "x"), post))
	if b := c.readAll(); len(b) != 0 {
		t.Errorf("got % x", b)
	}
	other.search(ask{base: userDN(0), attrs: []string{"sn"}}).wantLines(other, "sn: x")
}
