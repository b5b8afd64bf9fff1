package server

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

func TestHundredSearchesInOneWriteAreAnsweredInOrder(t *testing.T) {
	w := newWorld(t, nil)
	w.users(100)
	c := w.dial()
	var all []byte
	for i := range 100 {
		all = append(all, ask{base: userDN(i), attrs: []string{"cn"}}.message(int32(i+1))...)
	}
	c.send(all)
	for i := range 100 {
		f := c.collect(int32(i + 1))
		f.wantLines(c, fmt.Sprintf("cn: u%04d", i))
	}
}

func TestLargeAnswersOfPipelinedSearchesKeepTheirOrder(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.SizeLimit = 5000 })
	w.users(1200)
	c := w.dial()
	var all []byte
	for i := range 20 {
		all = append(all, ask{base: userDN(i), attrs: []string{"cn"}}.message(int32(i+1))...)
		all = append(all, everything().message(int32(1000+i))...)
	}
	c.send(all)
	small, large := int32(1), map[int32]int{}
	for done := 0; done < 40; {
		r, err := c.receive()
		switch {
		case err != nil:
			t.Fatal(err)
		case r.Op == wire.TagSearchResultDone && r.Result.Code != schema.Success:
			t.Fatalf("search %d: %v", r.ID, &r.Result)
		case r.Op == wire.TagSearchResultDone:
			done++
			if r.ID < 1000 {
				if r.ID != small {
					t.Fatalf("short search %d is answered when %d is due", r.ID, small)
				}
				small++
			}
		default:
			large[r.ID]++
		}
	}
	for i := range int32(20) {
		if large[1000+i] != 1200 {
			t.Errorf("search %d has %d entries", 1000+i, large[1000+i])
		}
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	w.users(50)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			l, err := ldap.DialURL("ldap://" + w.addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer l.Close()
			if err := l.Bind(adminDN, adminSecret); err != nil {
				t.Error(err)
			}
			for n := range 5 {
				dn := fmt.Sprintf("cn=own%d-%d,%s", i, n, people)
				add := ldap.NewAddRequest(dn, nil)
				add.Attribute("objectClass", []string{"person"})
				add.Attribute("sn", []string{"x"})
				if err := l.Add(add); err != nil {
					t.Error(err)
				}
				r, err := l.Search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, 0, 0, 0, false, "(objectClass=*)", nil, nil))
				if err != nil || len(r.Entries) != 1 {
					t.Errorf("own entry: %v, %v", r, err)
				}
				if err := l.Del(ldap.NewDelRequest(dn, nil)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestConnectionsComeAndGoAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	w.users(300)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 16 {
				c := w.dial()
				c.send(everything().message(1), wiretest.Message(2, bindRequest(3, adminDN, adminSecret), nil))
				c.nc.Close() // some with the answer on its way
			}
		})
	}
	wg.Wait()
}

func TestSearchSeesTheModifyThatWasSentBeforeIt(t *testing.T) {
	w := newWorld(t, nil)
	w.users(1)
	c := w.admin()
	reached, release := w.holdWrites()
	c.send(wiretest.Message(10, replace(userDN(0), "sn", "first"), nil),
		wiretest.Message(11, replace(userDN(0), "sn", "second"), nil),
		ask{base: userDN(0), attrs: []string{"sn"}}.message(12),
		wiretest.Message(13, wiretest.Compare(&wire.CompareRequest{DN: []byte(userDN(0)), Attr: []byte("sn"), Value: []byte("SECOND")}), nil))
	for range 2 {
		<-reached
		release <- struct{}{}
	}
	c.wantResult(10, wire.TagModifyResponse, schema.Success)
	c.wantResult(11, wire.TagModifyResponse, schema.Success)
	c.collect(12).wantLines(c, "sn: second")
	c.wantResult(13, wire.TagCompareResponse, schema.CompareTrue)
}

func TestWritesOfOneClientDoNotHoldUpOthers(t *testing.T) {
	w := newWorld(t, nil)
	w.users(1)
	c, other := w.admin(), w.dial()
	reached, release := w.holdWrites()
	c.send(wiretest.Message(10, replace(userDN(0), "sn", "new"), nil))
	<-reached
	other.search(ask{base: userDN(0), attrs: []string{"sn"}}).wantLines(other, "sn: s0")
	close(release)
	c.wantResult(10, wire.TagModifyResponse, schema.Success)
}

func TestBindWaitsForWhatIsInFlight(t *testing.T) {
	w := newWorld(t, nil)
	w.users(300)
	c := w.dial()
	reached, release := w.holdSearches(secondSlice)
	c.send(everything().message(1), wiretest.Message(2, bindRequest(3, adminDN, adminSecret), nil),
		wiretest.Message(3, extended(oidWhoAmI, nil), nil))
	<-reached
	if n := counterOf(w, opBind, schema.Success); n != 0 {
		t.Fatalf("%d binds are done before the search has ended", n)
	}
	close(release)
	if f := c.collect(1).wantCode(c, schema.Success); len(f.names) != 300 {
		t.Errorf("found %d entries", len(f.names))
	}
	c.wantResult(2, wire.TagBindResponse, schema.Success)
	if r := c.wantResult(3, wire.TagExtendedResponse, schema.Success); string(r.Value) != "dn:"+adminDN {
		t.Errorf("who am I: %q", r.Value)
	}
}

func TestAnonymousSearchInFlightKeepsItsRightsThroughABind(t *testing.T) {
	w := newWorld(t, nil)
	w.users(300)
	c := w.dial()
	_, release := w.holdSearches(secondSlice)
	a := everything()
	a.attrs = []string{"userPassword"}
	c.send(a.message(1), wiretest.Message(2, bindRequest(3, adminDN, adminSecret), nil))
	close(release)
	if f := c.collect(1); len(f.lines) != 0 {
		t.Errorf("an anonymous search found %q", f.lines)
	}
	c.wantResult(2, wire.TagBindResponse, schema.Success)
}

func TestMessageIDIsFreeAsSoonAsItsAnswerIsThere(t *testing.T) {
	w := newWorld(t, nil)
	w.users(300)
	c := w.admin()
	for range 200 {
		c.send(everything().message(5))
		c.collect(5).wantCode(c, schema.Success)
		c.send(wiretest.Message(5, replace(userDN(0), "sn", "x"), nil))
		c.wantResult(5, wire.TagModifyResponse, schema.Success)
	}
}

func TestMessageIDOfAnOperationInFlightIsRefused(t *testing.T) {
	w := newWorld(t, nil)
	w.users(300)
	c := w.dial()
	reached, release := w.holdSearches(secondSlice)
	c.send(everything().message(7))
	<-reached
	c.send(ask{base: suffix}.message(7))
	for {
		r, err := c.receive()
		if err != nil {
			t.Fatal(err)
		}
		if r.Op == wire.TagSearchResultDone {
			if r.Result.Code != schema.ProtocolError {
				t.Errorf("result %v", &r.Result)
			}
			break
		}
	}
	close(release)
	c.collect(7).wantCode(c, schema.Success)
}

func TestInFlightLimitStopsReading(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.UnboundOps = 4 })
	w.users(300)
	c := w.dial()
	reached, release := w.holdSearches(secondSlice)
	var all []byte
	for i := range int32(8) {
		all = append(all, everything().message(i+1)...)
	}
	all = append(all, ask{base: suffix, attrs: []string{"1.1"}}.message(99)...)
	c.send(all)
	for range 4 {
		<-reached
	}
	select {
	case <-reached:
		t.Error("a fifth search runs")
	default:
	}
	close(release)
	var ids []int32
	for len(ids) < 9 {
		r, err := c.receive()
		if err != nil {
			t.Fatal(err)
		}
		if r.Op == wire.TagSearchResultDone {
			ids = append(ids, r.ID)
		}
	}
	slices.Sort(ids)
	if !slices.Equal(ids, []int32{1, 2, 3, 4, 5, 6, 7, 8, 99}) {
		t.Errorf("answered: %v", ids)
	}
}
