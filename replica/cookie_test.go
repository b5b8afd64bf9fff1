package replica

import (
	"testing"

	"github.com/sunray-ds/utdsd/schema"
)

const csn = "20261122184228.123456Z#000000#000#000000"

func position(epoch byte, seq uint64, hash byte) schema.Position {
	e := make([]byte, 32)
	for i := range e {
		e[i] = epoch
	}
	return schema.Position{Epoch: string(e), Seq: seq, Hash: schema.StateHash{hash}}
}

func TestCookiesSurviveTheTrip(t *testing.T) {
	for _, c := range []Cookie{
		{RID: 1, CSN: csn, Position: position('a', 7, 3)},
		{RID: 999, CSN: csn},
		{RID: -1, Position: position('0', 1<<63, 0)},
	} {
		got, err := ParseCookie(c.String())
		if err != nil || got != c {
			t.Errorf("%q: got %+v, %v; want %+v", c, got, err, c)
		}
	}
}

func TestCookieOfAnOpenLDAPConsumer(t *testing.T) {
	later := "20261122184229.000001Z#000000#001#000000"
	got, err := ParseCookie("rid=101,sid=001,csn=" + csn + ";" + later)
	if err != nil || got.RID != 101 || got.CSN != later || got.Position.Epoch != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestBrokenCookiesAreRefused(t *testing.T) {
	for _, text := range []string{"", "x", "rid=", "rid=1000", "rid=-1", "csn=", "csn=2026", "pos=1.2.3",
		"csn=20261122184228.123456Z#000000#000#00000G", "rid=001,,csn=" + csn} {
		if c, err := ParseCookie(text); err == nil {
			t.Errorf("%q was taken as %+v", text, c)
		}
	}
}

func FuzzCookie(f *testing.F) {
	f.Add("rid=001,csn=" + csn + ",pos=" + position('f', 1, 2).String())
	f.Add("rid=001,sid=002,csn=;")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCookie(text)
		if err != nil {
			return
		}
		if again, err := ParseCookie(c.String()); c.String() != "" && (err != nil || again != c) {
			t.Fatalf("%q became %q: %+v, %v", text, c, again, err)
		}
	})
}
