// judge_test.go: whether an answer of a server is what the model wants.

package model

import (
	"fmt"
	"slices"
	"strings"
)

// judge compares answers and remembers what it learnt of the values that a
// server chooses itself.
type judge struct {
	strict bool                  // of several faults the first has to be reported
	known  map[int]*chosenValues // by Found.ID
}

// chosenValues are operational attributes of one entry when last seen.
type chosenValues struct {
	revision int
	values   map[string]string
}

func newJudge(strict bool) *judge { return &judge{strict: strict, known: make(map[int]*chosenValues)} }

// differs tells what is wrong with r; "" if nothing is.
func (j *judge) differs(o Operation, want Answer, r reply) string {
	if want.Open || (!j.strict && slices.Contains(want.Also, r.code)) {
		return ""
	}
	if want.Code != r.code {
		return fmt.Sprintf("result %d, not %d", r.code, want.Code)
	}
	if want.MatchedDN != Unchecked {
		n, ok := ParseName(r.matched)
		if !ok || n.Key() != want.MatchedDN {
			return fmt.Sprintf("matched %q, not %q", r.matched, want.MatchedDN)
		}
	}
	expected := make(map[string]*Found)
	for i := range want.Entries {
		expected[want.Entries[i].Key] = &want.Entries[i]
	}
	for _, e := range r.entries {
		n, ok := ParseName(e.dn)
		f := expected[n.Key()]
		if !ok || f == nil {
			return fmt.Sprintf("entry %q should not be there, or not twice", e.dn)
		}
		delete(expected, n.Key())
		if fault := j.entryDiffers(f, e); fault != "" {
			return fmt.Sprintf("entry %q: %s", e.dn, fault)
		}
	}
	if want.Code == SizeLimitExceeded {
		if len(r.entries) != o.SizeLimit {
			return fmt.Sprintf("%d entries, not %d", len(r.entries), o.SizeLimit)
		}
		return ""
	}
	for _, f := range expected {
		return fmt.Sprintf("entry %q is missing", f.Key)
	}
	return ""
}

// entryDiffers compares one entry of a search.
func (j *judge) entryDiffers(f *Found, e seen) string {
	have := make(map[string][]string)
	values := make(map[string]string)
	for _, a := range e.attributes {
		if slices.ContainsFunc(chosen, func(c string) bool { return strings.EqualFold(a.Name, c) }) {
			if len(a.Values) > 0 {
				values[strings.ToLower(a.Name)] = a.Values[0]
			}
			have[strings.ToLower(a.Name)] = nil
			continue
		}
		d, ok := parseDescription(a.Name)
		switch {
		case !ok && len(f.Wanted) > 0: // an operational attribute more
		case !ok:
			return fmt.Sprintf("unknown attribute %q", a.Name)
		case have[d.String()] != nil:
			return fmt.Sprintf("attribute %q comes twice", a.Name)
		default:
			have[d.String()] = append([]string{}, a.Values...)
		}
	}
	for _, name := range f.Wanted {
		if _, ok := have[strings.ToLower(name)]; !ok {
			return fmt.Sprintf("attribute %q is missing", name)
		}
		delete(have, strings.ToLower(name))
	}
	for name, want := range f.Attributes {
		if got, ok := have[name]; !ok || !sameValues(name, want, got) {
			return fmt.Sprintf("attribute %s is %q, not %q", name, got, want)
		}
		delete(have, name)
	}
	for name := range have {
		return fmt.Sprintf("attribute %s should not be there", name)
	}
	return j.learn(f, values)
}

// sameValues compares the values of one attribute: names and classes by their
// rules, for a server may write them in another form; passwords, which it may
// hash, by number; all others byte by byte.
func sameValues(name string, want, got []string) bool {
	d, _ := parseDescription(name)
	form := func(list []string) []string {
		list = slices.Clone(list)
		for i, v := range list {
			if s := d.typ.syntax; s == distinguishedName || s == objectIdentifier {
				list[i], _ = s.normalize(v)
			} else if s == octetString {
				list[i] = ""
			}
		}
		slices.Sort(list)
		return list
	}
	return slices.Equal(form(want), form(got))
}

// learn compares the values that the server chose with those of before: the
// entryUUID stays, times and numbers of changes only grow, and the number
// grows with every change.
func (j *judge) learn(f *Found, now map[string]string) string {
	last := j.known[f.ID]
	if last == nil {
		j.known[f.ID] = &chosenValues{f.Revision, now}
		if id := now["entryuuid"]; id != "" {
			for other, o := range j.known {
				if other != f.ID && o.values["entryuuid"] == id {
					return "entryUUID " + id + " belongs to another entry"
				}
			}
		}
		return ""
	}
	for _, name := range []string{"entryuuid", "createtimestamp", "creatorsname"} {
		if a, b := last.values[name], now[name]; a != "" && b != "" && a != b {
			return fmt.Sprintf("%s was %q and is %q", name, a, b)
		}
	}
	for _, name := range []string{"modifytimestamp", "entrycsn"} {
		if a, b := last.values[name], now[name]; a != "" && b != "" && a > b {
			return fmt.Sprintf("%s goes back from %q to %q", name, a, b)
		}
	}
	if a, b := last.values["entrycsn"], now["entrycsn"]; a != "" && a == b && f.Revision > last.revision {
		return "entryCSN stays " + a + " over a change"
	}
	if now["entrycsn"] != "" {
		last.revision = f.Revision
	}
	for name, v := range now {
		last.values[name] = v
	}
	return ""
}
