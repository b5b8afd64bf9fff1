package backend

// Substrings with an index of grams: which of them are rare.

import (
	"bytes"

	"github.com/sunray-ds/utdsd/schema"
)

const (
	maxGrams = 16 // of one part that are tried
	// The ids of the second gram are read, too, if it has at most overlap times
	// as many as the first, which has more than fewIDs: that costs less than to
	// look at entries.
	overlap = 128
	fewIDs  = 4
)

// gram is a term of a substrings index, or the part with which terms begin, and about
// how many ids are under it.
type gram struct {
	term []byte
	ids  int
}

// choose sets probe.grams to the rarest two grams of node, and probe.chosen to
// node, for they are asked for several times; false if node has none. The second
// is empty if there is only one.
func (sl *slice) choose(f *schema.Filter, node *schema.FilterNode) bool {
	p := &sl.probe
	p.chosen = nil
	first, second := &p.grams[0], &p.grams[1]
	first.term, second.term = first.term[:0], second.term[:0]
	for _, part := range f.Parts[node.PartsFrom:node.PartsTo] {
		for at := 0; at+leastPart <= len(part.Form) && at < maxGrams; at++ {
			switch n := len(part.Form); {
			case n == leastPart:
				p.term = append(p.term[:0], part.Form...)
			case at+gramSize <= n:
				p.term = appendTerm(p.term[:0], part.Form[at:at+gramSize])
			default:
				continue // the gram before leaves fewer
			}
			ids := sl.about(p.index, p.term)
			switch {
			case bytes.Equal(p.term, first.term):
			case len(first.term) == 0 || ids < first.ids:
				*first, *second = *second, *first
				first.term, first.ids = append(first.term[:0], p.term...), ids
			case len(second.term) == 0 || ids < second.ids:
				second.term, second.ids = append(second.term[:0], p.term...), ids
			}
		}
	}
	if len(first.term) > 0 {
		p.chosen = node
	}
	return p.chosen != nil
}

// intersect takes those out of probe.ids, the ids under the first of
// probe.grams, that are not under the second.
func (sl *slice) intersect() (err error) {
	p := &sl.probe
	second := &p.grams[1]
	if n := len(p.ids); n <= fewIDs || len(second.term) == 0 || second.ids > overlap*n {
		return nil
	}
	most := 2 * overlap * len(p.ids) // the estimate may have been wrong
	if p.more, err = sl.listed(p.more[:0], p.index, second.term, most); err != nil || len(p.more) == most {
		return err
	}
	kept, more := p.ids[:0], p.more
	for _, id := range p.ids {
		for len(more) > 0 && more[0] < id {
			more = more[1:]
		}
		if len(more) > 0 && more[0] == id {
			kept = append(kept, id)
		}
	}
	p.ids = kept
	return nil
}
