package server

import (
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

func TestSizeLimitAtItsBoundary(t *testing.T) {
	for _, x := range []struct {
		name          string
		entries       int
		client, limit int
		admin         bool
		want          int
		code          schema.ResultCode
	}{
		{"client's, one too many", 11, 10, 500, false, 10, schema.SizeLimitExceeded},
		{"client's, exactly", 10, 10, 500, false, 10, schema.Success},
		{"server's, one too many", 11, 0, 10, false, 10, schema.SizeLimitExceeded},
		{"server's, exactly", 10, 0, 10, false, 10, schema.Success},
		{"the smaller one counts", 11, 20, 10, false, 10, schema.SizeLimitExceeded},
		{"beyond the first slice", 400, 300, 500, false, 300, schema.SizeLimitExceeded},
		{"beyond the first slice, exactly", 300, 300, 500, false, 300, schema.Success},
		{"none for the administrator", 11, 0, 10, true, 11, schema.Success},
		{"but the own", 11, 10, 500, true, 10, schema.SizeLimitExceeded},
		{"one", 2, 1, 500, false, 1, schema.SizeLimitExceeded},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := newWorld(t, func(o *Options) { o.Limits.SizeLimit = x.limit })
			w.users(x.entries)
			c := w.dial()
			if x.admin {
				c.bind(adminDN, adminSecret)
			}
			a := everything()
			a.size = x.client
			if f := c.search(a).wantCode(c, x.code); len(f.names) != x.want {
				t.Errorf("%d entries, want %d", len(f.names), x.want)
			}
		})
	}
}

func TestTimeLimit(t *testing.T) {
	for _, x := range []struct {
		name          string
		client        int
		limit, passes time.Duration
		admin         bool
		code          schema.ResultCode
	}{
		{"client's, passed", 5, time.Minute, 6 * time.Second, false, schema.TimeLimitExceeded},
		{"client's, not passed", 5, time.Minute, 5 * time.Second, false, schema.Success},
		{"server's, passed", 0, time.Minute, 61 * time.Second, false, schema.TimeLimitExceeded},
		{"server's, though the client's is longer", 100, time.Minute, 61 * time.Second, false, schema.TimeLimitExceeded},
		{"none for the administrator", 0, time.Minute, time.Hour, true, schema.Success},
		{"but the own", 5, time.Minute, time.Hour, true, schema.TimeLimitExceeded},
	} {
		t.Run(x.name, func(t *testing.T) {
			w := newWorld(t, func(o *Options) { o.Limits.TimeLimit, o.Limits.SizeLimit = x.limit, 20000 })
			w.users(2000)
			c := w.dial()
			if x.admin {
				c.bind(adminDN, adminSecret)
			}
			f := func(_ *schema.Search, slice int) error {
				if slice == 2 { // time passes in the first slice of many
					w.clock.advance(x.passes)
				}
				return nil
			}
			w.store.beforeSlice.Store(&f)
			a := ask{base: people, scope: schema.ScopeOne, time: x.client}
			got := c.search(a).wantCode(c, x.code)
			if n := len(got.names); (x.code == schema.Success) != (n == 2000) || n == 0 {
				t.Errorf("%d entries", n)
			}
		})
	}
}

func TestTimeLimitIsForEachPage(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.TimeLimit = time.Minute })
	w.users(30)
	c := w.dial()
	var cookie []byte
	for range 3 {
		f := c.page(everything(), 10, cookie).wantCode(c, schema.Success)
		cookie = f.cookie(c)
		w.clock.advance(50 * time.Second)
	}
}

func TestLimitsLeaveRoomForOtherFiles(t *testing.T) {
	l := Limits{Connections: 1 << 40}
	l.fill()
	if l.Connections >= 1<<40 || l.Connections < 1 {
		t.Errorf("%d connections", l.Connections)
	}
	l = Limits{SizeLimit: 7, MessageTimeout: time.Hour}
	l.fill()
	if d := DefaultLimits(); l.SizeLimit != 7 || l.MessageTimeout != time.Hour || l.BoundPDU != d.BoundPDU || l.BoundIdle != d.BoundIdle {
		t.Errorf("%+v", l)
	}
}
