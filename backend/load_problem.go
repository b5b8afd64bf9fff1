package backend

// What a load finds wrong with its input.

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
)

// LoadProblem is something in the input that is not as it should be. Nothing is
// left out of a store without one.
type LoadProblem struct {
	Line int    // of the input, from 1; 0 if it is about the input as a whole
	DN   string // of the entry, if it is known
	Text string // a sentence without an end; never quotes a value
	Note bool   // nothing was lost or altered; it is only told

	Outside bool // the entry is left out because its name is not below the suffix
}

// Error names the place and the problem.
func (p *LoadProblem) Error() string {
	dn := p.DN
	if len(dn) > maxShownName {
		dn = dn[:maxShownName] + "..."
	}
	switch {
	case p.Line == 0:
		return p.Text
	case dn == "":
		return fmt.Sprintf("line %d: %s", p.Line, p.Text)
	}
	return fmt.Sprintf("line %d: entry %q: %s", p.Line, dn, p.Text)
}

// maxShownName keeps a damaged input from filling a log with one name.
const maxShownName = 256

// problems passes problems on to the caller, one at a time.
type problems struct {
	strict bool
	report func(LoadProblem)

	mu    sync.Mutex
	count int                 // notes not among them
	told  map[string]struct{} // unknown names, each told once
}

// add reports p; the error is p when the load is strict.
func (ps *problems) add(p LoadProblem) error {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if !p.Note {
		ps.count++
		if ps.strict {
			return &p
		}
	}
	ps.report(p)
	return nil
}

// addAll reports those of one block, in the order of their lines.
func (ps *problems) addAll(list []LoadProblem) error {
	slices.SortStableFunc(list, func(a, b LoadProblem) int { return cmp.Compare(a.Line, b.Line) })
	for _, p := range list {
		if err := ps.add(p); err != nil {
			return err
		}
	}
	return nil
}

// unknown tells of a name that the schema does not have, the first time.
func (ps *problems) unknown(n unknownName) error {
	if len(n.name) > maxShownName {
		n.name = n.name[:maxShownName] + "..."
	}
	if _, told := ps.told[n.what+n.name]; told {
		return nil
	}
	if len(ps.told) < maxTold {
		ps.told[n.what+n.name] = struct{}{}
	}
	return ps.add(LoadProblem{Line: n.line, Note: true,
		Text: fmt.Sprintf("the schema has no %s %q; it is kept as it is, here and wherever it comes again", n.what, n.name)})
}

// maxTold bounds the names that are remembered.
const maxTold = 10_000

// unknownName is an attribute type or object class that the schema lacks.
type unknownName struct {
	what, name string
	line       int // of the first record with it
}
