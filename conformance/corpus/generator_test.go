// generator_test.go: thousands of sound requests, each damaged at random.

package corpus

import (
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	generated  = 13_000
	senders    = 4
	boundEvery = 50 // of so many damaged messages one comes from the administrator
	askEvery   = 100
)

// soundRequests are what is damaged: every operation, with filters and controls
// of every kind.
func soundRequests() []string {
	return []string{
		`30{ 02{01} 60{ 02{03} 04{$admin} 80{"wrong"} } }`,
		`30{ 02{01} 60{ 02{03} 04{} a3{ 04{"SCRAM-SHA-256"} 04{"n,,n=x,r=abcdefgh"} } } }`,
		`30{ 02{01} 63{ 04{$suffix} 0a{02} 0a{03} 02{05} 02{05} 01{00}
	   a0{ a1{ a3{ 04{"cn"} 04{"x"} } 87{"objectClass"} } a2{ a5{ 04{"utport"} 04{"7"} } } a4{ 04{"cn"} 30{ 80{"a"} 81{"b"} 82{"c"} } } a8{ 04{"cn"} 04{"y"} } }
	   30{ 04{"*"} 04{"+"} 04{"cn;lang-en"} } } }`,
		`30{ 02{01} 63{ 04{$group} 0a{01} 0a{00} 02{00} 02{00} 01{ff} a9{ 81{"caseIgnoreMatch"} 82{"cn"} 83{"x"} 84{ff} } 30{ 04{"1.1"} } }
	   a0{ 30{ 04{"1.2.840.113556.1.4.319"} 01{ff} 04{ 30{ 02{05} 04{} } } } 30{ 04{"1.2.840.113556.1.4.473"} 04{ 30{ 30{ 04{"cn"} 80{"2.5.13.3"} 81{ff} } } } } } }`,
		`30{ 02{01} 63{ 04{"cn=schema"} 0a{00} 0a{00} 02{00} 02{00} 01{00} 87{"objectClass"} 30{ 04{"+"} } }
	   a0{ 30{ 04{"1.2.826.0.1.3344810.2.3"} 04{ 30{ a3{ 04{"cn"} 04{"x"} } } } } 30{ 04{"1.3.6.1.1.12"} 01{ff} 04{ 87{"cn"} } } } }`,
		`30{ 02{01} 66{ 04{$group} 30{ 30{ 0a{02} 30{ 04{"description"} 31{ 04{"a"} 04{"b"} } } } 30{ 0a{01} 30{ 04{"utport"} 31{} } } } }
	   a0{ 30{ 04{"1.3.6.1.1.13.2"} 04{ 30{ 04{"cn"} } } } } }`,
		`30{ 02{01} 68{ 04{"cn=made,o=utdata"} 30{ 30{ 04{"objectClass"} 31{ 04{"person"} } } 30{ 04{"sn"} 31{ 04{"x"} } } } } }`,
		`30{ 02{01} 4a{"cn=made,o=utdata"} a0{ 30{ 04{"2.16.840.1.113730.3.4.2"} } } }`,
		`30{ 02{01} 6c{ 04{"utname=users," $group} 04{"utname=users"} 01{ff} 80{$group} } }`,
		`30{ 02{01} 6e{ 04{$suffix} 30{ 04{"o"} 04{"utdata"} } } }`,
		`30{ 02{01} 50{05} } 30{ 02{02} 42{} }`,
		`30{ 02{01} 77{ 80{"1.3.6.1.4.1.4203.1.11.1"} 81{ 30{ 80{"cn=x,o=utdata"} 81{"old"} 82{"new"} } } } }`,
		`30{ 02{01} 77{ 80{"1.3.6.1.1.8"} 81{ 30{ 02{03} } } } }`,
		`30{ 02{01} 63{ 04{$suffix} 0a{02} 0a{00} 02{00} 02{00} 01{00} 87{"objectClass"} 30{} } a0{ 30{ 04{"1.3.6.1.4.1.4203.1.9.1.1"} 01{ff} 04{ 30{ 0a{01} 04{"rid=1"} } } } } }`,
	}
}

// oddBytes are those on which decoders stumble: edges of lengths, and tags.
const oddBytes = "\x00\x01\x02\x04\x0a\x1f\x24\x30\x31\x7f\x80\x81\x82\x84\x88\x9f\xa0\xa3\xff"

// damaged is b with one to three faults.
func damaged(random *rand.Rand, b []byte) []byte {
	b = slices.Clone(b)
	for range 1 + random.IntN(3) {
		if len(b) < 4 {
			return b
		}
		at := random.IntN(len(b))
		end := min(len(b), at+1+random.IntN(16))
		switch random.IntN(6) {
		case 0: // cut, with a length that fits
			if at > 2 && b[0] == 0x30 && b[1] < 0x80 {
				b = nest(0x30, 1, b[2:at])
			}
		case 1, 2:
			b[at] = oddBytes[random.IntN(len(oddBytes))]
		case 3:
			b = slices.Delete(b, at, end)
		case 4:
			b = slices.Insert(b, at, slices.Repeat(b[at:end], 1+random.IntN(64))...)
		case 5:
			b[at] = byte(random.Uint32())
		}
	}
	return b
}

// TestDamagedRequests: whatever comes, its connection ends when there is no more,
// others get their answers, and the memory is given back.
func TestDamagedRequests(t *testing.T) {
	seed := rand.Uint64N(1_000_000)
	if s := os.Getenv("CORPUS_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("CORPUS_SEED: %v", err)
		}
	}
	t.Logf("seed %d (again with CORPUS_SEED=%d)", seed, seed)
	s := harness.StartUtdsd(t, harness.Options{Plain: true})
	var sound [][]byte
	for _, text := range soundRequests() {
		b, err := expand(text, map[string][]byte{"suffix": []byte(harness.Suffix), "admin": []byte(harness.AdminDN),
			"group": []byte("utname=" + s.Endpoint().Group + ",o=v1," + harness.Suffix)})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		sound = append(sound, b)
	}
	before := memory(t, s.Pid(), "VmRSS")
	var sent atomic.Int64
	var wait sync.WaitGroup
	for sender := range senders {
		random := rand.New(rand.NewPCG(seed, uint64(sender)))
		wait.Go(func() {
			for i := range generated / senders {
				b := damaged(random, sound[random.IntN(len(sound))])
				if err := suffer(s.Endpoint().Address, b, i%boundEvery == 0); err != nil {
					t.Errorf("% x: %v", b, err)
					return
				}
				sent.Add(1)
				if i%askEvery == 0 {
					if err := askBeside(s.Endpoint().Address); err != nil {
						t.Errorf("after % x: %v", b, err)
						return
					}
				}
			}
		})
	}
	wait.Wait()
	after, peak := memory(t, s.Pid(), "VmRSS"), memory(t, s.Pid(), "VmHWM")
	t.Logf("%d damaged messages; resident memory %d KiB before, %d KiB after, %d KiB at most", sent.Load(), before>>10, after>>10, peak>>10)
	if after-before > maxGrowth {
		t.Errorf("memory may grow by %d KiB", maxGrowth>>10)
	}
	checkLog(t, s.Log())
	s.Stop(t)
	if out, err := checkStore(t, s); err != nil {
		t.Errorf("check: %v\n%s", err, out)
	}
}

// suffer sends one message and waits for the end of its connection.
func suffer(address string, b []byte, bound bool) error {
	p, err := dial(address)
	if err != nil {
		return err
	}
	defer func() { p.conn.Close() }()
	// The address can be used again at once, which thousands of connections need.
	if err := p.conn.(*net.TCPConn).SetLinger(0); err != nil {
		return err
	}
	if bound {
		if err := p.bind(harness.AdminDN, harness.Password); err != nil {
			return err
		}
	}
	if p.send(b) != nil || p.noMore() != nil {
		return nil // it was ended before: that is an answer too
	}
	_, _, err = p.end()
	return err
}
