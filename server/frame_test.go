package server

// What does not arrive as whole, sound messages, or not in time.

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

func TestMessageInSingleBytes(t *testing.T) {
	w := newWorld(t, nil)
	c := w.pipe()
	for _, b := range (ask{base: suffix, attrs: []string{"o"}}).message(1) {
		c.send([]byte{b})
	}
	c.collect(1).wantLines(c, "o: utdata")
}

// Messages of all sizes in pieces of all sizes: the receive buffer is moved,
// grown and dropped in between.
func TestMessagesOfAllSizesInPiecesOfAllSizes(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.UnboundPDU = 1 << 20 })
	c := w.dial()
	var stream []byte
	id := int32(0)
	for _, size := range []int{0, 10, 4000, 4090, 4100, 8190, 60000, 65530, 65540, 70000, 300000, 5, 130000, 1} {
		id++
		a := ask{base: suffix, filter: "(|(o=utdata)(o=" + strings.Repeat("x", size) + "))", attrs: []string{"o"}}
		stream = append(stream, a.message(id)...)
	}
	all := bytes.Repeat(stream, 3)
	go func() {
		for n := 1; len(all) > 0; n = n*7%65521 + 1 {
			k := min(n, len(all))
			if _, err := c.nc.Write(all[:k]); err != nil {
				return
			}
			all = all[k:]
		}
	}()
	for i := range 3 * id {
		c.collect(i%id+1).wantLines(c, "o: utdata")
	}
}

func TestMemoryGrowsWithWhatArrivesNotWithWhatIsAnnounced(t *testing.T) {
	w := newWorld(t, nil)
	c := newConn(w.Server, nil)
	for _, left := range []int{0, 6, 5000, 100_000} {
		c.in = make([]byte, left)
		c.makeRoom(200_000)
		if cap(c.in) > max(2*firstRead, 2*left) || cap(c.in) <= len(c.in) {
			t.Errorf("%d bytes arrived: room for %d", left, cap(c.in))
		}
	}
	// Nor more often than it is full.
	const size = 1 << 20
	allocated := 0
	for c.in = nil; len(c.in) < size; c.in = c.in[:min(len(c.in)+1000, cap(c.in))] {
		before := cap(c.in)
		if c.makeRoom(size); cap(c.in) != before {
			allocated += cap(c.in)
		}
	}
	if allocated > 4*size {
		t.Errorf("%d bytes were allocated for %d that came in pieces of 1000", allocated, size)
	}
}

func TestWhatIsNoMessageEndsTheConnection(t *testing.T) {
	search := ask{base: suffix}.message(1)
	for name, b := range map[string][]byte{
		"text":                  []byte("GET / HTTP/1.0\r\n\r\n"),
		"TLS hello":             {0x16, 0x03, 0x01, 0x02, 0x00},
		"zeros":                 make([]byte, 20),
		"two gigabytes":         {0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02},
		"a length that wraps":   {0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"an indefinite length":  {0x30, 0x80, 0x02, 0x01, 0x01},
		"no message ID":         {0x30, 0x02, 0x05, 0x00},
		"a negative message ID": wiretest.Message(-1, wiretest.Op(wire.UnbindRequest{}), nil),
		"message ID 2^31":       append([]byte{0x30, 0x0a, 0x02, 0x05, 0x00, 0x80, 0, 0, 0}, 0x42, 0, 0),
		"an unknown operation":  wiretest.Message(1, []byte{0x7e, 0x00}, nil),
		"a response":            wiretest.Message(1, []byte{wire.TagSearchResultDone, 0x00}, nil),
		"message ID 0":          ask{base: suffix}.message(0),
		"too large":             ask{base: strings.Repeat("x", 300<<10)}.message(1),
		"behind a good one":     append(search, "garbage"...),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			neighbour := w.dial()
			neighbour.search(ask{base: suffix}).wantCode(neighbour, schema.Success)
			c := w.dial()
			_, _ = c.nc.Write(b) // the server may close before it is all out
			if name == "behind a good one" {
				c.collect(1).wantCode(c, schema.Success)
			}
			c.wantNotice(schema.ProtocolError)
			neighbour.search(ask{base: suffix}).wantCode(neighbour, schema.Success)
		})
	}
}

func TestExtendedRequestMayHaveMessageID0(t *testing.T) {
	c := newWorld(t, nil).dial()
	c.send(wiretest.Message(0, extended(oidWhoAmI, nil), nil))
	c.wantResult(0, wire.TagExtendedResponse, schema.Success)
}

func TestSoundMessageThatIsNoRequestIsAnswered(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dial()
	for name, x := range map[string]struct{ op, tag byte }{
		"bind":      {wire.TagBindRequest, wire.TagBindResponse},
		"search":    {wire.TagSearchRequest, wire.TagSearchResultDone},
		"modify":    {wire.TagModifyRequest, wire.TagModifyResponse},
		"add":       {wire.TagAddRequest, wire.TagAddResponse},
		"modify DN": {wire.TagModifyDNRequest, wire.TagModifyDNResponse},
		"compare":   {wire.TagCompareRequest, wire.TagCompareResponse},
		"extended":  {wire.TagExtendedRequest, wire.TagExtendedResponse},
	} {
		if r := c.do([]byte{x.op, 0}, x.tag, schema.ProtocolError); r.Result.Diagnostic == "" {
			t.Errorf("%s: no diagnostic", name)
		}
	}
	c.do(ber.AppendBytes(nil, wire.TagDelRequest, []byte("no name")), wire.TagDelResponse, schema.InvalidDNSyntax)
	f := wiretest.Op(&wire.SearchRequest{Base: []byte(suffix), Scope: 7, Filter: filter("")})
	c.do(f, wire.TagSearchResultDone, schema.ProtocolError)
}

func TestLargerMessagesAreTakenFromThoseWhoAreBound(t *testing.T) {
	w := newWorld(t, nil)
	big := ask{base: suffix, filter: "(o=" + strings.Repeat("x", 400<<10) + ")"}
	c := w.admin()
	c.search(big).wantCode(c, schema.Success)
	c.bind("", "")
	_, _ = c.nc.Write(big.message(c.id())) // it is refused before it is all out
	c.wantNotice(schema.ProtocolError)
}

func TestMessageThatDripsIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := build(t, func(o *Options) { o.Limits.MessageTimeout = 30 * time.Second })
		c := w.pipe()
		began := time.Now()
		b := ask{base: suffix}.message(1)
		for i := range b {
			if _, err := c.nc.Write(b[i : i+1]); err != nil {
				break
			}
			if i == len(b)-2 {
				break
			}
			time.Sleep(time.Second) // the bubble's clock: no time passes outside
			if time.Since(began) > 29*time.Second {
				break
			}
		}
		c.wantNotice(schema.ProtocolError)
		if d := time.Since(began); d != 30*time.Second {
			t.Errorf("cut off after %v", d)
		}
		w.close()
	})
}

func TestIdleClientIsToldGoodbye(t *testing.T) {
	for name, x := range map[string]struct {
		dn   string
		want time.Duration
	}{"anonymous": {"", 300 * time.Second}, "bound": {adminDN, 3600 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := build(t, nil)
				c := w.pipe()
				if x.dn != "" {
					c.bind(x.dn, adminSecret)
				}
				began := time.Now()
				c.nc.SetReadDeadline(time.Time{})
				buf := make([]byte, 1000)
				n, err := c.nc.Read(buf)
				if err != nil {
					t.Fatal(err)
				}
				if d := time.Since(began); d != x.want {
					t.Errorf("after %v, want %v", d, x.want)
				}
				c.in = buf[:n]
				c.wantNotice(schema.Unavailable)
				w.close()
			})
		})
	}
}

func TestClientThatWaitsForItsSearchIsNotIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := build(t, nil)
		w.users(300)
		c := w.pipe()
		f := func(_ *schema.Search, slice int) error {
			if slice == 2 {
				time.Sleep(1000 * time.Second)
			}
			return nil
		}
		w.store.beforeSlice.Store(&f)
		c.send(everything().message(1))
		for read := 0; ; {
			c.nc.SetReadDeadline(time.Time{})
			buf := make([]byte, 64<<10)
			n, err := c.nc.Read(buf)
			if err != nil {
				t.Fatalf("after %d bytes: %v", read, err)
			}
			if read += n; bytes.Contains(buf[:n], []byte(userDN(299))) {
				break
			}
		}
		c.nc.Close()
		w.close()
	})
}
