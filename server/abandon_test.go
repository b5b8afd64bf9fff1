package server

import (
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

func abandonRequest(id int32) []byte { return wiretest.Op(&wire.AbandonRequest{ID: id}) }

func cancelRequest(id int32) []byte {
	return extended(oidCancel, ber.AppendBytes(nil, ber.TagSequence, ber.AppendInt(nil, ber.TagInteger, int64(id))))
}

// skipEntries reads up to the first message that is no entry.
func (c *client) skipEntries() *wiretest.Response {
	c.Helper()
	for {
		r, err := c.receive()
		if err != nil {
			c.Fatal(err)
		}
		if r.Op != wire.TagSearchResultEntry {
			return r
		}
	}
}

// taken waits until the server has handled what c sent before: a request that
// is answered at once goes through the same goroutine.
func (c *client) taken() *wiretest.Response {
	c.Helper()
	id := c.id() + 5000
	c.send(wiretest.Message(id, extended(oidWhoAmI, nil), nil))
	for {
		r := c.skipEntries()
		if r.ID == id {
			return r
		}
		c.Fatalf("message %d before the answer of the server's goroutine: %+v", r.ID, r)
	}
}

func TestAbandonedSearchIsNotAnswered(t *testing.T) {
	w := newWorld(t, nil)
	w.users(300)
	c := w.dial()
	reached, release := w.holdSearches(secondSlice)
	c.send(ask{base: people, scope: schema.ScopeOne}.message(1))
	<-reached
	c.send(wiretest.Message(2, abandonRequest(1), nil))
	c.taken()
	close(release)
	c.search(ask{base: suffix, attrs: []string{"o"}}).wantLines(c, "o: utdata") // fails on any message of 1
}

func TestAbandonOfNothingIsNoFault(t *testing.T) {
	w := newWorld(t, nil)
	c := w.dial()
	c.send(wiretest.Message(1, abandonRequest(77), nil), wiretest.Message(2, abandonRequest(2), nil), wiretest.Message(3, []byte{wire.TagAbandonRequest, 0}, nil))
	c.search(ask{base: suffix}).wantCode(c, schema.Success)
}

func TestAbandonedWriteInTheQueueIsNeitherDoneNorAnswered(t *testing.T) {
	w := newWorld(t, nil)
	w.users(1)
	c, other := w.admin(), w.admin()
	reached, release := w.holdWrites()
	other.send(wiretest.Message(50, replace(people, "description", "in the way"), nil))
	<-reached
	c.send(wiretest.Message(51, replace(userDN(0), "sn", "never"), nil), wiretest.Message(52, abandonRequest(51), nil))
	c.taken()
	close(release)
	other.wantResult(50, wire.TagModifyResponse, schema.Success)
	c.search(ask{base: userDN(0), attrs: []string{"sn"}}).wantLines(c, "sn: s0")
}

func TestAbandonedWriteThatIsTakenIsDoneAndNotAnswered(t *testing.T) {
	w := newWorld(t, nil)
	w.users(1)
	c := w.admin()
	reached, release := w.holdWrites()
	c.send(wiretest.Message(51, replace(userDN(0), "sn", "done"), nil))
	<-reached
	c.send(wiretest.Message(52, abandonRequest(51), nil))
	c.taken()
	close(release)
	c.search(ask{base: userDN(0), attrs: []string{"sn"}}).wantLines(c, "sn: done")
}

func TestCancelOfALongSearch(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.SizeLimit = 5000 })
	w.users(1500) // the slice that is held fills a buffer and is not the last
	c := w.dial()
	reached, release := w.holdSearches(secondSlice)
	c.send(ask{base: people, scope: schema.ScopeOne}.message(1))
	<-reached
	c.send(wiretest.Message(2, cancelRequest(1), nil))
	c.taken()
	close(release)
	if r := c.skipEntries(); r.ID != 1 || r.Op != wire.TagSearchResultDone || r.Result.Code != schema.Canceled {
		t.Errorf("the search is answered with %+v", r)
	}
	c.wantResult(2, wire.TagExtendedResponse, schema.Success)
}

// The last slice is under way when the Cancel comes: nothing is left to stop.
func TestCancelThatComesTooLateForASearch(t *testing.T) {
	w := newWorld(t, nil)
	w.users(300)
	c := w.dial()
	reached, release := w.holdSearches(secondSlice)
	c.send(everything().message(1))
	<-reached
	c.send(wiretest.Message(2, cancelRequest(1), nil))
	c.taken()
	close(release)
	c.collect(1).wantCode(c, schema.Success)
	c.wantResult(2, wire.TagExtendedResponse, schema.TooLate)
}

func TestCancelOfAWriteInTheQueue(t *testing.T) {
	w := newWorld(t, nil)
	w.users(1)
	c, other := w.admin(), w.admin()
	reached, release := w.holdWrites()
	other.send(wiretest.Message(50, replace(people, "description", "in the way"), nil))
	<-reached
	c.send(wiretest.Message(51, replace(userDN(0), "sn", "never"), nil), wiretest.Message(52, cancelRequest(51), nil))
	c.wantResult(51, wire.TagModifyResponse, schema.Canceled)
	c.wantResult(52, wire.TagExtendedResponse, schema.Success)
	close(release)
	other.wantResult(50, wire.TagModifyResponse, schema.Success)
	c.search(ask{base: userDN(0), attrs: []string{"sn"}}).wantLines(c, "sn: s0")
}

func TestCancelOfAWriteThatIsTaken(t *testing.T) {
	w := newWorld(t, nil)
	w.users(1)
	c := w.admin()
	reached, release := w.holdWrites()
	c.send(wiretest.Message(51, replace(userDN(0), "sn", "done"), nil))
	<-reached
	c.send(wiretest.Message(52, cancelRequest(51), nil))
	c.taken()
	close(release)
	c.wantResult(51, wire.TagModifyResponse, schema.Success)
	c.wantResult(52, wire.TagExtendedResponse, schema.TooLate)
}

func TestCancelOfWhatCannotBeCanceled(t *testing.T) {
	w := newWorld(t, nil)
	w.users(300)
	c := w.dial()
	reached, release := w.holdSearches(secondSlice)
	c.send(everything().message(1))
	<-reached
	c.send(wiretest.Message(2, cancelRequest(1), nil))
	for _, x := range []struct {
		name string
		id   int32 // of the request
		of   int32
		want schema.ResultCode
	}{
		{"unknown", 10, 77, schema.NoSuchOperation},
		{"the Cancel itself", 11, 11, schema.CannotCancel},
		{"a Cancel that waits", 12, 2, schema.CannotCancel},
		{"what is being canceled", 13, 1, schema.CannotCancel},
		{"finished", 14, 10, schema.NoSuchOperation},
	} {
		c.send(wiretest.Message(x.id, cancelRequest(x.of), nil))
		if r := c.skipEntries(); r.ID != x.id || r.Result.Code != x.want {
			t.Errorf("%s: %d %v, want %d", x.name, r.ID, &r.Result, x.want)
		}
	}
	c.send(wiretest.Message(2, extended(oidWhoAmI, nil), nil))
	if r := c.skipEntries(); r.ID != 2 || r.Result.Code != schema.ProtocolError {
		t.Errorf("ID of a waiting Cancel used again: %+v", r)
	}
	close(release)
	c.skipEntries()
	c.wantResult(2, wire.TagExtendedResponse, schema.TooLate)
	for name, value := range map[string][]byte{"none": nil, "garbage": []byte("garbage"), "no number": {0x30, 0}} {
		if r := c.do(extended(oidCancel, value), wire.TagExtendedResponse, schema.ProtocolError); r.Name != "" {
			t.Errorf("value %s: %+v", name, r)
		}
	}
}
