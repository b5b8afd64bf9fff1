package load

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"go.uber.org/goleak"

	"github.com/sunray-ds/utdsd/conformance/bench/dataset"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const some = 200 // entries

// works are all kinds of work on requests.
func works(q *Requests) map[string]Work {
	return map[string]Work{
		"base": q.Base(), "equality": q.Equality(), "substring": q.Substring(), "clear": q.BindClear(), "hashed": q.BindHashed(),
		"modify": q.Modify(7), "mixed": q.Mixed(8, 30), "add": q.Add(NewGrowth(9, 4)),
	}
}

func TestAllWorkIsDoneAndChecked(t *testing.T) {
	for _, chop := range []bool{false, true} {
		for name, w := range works(NewRequests(some)) {
			d := newDirectory(t, some)
			d.look(func() { d.chop = chop })
			f, err := d.cell(4, 3, First(200, w)).Run()
			if err != nil || f.Operations != 200 || f.PerSecond <= 0 || f.P50 <= 0 || f.P99 < f.P50 || f.Anonymous == 0 {
				t.Errorf("%s: %+v, %v", name, f, err)
			}
			if (f.ReadsP99 > 0) != (name == "mixed") {
				t.Errorf("%s: reads' p99 is %v", name, f.ReadsP99)
			}
		}
	}
}

func TestWorkEndsInTime(t *testing.T) {
	d := newDirectory(t, some)
	c := d.cell(2, 2, NewRequests(some).Base())
	c.Warm, c.Length = 10*time.Millisecond, 30*time.Millisecond
	f, err := c.Run()
	if err != nil || f.Operations == 0 || f.Seconds < 0.03 || f.Seconds > 5 {
		t.Errorf("%+v, %v", f, err)
	}
	all := 0
	d.look(func() { all = d.asked[tagSearchRequest] })
	if all <= f.Operations {
		t.Errorf("%d of %d requests were counted: none were sent before the measuring or after", f.Operations, all)
	}
	c.Work = First(3, c.Work)
	c.Warm = time.Hour
	if _, err := c.Run(); !errors.Is(err, errEmpty) {
		t.Errorf("too little work: %v", err)
	}
}

func TestGrowthIsDeletedAgain(t *testing.T) {
	d := newDirectory(t, some)
	q, g := NewRequests(some), NewGrowth(3, 5)
	if _, err := d.cell(5, 2, First(123, q.Add(g))).Run(); err != nil {
		t.Fatal(err)
	}
	if g.Count() != 123 || d.holds() != some+dataset.Above+123 {
		t.Errorf("%d added, %d entries", g.Count(), d.holds())
	}
	f, err := d.cell(5, 2, q.Delete(g)).Run()
	if err != nil || f.Operations != 123 || d.holds() != some+dataset.Above {
		t.Errorf("%+v, %v: %d entries", f, err, d.holds())
	}
}

func TestVerifyLearnsWhatAServerSays(t *testing.T) {
	d := newDirectory(t, some)
	q := NewRequests(some)
	got, err := q.Verify(d.cell(3, 4, nil), HoldsData(some))
	if err != nil || got.Entries != some+dataset.Above || got.Stable == 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, r := range slices.Concat(q.base, q.equality) {
		if r.sum == 0 {
			t.Fatalf("nothing is known of the answer to %q", r.pdu)
		}
	}
	// What writes change is not looked at, all else is.
	if _, err := d.cell(3, 1, First(50, q.Modify(1))).Run(); err != nil {
		t.Fatal(err)
	}
	for _, page := range []int{0, 7, 1000} {
		f, err := d.cell(1, 1, nil).Scan(page, got)
		if err != nil || f.Operations != some+dataset.Above {
			t.Errorf("pages of %d: %+v, %v", page, f, err)
		}
	}
	d.set(0, 2, "else")
	if _, err := d.cell(1, 1, nil).Scan(0, got); !errors.Is(err, errScan) {
		t.Errorf("an entry that differs: %v", err)
	}
	if _, err := NewRequests(some).Verify(d.cell(1, 1, nil), HoldsData(some)); err == nil {
		t.Error("an entry that differs is not noticed")
	}
}

func TestWrongAnswersEndTheWork(t *testing.T) {
	last := func(list [][]byte) int { return len(list) - 1 }
	for name, c := range map[string]struct {
		request byte
		want    string
		spoil   func(list [][]byte) [][]byte
	}{
		"result code": {tagSearchRequest, "result code 80", func(l [][]byte) [][]byte {
			m, _ := parse(contents(l[last(l)]))
			l[last(l)] = envelope(m.id, response(tagSearchDone, 80))
			return l
		}},
		"no entry":       {tagSearchRequest, "0 entries, not 1", func(l [][]byte) [][]byte { return l[last(l):] }},
		"entry twice":    {tagSearchRequest, "2 entries, not 1", func(l [][]byte) [][]byte { return append([][]byte{l[0]}, l...) }},
		"other value":    {tagSearchRequest, "other values", func(l [][]byte) [][]byte { l[0][len(l[0])-1] ^= 1; return l }},
		"other id":       {tagSearchRequest, "nobody waits for", func(l [][]byte) [][]byte { return append(l, envelope(0x02000000, response(tagSearchDone, 0))) }},
		"answered twice": {tagSearchRequest, "nobody waits for", func(l [][]byte) [][]byte { return append(l, l[last(l)]) }},
		"no message":     {tagSearchRequest, errAnswer.Error(), func(l [][]byte) [][]byte { return [][]byte{{0x31, 0}} }},
		"no length":      {tagSearchRequest, errAnswer.Error(), func(l [][]byte) [][]byte { return [][]byte{{0x30, 0x80, 0, 0}} }},
		"write refused": {tagModifyRequest, "result code 80", func(l [][]byte) [][]byte {
			m, _ := parse(contents(l[0]))
			return [][]byte{envelope(m.id, response(0x67, 80))}
		}},
	} {
		d := newDirectory(t, some)
		d.spoils(func(request byte, l [][]byte) [][]byte {
			if request != c.request {
				return l
			}
			return c.spoil(l)
		})
		q := NewRequests(some)
		w := q.Base()
		if c.request == tagModifyRequest {
			w = q.Modify(1)
		}
		if _, err := d.cell(1, 2, First(20, w)).Run(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func contents(b []byte) []byte {
	begin, length, _, _ := header(b)
	return b[begin : begin+length]
}

func TestBytesThatChangeAreNoticed(t *testing.T) {
	d := newDirectory(t, some)
	q := NewRequests(some)
	if _, err := q.Verify(d.cell(1, 1, nil), HoldsData(some)); err != nil {
		t.Fatal(err)
	}
	d.set(0, 3, "Other")
	if _, err := d.cell(2, 2, each(q.base)).Run(); err == nil || !strings.Contains(err.Error(), "other bytes") {
		t.Errorf("%v", err)
	}
}

func TestLostWriteIsNoticed(t *testing.T) {
	d := newDirectory(t, some)
	d.spoils(func(request byte, l [][]byte) [][]byte {
		if request == tagModifyRequest {
			for k := range dataset.CountUsers(some) {
				d.entries[dataset.UserDN(k)].Attributes[8].Values[0] = "lost"
			}
		}
		return l
	})
	if _, err := d.cell(2, 1, First(20, NewRequests(some).Modify(1))).Run(); !errors.Is(err, errLost) {
		t.Errorf("%v", err)
	}
}

func TestOtherMachinesAreLeftAlone(t *testing.T) {
	for _, address := range []string{"192.0.2.1:389", "[::1]:389", "localhost:389", "127.0.0.1"} {
		if s, err := Open(address, "", ""); err == nil {
			s.Close()
			t.Errorf("%s: connected", address)
		}
	}
}

func TestSessionReadsAndReplacesTheValue(t *testing.T) {
	d := newDirectory(t, some)
	s, err := Open(d.address, "cn=admin,o=utdata", "x")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Replace(3, "Changed by hand"); err != nil {
		t.Fatal(err)
	}
	if v, err := s.Volatile(3); err != nil || v != "Changed by hand" {
		t.Errorf("%q, %v", v, err)
	}
	if v, err := s.Volatile(dataset.CountUsers(some)); err != nil || v != "" {
		t.Errorf("of an entry that is not there: %q, %v", v, err)
	}
}

// TestRequestsAreWhatOthersDecode reads every kind of request with a decoder
// that shares nothing with this package.
func TestRequestsAreWhatOthersDecode(t *testing.T) {
	for name, w := range works(NewRequests(some)) {
		next := w(0, 4)
		for range 20 {
			r, stamp := next()
			pdu := r.appendTo(nil, 0x01020304, stamp)
			p, err := ber.DecodePacketErr(pdu)
			if err != nil || !bytes.Equal(p.Bytes(), pdu) {
				t.Fatalf("%s: % x: %v", name, pdu, err)
			}
			if id := p.Children[0].Value; id != int64(0x01020304) {
				t.Errorf("%s: messageID %v", name, id)
			}
			if bytes.Contains(pdu, []byte(stampPlace)) {
				t.Errorf("%s: a stamp is missing in %q", name, pdu)
			}
		}
	}
	for _, n := range []int{0, 1, 127, 128, 500, 32768, 1 << 24} {
		if p, err := ber.DecodePacketErr(integer(n)); err != nil || p.Value != int64(n) {
			t.Errorf("%d is %v (%v)", n, p, err)
		}
	}
	for _, size := range []int{0, 127, 128, 255, 256, 65535, 65536} {
		b := tlv(tagOctetString, make([]byte, size))
		if tag, got, rest, err := element(b); err != nil || tag != tagOctetString || len(got) != size || len(rest) != 0 {
			t.Errorf("%d octets: %v", size, err)
		}
	}
}

func TestConnectionsWriteToEntriesOfTheirOwn(t *testing.T) {
	q := NewRequests(2000)
	owner := map[int]int{}
	for c := range 8 {
		next := q.Modify(1)(c, 8)
		for range 500 {
			r, _ := next()
			if was, ok := owner[r.user]; ok && was != c || !dataset.Reserved(r.user) {
				t.Fatalf("user %d is written to by %d and %d", r.user, was, c)
			}
			owner[r.user] = c
		}
	}
}

func TestLatenciesAreKnownToThreePercent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	var l latencies
	var all []float64
	for range 10000 {
		d := time.Duration(random.ExpFloat64() * float64(time.Millisecond))
		l.add(d)
		all = append(all, float64(d)/1000)
	}
	slices.Sort(all)
	for _, share := range []float64{0.01, 0.5, 0.9, 0.99} {
		want := all[int(share*float64(len(all)))]
		if got := l.quantile(share); got < want*0.97 || got > want*1.03 {
			t.Errorf("%v: %v µs, want %v", share, got, want)
		}
	}
	l.add(1000 * time.Hour)
	l.add(-1)
	if (&latencies{}).quantile(0.5) != 0 || l.quantile(1) < 1e6 {
		t.Error("the ends are wrong")
	}
}

func TestProcessorTimeAndMemoryAreThoseOfTheProcess(t *testing.T) {
	before, err := processorTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	after := before
	for after.server <= before.server || after.own <= before.own || after.machine <= before.machine {
		if after, err = processorTime(os.Getpid()); err != nil {
			t.Fatal(err)
		}
	}
	m, err := MemoryOf(os.Getpid())
	if err != nil || m.Anonymous < 1000 || m.Resident < m.Anonymous || m.Peak < m.Resident {
		t.Errorf("%+v, %v", m, err)
	}
	const none = 1 << 30
	if _, err := MemoryOf(none); err == nil {
		t.Error("memory of no process")
	}
	if _, err := processTime(none); err == nil {
		t.Error("processor time of no process")
	}
}
