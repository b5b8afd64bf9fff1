package replica

// Which entries a part of the changelog is about.

import (
	"cmp"
	"slices"

	"github.com/sunray-ds/utdsd/schema"
)

// change is an entry that was changed, once or many times. What it is now is in
// the state; the changelog only tells that there is something to look at.
type change struct {
	id          schema.UUID
	first, last schema.ChangeKind // of its records
	lastSeq     uint64
	dn          string // before the first of them
	moved       bool   // it was renamed, and all below it with it
}

// collector coalesces records by entry.
type collector struct {
	list  []change // in the order of their first records
	at    map[schema.UUID]int
	moves bool // something was renamed
}

// newCollector is for n records.
func newCollector(n uint64) *collector {
	return &collector{at: make(map[schema.UUID]int, min(n, 1024))}
}

func (c *collector) add(rec *schema.ChangeRecord) {
	i, ok := c.at[rec.UUID]
	if !ok {
		i = len(c.list)
		c.at[rec.UUID] = i
		c.list = append(c.list, change{id: rec.UUID, first: rec.Kind, dn: rec.DN})
	}
	one := &c.list[i]
	one.last, one.lastSeq = rec.Kind, rec.Seq
	if rec.Kind == schema.ChangeModifyDN {
		one.moved, c.moves = true, true
	}
}

// byEnd gives the places in list in the order of the last records.
func (c *collector) byEnd() []int {
	order := make([]int, len(c.list))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(c.list[a].lastSeq, c.list[b].lastSeq) })
	return order
}
