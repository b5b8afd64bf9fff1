// ledger_test.go: what a client asked for and what was acknowledged, in a file.

package faults

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// slots is how many entries a client has at most.
const slots = 30

// state is an entry of the workload: its name and the number of the change
// that wrote its values. The zero state is an entry that is not there.
type state struct {
	dn     string
	number int
}

// ledger is the record of one client. A client has one request under way at
// most, so at most the last line is a try without an answer.
type ledger struct {
	client  int
	path    string
	file    *os.File
	next    int // number of the next change
	slots   [slots]state
	pending *attempt
	acked   int // answers with success
}

// attempt is a request whose answer has not come.
type attempt struct {
	number int
	slot   int
	after  state
}

// books are the ledgers of all clients of a server.
type books []*ledger

// newBooks gives clients, numbered from first, empty ledgers.
func newBooks(t testing.TB, dir string, first int) books {
	t.Helper()
	var b books
	for i := range clients {
		b = append(b, newLedger(t, dir, first+i))
	}
	return b
}

// read makes the ledgers again from their files.
func (b books) read(t testing.TB) []*ledger {
	t.Helper()
	var read []*ledger
	for _, l := range b {
		r, err := readLedger(l.path, l.client)
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, r)
	}
	return read
}

// verify compares the ledgers with the entries of a server and settles them:
// from now on it is known what became of the tries without an answer. It gives
// how many changes were acknowledged in all, and how many of the others are
// there.
func (b books) verify(t testing.TB, have []held) (acked, pending int) {
	t.Helper()
	read := b.read(t)
	v := judge(read, have)
	for _, p := range v.problems {
		t.Error(p)
	}
	for i, l := range b {
		acked += read[i].acked
		if err := l.settle(v.done[l.client]); err != nil {
			t.Fatal(err)
		}
		if v.done[l.client] {
			pending++
		}
	}
	return acked, pending
}

func newLedger(t testing.TB, dir string, client int) *ledger {
	t.Helper()
	l := &ledger{client: client, path: filepath.Join(dir, fmt.Sprintf("client-%d.ledger", client)), next: 1}
	var err error
	if l.file, err = os.Create(l.path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.file.Close() })
	return l
}

// try writes down what a request would make of a slot, before it is sent.
func (l *ledger) try(slot int, after state) error {
	l.pending = &attempt{l.next, slot, after}
	l.next++
	_, err := fmt.Fprintf(l.file, "try %d %d %d %q\n", l.pending.number, slot, after.number, after.dn)
	return err
}

// ack writes the answer down; code is the LDAP result code.
func (l *ledger) ack(code int) error {
	p := l.pending
	l.pending = nil
	if code == 0 {
		l.slots[p.slot] = p.after
		l.acked++
	}
	_, err := fmt.Fprintf(l.file, "ack %d %d\n", p.number, code)
	return err
}

// settle writes down what became of a try that had no answer.
func (l *ledger) settle(done bool) error {
	if l.pending == nil {
		return nil
	}
	p := l.pending
	l.pending = nil
	if done {
		l.slots[p.slot] = p.after
	}
	_, err := fmt.Fprintf(l.file, "settled %d %t\n", p.number, done)
	return err
}

// readLedger makes the ledger from its file alone: the oracle trusts nothing
// that a client kept in memory.
func readLedger(path string, client int) (*ledger, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	l := &ledger{client: client, path: path}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var number, slot, written, code int
		var dn string
		var done bool
		text := lines.Text()
		if n, _ := fmt.Sscanf(text, "try %d %d %d %q", &number, &slot, &written, &dn); n == 4 {
			l.pending = &attempt{number, slot, state{dn, written}}
			continue
		}
		if n, _ := fmt.Sscanf(text, "ack %d %d", &number, &code); n == 2 {
			done = code == 0
			l.acked += map[bool]int{true: 1}[done]
		} else if n, _ := fmt.Sscanf(text, "settled %d %t", &number, &done); n != 2 {
			return nil, fmt.Errorf("%s: line %q", path, text)
		}
		if l.pending == nil || l.pending.number != number {
			return nil, fmt.Errorf("%s: %q answers no try", path, text)
		}
		if done {
			l.slots[l.pending.slot] = l.pending.after
		}
		l.pending = nil
	}
	return l, nil
}
