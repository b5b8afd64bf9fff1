package replica

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sunray-ds/utdsd/schema"
)

// damagedLog is a store whose log cannot be read at a change that whoever
// follows it lacks.
func damagedLog(w *memSource) {
	for _, dn := range []string{"cn=one," + memSuffix, "cn=two," + memSuffix, "cn=three," + memSuffix} {
		w.commit(func(c *commit) { c.add(dn) })
	}
	w.damaged = w.now.at.Seq - 1
}

func TestAMemberThatNeedsADamagedRecordGetsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newMemSource(t)
		var log bytes.Buffer
		p := w.provider(ProviderOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
		m := newMember(t, nil)
		m.begin(w, p, MemberHello{Fresh: true})
		m.stop()
		damagedLog(w)
		m.begin(w, p, MemberHello{})
		defer m.stop()
		if m.meeting.Outcome != Refresh || !strings.Contains(log.String(), "cannot be read") {
			t.Errorf("%v; log:\n%s", m.meeting.Outcome, log.String())
		}
		m.level(w)
		w.commit(func(c *commit) { c.add("cn=later," + memSuffix) })
		synctest.Wait()
		m.level(w)
	})
}

func TestAConsumerThatNeedsADamagedRecordGetsEverything(t *testing.T) {
	w := newMemSource(t)
	p := w.provider(ProviderOptions{})
	k := newCopy(t, w.search(memSuffix, schema.ScopeSub, ""), nil)
	k.poll(p)
	damagedLog(w)
	done, err := p.Sync(context.Background(), k.request(schema.SyncRefreshOnly), k)
	if err != nil || done.RefreshDeletes {
		t.Errorf("%+v, %v", done, err)
	}
	k.check(w, "after the damage")
}
