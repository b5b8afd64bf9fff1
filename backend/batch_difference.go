package backend

// States that came from a provider of another make: completing them, and what
// differs between two.

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

// target is the entry that v says, without what is computed when it is read.
func (a *adapter) target(v *schema.View) (*schema.Entry, error) {
	var attrs []schema.RawAttribute
	for _, list := range [...][]byte{v.User, v.Operational} {
		for len(list) > 0 {
			at, rest, ok := schema.NextAttribute(list)
			if !ok || !ldif.ValidName(string(at.Desc)) {
				return nil, fmt.Errorf("%w: the attributes of %q cannot be read", ErrStructure, v.DN)
			}
			list = rest
			raw := schema.RawAttribute{Attr: string(at.Desc)}
			for values := at.Values; ; {
				value, more, ok := schema.NextValue(values)
				if !ok {
					break
				}
				raw.Values, values = append(raw.Values, value), more
			}
			if len(raw.Values) > 0 {
				attrs = append(attrs, raw)
			}
		}
	}
	s := a.s.schema
	e, err := s.NewEntry(string(v.DN), attrs, true)
	if err != nil {
		return nil, fmt.Errorf("%w: %q: %w", ErrStructure, v.DN, err)
	}
	computed := func(at schema.Attribute) bool { return at.Desc.Type != nil && schema.Computed(at.Desc.Type.Name) }
	e.Attributes = slices.DeleteFunc(e.Attributes, computed)
	e.Operational = slices.DeleteFunc(e.Operational, computed)
	e.UUID = v.UUID
	s.SetOperational(e, stampNames[stampUUID], uuidText(v.UUID))
	return e, nil
}

// complete gives e the stamps that it has not from old, and where there is none
// those of now. It gives a list of those that tell of the last change.
func (a *adapter) complete(e, old *schema.Entry) (missing []stamp) {
	for i := stampUUID; i < stamps; i++ {
		if len(e.Get(stampNames[i])) > 0 {
			continue
		}
		if i == stampCSN || i == stampModified {
			missing = append(missing, i)
		}
		var v []byte
		switch {
		case old != nil && len(old.Get(stampNames[i])) > 0:
			v = old.Get(stampNames[i])[0]
		case i == stampCreated || i == stampModified:
			v = generalizedTime(a.now)
		}
		a.s.schema.SetOperational(e, stampNames[i], v)
	}
	return missing
}

// stamp gives the change of e its CSN: the entry's own if that is later than all
// before. What is missing among the stamps of e is filled in.
func (a *adapter) stamp(e *schema.Entry, missing []stamp) {
	next := a.st.csn.next(a.now)
	if own := e.Get(stampNames[stampCSN]); !slices.Contains(missing, stampCSN) && len(own) > 0 {
		if c, ok := parseCSN(own[0]); ok && a.st.csn.before(c) {
			next = c
		}
	}
	a.st.csn = next
	for _, i := range missing {
		v := generalizedTime(a.now)
		if i == stampCSN {
			v = []byte(next.String())
		}
		a.s.schema.SetOperational(e, stampNames[i], v)
	}
}

// difference is what makes the attributes of old those of e, but for the order
// of attributes and values.
func difference(old, e *schema.Entry) (mods []schema.Modification) {
	for _, lists := range [...][2][]schema.Attribute{{old.Attributes, e.Attributes}, {old.Operational, e.Operational}} {
		before := make(map[string]*schema.Attribute, len(lists[0]))
		for i := range lists[0] {
			before[lists[0][i].Desc.String()] = &lists[0][i]
		}
		for i := range lists[1] {
			at := &lists[1][i]
			name := at.Desc.String()
			mods = append(mods, changed(name, before[name], at)...)
			delete(before, name)
		}
		for i := range lists[0] { // in their order
			if name := lists[0][i].Desc.String(); before[name] != nil {
				mods = append(mods, schema.Modification{Op: schema.ModDelete, Attr: name})
			}
		}
	}
	return mods
}

// changed is the part of difference for one attribute. Few values of many are
// named one by one, where the schema can tell values of this type apart.
func changed(name string, old, at *schema.Attribute) []schema.Modification {
	if old == nil {
		return []schema.Modification{{Op: schema.ModAdd, Attr: name, Values: at.Values}}
	}
	gone, more := without(old.Values, at.Values), without(at.Values, old.Values)
	if len(gone)+len(more) == 0 {
		return nil
	}
	t := at.Desc.Type
	if t == nil || t.Equality == nil || t.SingleValue || len(gone)+len(more) >= len(at.Values) {
		return []schema.Modification{{Op: schema.ModReplace, Attr: name, Values: at.Values}}
	}
	var mods []schema.Modification
	if len(gone) > 0 {
		mods = append(mods, schema.Modification{Op: schema.ModDelete, Attr: name, Values: gone})
	}
	if len(more) > 0 {
		mods = append(mods, schema.Modification{Op: schema.ModAdd, Attr: name, Values: more})
	}
	return mods
}

// without is the values of list that are not among others.
func without(list, others [][]byte) [][]byte {
	if slices.EqualFunc(list, others, bytes.Equal) {
		return nil
	}
	has := make(map[string]struct{}, len(others))
	for _, v := range others {
		has[string(v)] = struct{}{}
	}
	var out [][]byte
	for _, v := range list {
		if _, is := has[string(v)]; !is {
			out = append(out, v)
		}
	}
	return out
}
