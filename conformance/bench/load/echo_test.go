package load

import (
	"testing"
	"time"
)

func TestEchoAnswersWithWhatItHasLearnt(t *testing.T) {
	d := newDirectory(t, some)
	address, end := make(chan string, 1), make(chan error, 1)
	go func() { end <- Echo(d.address, "cn=admin,o=utdata", "x", func(a string) { address <- a }) }()
	cell := d.cell(5, 3, nil)
	select {
	case cell.Address = <-address:
	case err := <-end:
		t.Fatal(err)
	}
	q := NewRequests(some)
	if _, err := q.Verify(cell, HoldsData(some)); err != nil {
		t.Error(err)
	}
	if err := q.Rehearse(cell); err != nil {
		t.Error(err)
	}
	asked := func() (n int) {
		d.look(func() { n = d.asked[tagSearchRequest] + d.asked[tagBindRequest] })
		return n
	}
	before := asked()
	for name, w := range map[string]Work{"base": q.Base(), "equality": q.Equality(), "substring": q.Substring(), "clear": q.BindClear(), "hashed": q.BindHashed()} {
		cell.Work = First(90, w) // whose answers are compared byte by byte with those of before
		if f, err := cell.Run(); err != nil || f.Operations == 0 {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
	if n := asked() - before; n != 0 {
		t.Errorf("the server was asked %d times again", n)
	}

	// A server that cannot be asked is the end of its echo.
	d.spoils(func(_ byte, answer [][]byte) [][]byte { return [][]byte{{tagSequence, 3, 1, 2, 3}} })
	s, err := Open(cell.Address, cell.DN, cell.Password) // that is known
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Volatile(0); err == nil {
		t.Error("an answer that nobody gave")
	}
	select {
	case err := <-end:
		if err == nil {
			t.Error("it ended without a reason")
		}
	case <-time.After(patience * time.Second):
		t.Fatal("it goes on without a server")
	}
}
