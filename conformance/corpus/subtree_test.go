// subtree_test.go: the rename of a large subtree, to its end and cut off half-way
// (row D1).

package corpus

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	leaves      = 5000
	cutOff      = 5 // times that the server is killed during the rename
	renamedSoon = 100 * time.Millisecond
)

// message is an LDAPMessage of three bytes of messageID.
func message(id int, operation []byte) []byte {
	return nest(0x30, 1, append([]byte{2, 3, byte(id >> 16), byte(id >> 8), byte(id)}, operation...))
}

// organization is the AddRequest of one.
func organization(name, below string) []byte {
	class := nest(0x30, 1, append(nest(0x04, 1, []byte("objectClass")), nest(0x31, 1, nest(0x04, 1, []byte("organization")))...))
	return nest(0x68, 1, append(nest(0x04, 1, []byte("o="+name+","+below)), nest(0x30, 1, class)...))
}

// rename is the ModifyDNRequest of an entry below the suffix.
func rename(from, to string) []byte {
	body := append(nest(0x04, 1, []byte("o="+from+","+harness.Suffix)), nest(0x04, 1, []byte("o="+to))...)
	return nest(0x6c, 1, append(body, 0x01, 0x01, 0xff))
}

// below counts the entries below a name, itself included; 0 if it is not there.
func (p *peer) below(name string) (int, error) {
	search := append(nest(0x04, 1, []byte("o="+name+","+harness.Suffix)),
		"\x0a\x01\x02\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass\x30\x05\x04\x031.1"...)
	r, n, err := p.ask(message(1, nest(0x63, 1, search)))
	if err != nil || r.Code != 0 && r.Code != 32 {
		return 0, fmt.Errorf("entries below %s: %+v, %w", name, r, err)
	}
	return n, nil
}

// administrator connects and binds.
func administrator(t *testing.T, s *harness.Utdsd) *peer {
	t.Helper()
	p, err := dial(s.Endpoint().Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.conn.Close() })
	if err := p.bind(harness.AdminDN, harness.Password); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestRenameOfALargeSubtree: all of it has the one name or the other, whenever
// the server dies, and the rename can be asked for again (389-ds CVE-2025-2487
// died of the second attempt).
func TestRenameOfALargeSubtree(t *testing.T) {
	s := harness.StartUtdsd(t, harness.Options{Plain: true})
	p := administrator(t, s)
	var all []byte
	all = append(all, message(1, organization("old", harness.Suffix))...)
	for i := range leaves {
		all = append(all, message(i+2, organization(fmt.Sprint(i), "o=old,"+harness.Suffix))...)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := p.conn.Write(all)
		sent <- err
	}()
	for range leaves + 1 {
		if r, _, err := p.final(); err != nil || r.Code != 0 {
			t.Fatalf("add: %+v, %v", r, err)
		}
	}
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	names := [2]string{"old", "new"}
	for range cutOff {
		if err := p.send(message(1, rename(names[0], names[1]))); err != nil {
			t.Fatal(err)
		}
		<-time.After(rand.N(renamedSoon))
		s.Kill(t)
		if out, err := checkStore(t, s); err != nil {
			t.Fatalf("check: %v\n%s", err, out)
		}
		s.Restart(t)
		p = administrator(t, s)
		before, err := p.below(names[0])
		after, err2 := p.below(names[1])
		if err != nil || err2 != nil || before+after != leaves+1 || before*after != 0 {
			t.Fatalf("%d entries below %s and %d below %s; %v, %v", before, names[0], after, names[1], err, err2)
		}
		if after != 0 {
			names[0], names[1] = names[1], names[0]
		}
		if r, _, err := p.ask(message(2, rename(names[0], names[1]))); err != nil || r.Code != 0 {
			t.Fatalf("again: %+v, %v", r, err)
		}
		if err := askBeside(s.Endpoint().Address); err != nil {
			t.Error(err)
		}
		names[0], names[1] = names[1], names[0]
	}
	s.Stop(t)
	if out, err := checkStore(t, s); err != nil {
		t.Errorf("check: %v\n%s", err, out)
	}
}
