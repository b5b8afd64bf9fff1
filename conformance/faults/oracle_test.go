// oracle_test.go: compares the ledgers with what the server has.

package faults

import (
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
	"strings"
	"testing"
)

// content is the value that change number of a client writes into a slot.
func content(client, slot, number int) string {
	text := fmt.Sprintf("client %d slot %d change %d", client, slot, number)
	return fmt.Sprintf("%s crc %08x", text, crc32.ChecksumIEEE([]byte(text)))
}

// held is an entry as the server returned it.
type held struct {
	dn                   string
	description, other   []string
	port                 []string
	client, slot, number int // read from description
}

// decode reads the number of the change out of h, whose attributes must all be
// of that one change.
func (h *held) decode() error {
	if len(h.description) != 1 || len(h.other) != 1 || len(h.port) != 1 {
		return fmt.Errorf("%s: %q %q %q: a value is missing or one too many", h.dn, h.description, h.other, h.port)
	}
	_, err := fmt.Sscanf(h.description[0], "client %d slot %d change %d", &h.client, &h.slot, &h.number)
	if err != nil || h.description[0] != content(h.client, h.slot, h.number) {
		return fmt.Errorf("%s: %q was never written", h.dn, h.description[0])
	}
	if h.other[0] != h.description[0] || h.port[0] != fmt.Sprint(h.number) {
		return fmt.Errorf("%s: half a change: %q %q %q", h.dn, h.description, h.other, h.port)
	}
	return nil
}

// verdict is what the oracle finds.
type verdict struct {
	problems []string
	done     map[int]bool // by client: whether its unanswered try is there
}

// judge compares ledgers with all entries of the workload. An acknowledged
// change has to be there, one without an answer whole or not at all, and
// nothing else may be.
func judge(ledgers []*ledger, entries []held) verdict {
	v := verdict{done: make(map[int]bool)}
	byClient := make(map[int]map[int]state)
	for i := range entries {
		h := &entries[i]
		if err := h.decode(); err != nil {
			v.problems = append(v.problems, err.Error())
			continue
		}
		if byClient[h.client] == nil {
			byClient[h.client] = make(map[int]state)
		}
		if twice, ok := byClient[h.client][h.slot]; ok {
			v.problems = append(v.problems, fmt.Sprintf("client %d slot %d is there twice: %s and %s", h.client, h.slot, twice.dn, h.dn))
		}
		byClient[h.client][h.slot] = state{strings.ToLower(h.dn), h.number}
	}
	for _, l := range ledgers {
		v.client(l, byClient[l.client])
		delete(byClient, l.client)
	}
	for _, client := range slices.Sorted(maps.Keys(byClient)) {
		v.problems = append(v.problems, fmt.Sprintf("entries of a client %d that never was", client))
	}
	return v
}

// client compares the slots of one client.
func (v *verdict) client(l *ledger, have map[int]state) {
	for slot, want := range l.slots {
		got := have[slot]
		want.dn = strings.ToLower(want.dn)
		if p := l.pending; p != nil && p.slot == slot {
			after := p.after
			after.dn = strings.ToLower(after.dn)
			if got == after {
				v.done[l.client] = true
				continue
			}
		}
		if got != want {
			v.problems = append(v.problems, fmt.Sprintf("client %d slot %d: acknowledged %+v, there is %+v", l.client, slot, want, got))
		}
	}
}

// TestOracleSeesWhatIsLost shows the oracle every kind of damage.
func TestOracleSeesWhatIsLost(t *testing.T) {
	const dn, other = "utname=a,o=x", "utname=b,o=x"
	entry := func(dn string, number int) held {
		c := content(1, 0, number)
		return held{dn: dn, description: []string{c}, other: []string{c}, port: []string{fmt.Sprint(number)}}
	}
	half := entry(dn, 2)
	half.port = []string{"1"}
	torn := entry(dn, 2)
	torn.description = []string{torn.description[0][:10]}
	for _, c := range []struct {
		situation string
		pending   bool // change 3 renames the entry
		entries   []held
		problems  int
		done      bool
	}{
		{"as acknowledged", false, []held{entry(dn, 2)}, 0, false},
		{"lost", false, nil, 1, false},
		{"back to the change before", false, []held{entry(dn, 1)}, 1, false},
		{"a change that nobody asked for", false, []held{entry(dn, 3)}, 1, false},
		{"under another name", false, []held{entry(other, 2)}, 1, false},
		{"under both names", true, []held{entry(dn, 2), entry(other, 3)}, 1, true},
		{"half a change", false, []held{half}, 2, false},
		{"a value cut off", false, []held{torn}, 2, false},
		{"unanswered and not there", true, []held{entry(dn, 2)}, 0, false},
		{"unanswered and there", true, []held{entry(other, 3)}, 0, true},
		{"unanswered and half there", true, []held{entry(other, 2)}, 1, false},
	} {
		t.Run(c.situation, func(t *testing.T) {
			l := newLedger(t, t.TempDir(), 1)
			fail := func(err error) {
				if err != nil {
					t.Fatal(err)
				}
			}
			fail(l.try(0, state{dn, 1}))
			fail(l.ack(0))
			fail(l.try(0, state{dn, 2}))
			fail(l.ack(0))
			if c.pending {
				fail(l.try(0, state{other, 3}))
			}
			read, err := readLedger(l.path, 1)
			fail(err)
			v := judge([]*ledger{read}, c.entries)
			if len(v.problems) != c.problems || v.done[1] != c.done {
				t.Errorf("problems %q, done %t", v.problems, v.done[1])
			}
		})
	}
}
