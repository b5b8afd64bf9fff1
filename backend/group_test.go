package backend_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// gate is a flush that waits for its turn.
type gate struct {
	*testing.T
	at   chan struct{} // a flush has begun
	pass chan error    // and goes on
}

func newGate(t *testing.T, s *backend.Store) *gate {
	g := &gate{t, make(chan struct{}), make(chan error)}
	var real func() error
	real = backend.SetSync(s, func() error {
		g.at <- struct{}{}
		if err := <-g.pass; err != nil {
			return err
		}
		return real()
	})
	return g
}

// reached waits until a flush has begun.
func (g *gate) reached() {
	g.Helper()
	select {
	case <-g.at:
	case <-time.After(10 * time.Second):
		g.Fatal("nothing is flushed")
	}
}

// open lets all flushes pass until at is closed.
func (g *gate) open() {
	go func() {
		for range g.at {
			g.pass <- nil
		}
	}()
}

// flying makes three changes. The first one is durable then, the others are being
// flushed.
func (g *gate) flying(w *world, a, b, c *schema.Change) (second, third <-chan schema.ChangeDone) {
	g.Helper()
	first := w.ask(a)
	g.reached()
	second, third = w.ask(b), w.ask(c)
	g.pass <- nil
	<-first
	g.reached()
	return second, third
}

// ask queues a change; its answer comes out of the channel.
func (w *world) ask(c *schema.Change) <-chan schema.ChangeDone {
	got := make(chan schema.ChangeDone, 1)
	c.Actor = admin
	w.Apply(context.Background(), c, func(d schema.ChangeDone) { got <- d })
	return got
}

// taken waits until the writer has taken all that is queued.
func (w *world) taken() {
	w.Helper()
	for until := time.Now().Add(10 * time.Second); backend.Queued(w.Store) > 0; runtime.Gosched() {
		if time.Now().After(until) {
			w.Fatal("the writer does not take what is queued")
		}
	}
}

func (w *world) silent(what string, answers ...<-chan schema.ChangeDone) {
	w.Helper()
	for _, a := range answers {
		select {
		case d := <-a:
			w.Errorf("%s: answered with %v before it is durable", what, &d.Result)
		default:
		}
	}
}

// TestNextGroupWaitsForTheFlight: while a commit is flushed further changes are
// taken, but nothing is written, shown or answered.
func TestNextGroupWaitsForTheFlight(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	w := &world{t, storetest.Open(t, path, backend.Options{Create: true, Indexes: indexes}), storetest.Schema(t)}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	g := newGate(t, w.Store)
	// One change alone is flushed by the writer; the next two fly.
	first := w.ask(person("a"))
	g.reached()
	second, third := w.ask(person("b")), w.ask(person("c"))
	w.silent("the first", first)
	before := w.Position()
	g.pass <- nil
	<-first
	g.reached()
	if now := w.Position(); now.Seq != before.Seq+1 {
		t.Errorf("the position is %d behind the first change, want %d", now.Seq, before.Seq+1)
	}
	file := image(t, path)
	more := []<-chan schema.ChangeDone{w.ask(person("d")), w.ask(replace("cn=b,"+people, "description", "x")), w.ask(remove("cn=c," + people))}
	w.taken()
	w.silent("the flight", second, third)
	w.silent("what comes behind it", more...)
	if !bytes.Equal(image(t, path), file) {
		t.Error("something was written while a commit was being flushed")
	}
	if now := w.Position(); now.Seq != before.Seq+1 {
		t.Errorf("the position is %d during the flight, want %d", now.Seq, before.Seq+1)
	}
	g.pass <- nil
	for _, a := range []<-chan schema.ChangeDone{second, third} {
		if d := <-a; d.Result.Code != schema.Success {
			t.Error(&d.Result)
		}
	}
	g.reached()
	w.silent("what comes behind the flight", more...)
	g.pass <- nil
	for i, a := range more {
		if d := <-a; d.Result.Code != schema.Success || d.Position.Seq != before.Seq+4+uint64(i) {
			t.Errorf("%v at %v", &d.Result, d.Position)
		}
	}
	g.open() // the store is closed and checked
	storetest.Close(t, w.Store)
	close(g.at)
}

// TestFlightThatFails: nobody whose commit it was is answered, those behind it are
// refused, and the store can be closed.
func TestFlightThatFails(t *testing.T) {
	var fatal atomic.Pointer[error]
	failed := make(chan struct{})
	o := backend.Options{Create: true, Indexes: indexes, Schema: storetest.Schema(t), Fatal: func(err error) {
		if fatal.CompareAndSwap(nil, &err) {
			close(failed)
		}
	}}
	s, err := backend.Open(filepath.Join(t.TempDir(), "store"), o)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t, s, o.Schema}
	w.must(add(suffix, "objectClass: organization"))
	w.must(add(people, "objectClass: organizationalUnit"))
	g := newGate(t, w.Store)
	second, third := g.flying(w, person("a"), person("b"), person("c"))
	fourth := w.ask(person("d"))
	w.taken()
	task := make(chan error, 1)
	go func() { task <- w.MarkFresh() }()
	cause := errors.New("the disk is gone")
	g.pass <- cause
	<-failed
	if err := *fatal.Load(); !errors.Is(err, cause) {
		t.Errorf("the reason is %v", err)
	}
	if err := w.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	w.silent("after a failed flush", second, third)
	if d := <-fourth; d.Result.Code != schema.Unavailable {
		t.Errorf("behind a failed flush: %v", &d.Result)
	}
	if err := <-task; err == nil {
		t.Error("a task behind a failed flush has succeeded")
	}
	if d := <-w.ask(person("e")); d.Result.Code != schema.Unavailable {
		t.Errorf("afterwards: %v", &d.Result)
	}
}

// TestFullFileDuringFlights deletes entries in a file that cannot grow, some of them
// while others are flushed. What the commit before has freed is used for those, too.
func TestFullFileDuringFlights(t *testing.T) {
	flights, refused := 0, 0
	for pages := 4; pages <= 40; pages += 4 {
		f, r := deletesInFlight(t, pages)
		flights, refused = flights+f, refused+r
	}
	if flights < 50 || refused > 0 {
		t.Errorf("%d flights, behind %d of them a delete was refused for which there was room", flights, refused)
	}
}

// deletesInFlight begins with so many free pages, and some. It counts flights, and
// deletes behind them that were refused and made when they were asked for again.
func deletesInFlight(t *testing.T, pages int) (flights, refused int) {
	w := newWorld(t)
	w.fill(300)
	w.must(person("large", "description: "+strings.Repeat("x", pages*4096)))
	w.must(remove("cn=large," + people))
	n := 0
	next := func() <-chan schema.ChangeDone {
		n++
		return w.ask(remove(fmt.Sprintf("cn=user%06d,%s", n*7%300, people)))
	}
	<-next()
	backend.CannotGrow(w.Store)
	g := newGate(t, w.Store)
	// made lets flushes pass until a has come.
	made := func(a <-chan schema.ChangeDone) bool {
		for {
			select {
			case <-g.at:
				g.pass <- nil
			case d := <-a:
				return d.Result.Code == schema.Success
			}
		}
	}
	for range 30 {
		first := next()
		select {
		case <-g.at:
		case <-first: // no room at all
			continue
		}
		second, third := next(), next()
		g.pass <- nil
		<-first
		select {
		case <-g.at:
		case <-second:
			<-third
			continue
		}
		fourth := next()
		w.taken()
		flights++
		g.pass <- nil
		<-second
		<-third
		if !made(fourth) {
			if n--; made(next()) {
				refused++
			}
		}
	}
	g.open() // the store is closed and checked
	storetest.Close(t, w.Store)
	close(g.at)
	return flights, refused
}

// TestScarceRoomDuringAFlight: what is left of the file is shared by all changes that
// come one by one while others are flushed.
func TestScarceRoomDuringAFlight(t *testing.T) {
	w := newWorld(t)
	w.fill(20)
	w.must(person("large", "description: "+strings.Repeat("x", 120*4096)))
	w.must(remove("cn=large," + people))
	w.must(person("b"))
	backend.MakeScarce(w.Store)
	g := newGate(t, w.Store)
	second, third := g.flying(w, remove("cn=user000001,"+people), remove("cn=user000002,"+people), remove("cn=user000003,"+people))
	before := w.Stats().Bytes
	var adds []<-chan schema.ChangeDone
	for n := range 300 {
		adds = append(adds, w.ask(person(fmt.Sprint("add", n), "description: "+strings.Repeat("x", 3000))))
		w.taken()
	}
	g.open()
	g.pass <- nil
	<-second
	<-third
	made := 0
	for _, a := range adds {
		if d := <-a; d.Result.Code == schema.Success {
			made++
		}
	}
	if after := w.Stats().Bytes; made == 0 || after > before {
		t.Errorf("%d adds were made and the file has grown by %d bytes", made, after-before)
	}
	storetest.Close(t, w.Store)
	close(g.at)
}

// TestManyChangesOfManyClients mixes what is refused, what is made and what is
// cancelled, and counts.
func TestManyChangesOfManyClients(t *testing.T) {
	w := newWorld(t)
	const clients, each = 40, 30
	var made, refused, canceled atomic.Int64
	start := w.Position().Seq
	answers := make(chan struct{}, clients*each)
	for range clients {
		go func() {
			for n := range each {
				ctx := context.Background()
				c := person("one") // of all of them one is made
				switch n % 3 {
				case 1:
					c = replace(people, "description", time.Now().String())
				case 2:
					c = replace(people, "l", "here")
					var cancel func()
					ctx, cancel = context.WithCancel(ctx)
					cancel()
				}
				c.Actor = admin
				w.Apply(ctx, c, func(d schema.ChangeDone) {
					switch d.Result.Code {
					case schema.Success:
						made.Add(1)
					case schema.Canceled:
						canceled.Add(1)
					default:
						refused.Add(1)
					}
					answers <- struct{}{}
				})
				if n%5 == 0 {
					runtime.Gosched()
				}
			}
		}()
	}
	for range clients * each {
		<-answers
	}
	if got := w.Position().Seq - start; got != uint64(made.Load()) {
		t.Errorf("%d changes were made and the position moved by %d", made.Load(), got)
	}
	if made.Load() < clients*each/3 || refused.Load() != clients*each/3-1 || made.Load()+refused.Load()+canceled.Load() != clients*each {
		t.Errorf("%d made, %d refused, %d cancelled", made.Load(), refused.Load(), canceled.Load())
	}
}

// TestFewAnswersSayThatTheyAreFew, and none of many does: the writer sends those
// that do.
func TestFewAnswersSayThatTheyAreFew(t *testing.T) {
	for _, n := range []int{1, backend.FewAnswers, backend.FewAnswers + 1} {
		w := newWorld(t)
		g := newGate(t, w.Store)
		first := w.ask(person("first"))
		g.reached() // the writer flushes it and takes nothing meanwhile
		var list []<-chan schema.ChangeDone
		for i := range n {
			list = append(list, w.ask(person(fmt.Sprint("p", i))))
		}
		g.pass <- nil
		g.open()
		list = append(list, first)
		for i, answer := range list {
			if d := <-answer; d.Result.Code != schema.Success || d.Few != (n <= backend.FewAnswers || i == n) {
				t.Errorf("%d of %d: %v, few: %v", i, n, &d.Result, d.Few)
			}
		}
		storetest.Close(t, w.Store)
		close(g.at)
	}
}
