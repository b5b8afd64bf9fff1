package server

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

// shutdown begins a shutdown with a deadline; its result comes on the channel.
func (w *world) shutdown(d time.Duration) <-chan error {
	done := make(chan error, 1)
	ctx, cancel := context.WithTimeout(context.Background(), d)
	go func() {
		defer cancel()
		done <- w.Shutdown(ctx)
	}()
	<-w.stopping
	return done
}

func TestShutdownTellsIdleClients(t *testing.T) {
	w := newWorld(t, nil)
	idle, fresh := w.admin(), w.dial()
	fresh.search(ask{base: suffix}).wantCode(fresh, schema.Success)
	done := w.shutdown(10 * time.Second)
	idle.wantNotice(schema.Unavailable)
	fresh.wantNotice(schema.Unavailable)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", w.addr); err == nil {
		t.Error("a connection is accepted after the shutdown")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Serve(l); !errors.Is(err, ErrServerClosed) {
		t.Errorf("Serve after Shutdown: %v", err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("the listener is still open")
	}
}

func TestShutdownAwaitsTheAnswersOfWhatIsInFlight(t *testing.T) {
	w := newWorld(t, nil)
	w.users(300)
	c := w.admin()
	atSearch, releaseSearch := w.holdSearches(secondSlice)
	atWrite, releaseWrite := w.holdWrites()
	c.send(everything().message(10), wiretest.Message(11, replace(userDN(0), "sn", "last"), nil),
		wiretest.Message(12, replace(userDN(1), "sn", "queued"), nil))
	<-atSearch
	<-atWrite
	done := w.shutdown(10 * time.Second)
	close(releaseSearch)
	close(releaseWrite)
	codes := map[int32]schema.ResultCode{}
	for {
		r := c.skipEntries()
		if r.ID == 0 {
			if r.Result.Code != schema.Unavailable || r.Name != wire.NoticeOfDisconnection {
				t.Errorf("message 0: %+v", r)
			}
			break
		}
		codes[r.ID] = r.Result.Code
	}
	if len(codes) != 3 || codes[10] != 0 || codes[11] != 0 || codes[12] != 0 {
		t.Errorf("before the notice: %v", codes)
	}
	c.wantClosed()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestShutdownAnswersWhatWasReadAndReadsNoMore(t *testing.T) {
	w := newWorld(t, nil)
	w.users(1)
	c := w.admin()
	at, release := w.holdWrites()
	// The search waits for the write, and both have been read when the
	// shutdown begins.
	c.send(wiretest.Message(10, replace(userDN(0), "sn", "last"), nil), ask{base: userDN(0), attrs: []string{"sn"}}.message(11))
	<-at
	done := w.shutdown(10 * time.Second)
	close(release)
	c.wantResult(10, wire.TagModifyResponse, schema.Success)
	c.collect(11).wantLines(c, "sn: last")
	c.wantNotice(schema.Unavailable)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestShutdownCutsWhatDoesNotEndInTime(t *testing.T) {
	w := newWorld(t, nil)
	w.users(300)
	c := w.admin()
	at, release := w.holdWrites()
	c.send(wiretest.Message(10, replace(userDN(0), "sn", "taken"), nil), wiretest.Message(11, replace(userDN(1), "sn", "queued"), nil))
	<-at
	began := time.Now()
	if err := <-w.shutdown(10 * time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown: %v", err)
	}
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("it took %v", d)
	}
	close(release)
	if b := c.readAll(); len(b) != 0 {
		t.Errorf("got % x", b)
	}
	if err := w.store.Target(keyOf(w, userDN(1)), nil, true, func(v *schema.View) error {
		if a, _ := v.Find("sn"); !strings.Contains(string(a.Values), "s1") {
			t.Errorf("the queued write of a cut connection was done: %q", a.Values)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func keyOf(w *world, dn string) []byte {
	key, err := w.Schema.AppendDNKey(nil, []byte(dn))
	if err != nil {
		w.Fatal(err)
	}
	return key
}

func TestShutdownCutsALongSearch(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.SizeLimit = 5000 })
	w.users(2000)
	c := w.dial()
	at, release := w.holdSearches(secondSlice)
	c.send(ask{base: people, scope: schema.ScopeOne}.message(1))
	<-at
	done := w.shutdown(10 * time.Millisecond)
	<-c.stopping
	if err := <-done; !errors.Is(err, context.DeadlineExceeded) { // after the grace: the store is stuck
		t.Errorf("Shutdown: %v", err)
	}
	close(release)
	w.running.Wait()
}

// A drain that comes while the connection is about to wait must not be undone
// by the deadline of that wait.
func TestDrainAtAnyMomentIsSeen(t *testing.T) {
	for range 50 {
		w := build(t, nil)
		c := w.pipe()
		go func() { _, _ = c.nc.Write(ask{base: suffix}.message(1)) }()
		go func() { _, _ = io.Copy(io.Discard, c.nc) }()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		if err := w.Shutdown(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		w.close()
	}
}

func TestSlowReaderBlocksOnlyItselfAndNotForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := build(t, func(o *Options) { o.Limits.SizeLimit = 5000; o.Limits.WriteTimeout = 30 * time.Second })
		w.users(2000)
		slow, other := w.pipe(), w.pipe()
		var slices atomic.Int32
		count := func(*schema.Search, int) error { slices.Add(1); return nil }
		w.store.beforeSlice.Store(&count)
		began := time.Now()
		slow.send(ask{base: people, scope: schema.ScopeOne}.message(1))
		synctest.Wait() // the server is stuck in writing to slow
		other.search(ask{base: suffix, attrs: []string{"o"}}).wantLines(other, "o: utdata")
		if n := slices.Load(); n > 3 { // each is at most a buffer of the server
			t.Errorf("%d slices were read for a client that takes none", n)
		}
		for {
			synctest.Wait()
			if number(w.metrics.open) == 1 {
				break
			}
			time.Sleep(time.Second)
		}
		if d := time.Since(began); d > 31*time.Second {
			t.Errorf("the slow client was cut after %v", d)
		}
		other.search(ask{base: suffix, attrs: []string{"o"}}).wantLines(other, "o: utdata")
		other.nc.Close()
		w.close()
	})
}

// A client that writes and never reads fills the outbox to its bound; then
// nothing more is read from it.
func TestClientThatWritesAndNeverReadsIsBounded(t *testing.T) {
	w := build(t, nil)
	w.users(1)
	c := w.pipe()
	c.bind(adminDN, adminSecret)
	post := control1(oidPostRead, true, wiretest.Strings([][]byte{[]byte("*")}))
	value := strings.Repeat("x", 10<<10)
	for sent := 0; ; sent++ {
		c.nc.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
		if _, err := c.nc.Write(wiretest.Message(int32(sent+10), replace(userDN(0), "description", value), post)); err != nil {
			break
		}
		// One answer held by the sender, the outbox to its bound, and what is
		// in flight when that is met.
		if limit := 1 + maxPosted/(10<<10) + w.Limits.BoundOps + 10; sent > limit {
			t.Fatalf("%d writes were taken, want at most %d", sent, limit)
		}
	}
	c.nc.Close()
}

func control1(oid string, critical bool, value []byte) []byte {
	return wire.AppendControl(nil, oid, critical, value)
}

func TestTooManyConnectionsAreRefused(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.Connections = 2 })
	a, b := w.dial(), w.dial()
	a.search(ask{base: suffix}).wantCode(a, schema.Success)
	b.search(ask{base: suffix}).wantCode(b, schema.Success)
	refused := w.dial()
	refused.wantNotice(schema.Unavailable)
	a.search(ask{base: suffix}).wantCode(a, schema.Success)
	if n := number(w.metrics.refused); n != 1 {
		t.Errorf("%d connections counted as refused", n)
	}
}
