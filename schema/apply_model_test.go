package schema

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// model is a naive entry: values by description, compared in lower case.
type model map[string][]string

// apply carries a modification out and gives the result code.
func (m model) apply(op ModOp, attr string, values []string) ResultCode {
	index := func(list []string, v string) int {
		return slices.IndexFunc(list, func(o string) bool { return strings.EqualFold(o, v) })
	}
	have := slices.Clone(m[attr])
	switch op {
	case ModAdd:
		for _, v := range values {
			if index(have, v) >= 0 {
				return AttributeOrValueExists
			}
			have = append(have, v)
		}
	case ModDelete:
		if len(have) == 0 {
			return NoSuchAttribute
		}
		if len(values) == 0 {
			have = nil
		}
		for i, v := range values {
			at := index(have, v)
			if at < 0 && index(values[:i], v) >= 0 {
				continue
			}
			if at < 0 {
				return NoSuchAttribute
			}
			have = slices.Delete(have, at, at+1)
		}
	case ModReplace:
		have = slices.Clone(values)
	}
	m[attr] = have
	return Success
}

func distinct(values []string) bool {
	for i, v := range values {
		for _, w := range values[:i] {
			if strings.EqualFold(v, w) {
				return false
			}
		}
	}
	return true
}

// Any sequence of modifications does to an entry what it does to the model.
func TestModificationsAgreeWithANaiveModel(t *testing.T) {
	s := mustDefault(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	few := []string{"description", "ou", "description;lang-de"}
	many := few[:len(few):len(few)] // so many that they are not looked through any more
	for i := range 2 * fewOpen {
		many = append(many, fmt.Sprintf("ou;x-%c", 'a'+i))
	}
	for round := range 3000 {
		attrs, length, wide := few, 6, round%4 == 0
		if wide {
			attrs, length = many, 3*len(many)
		}
		e, err := s.NewEntry("cn=m,o=u", raw("objectClass: device", "cn: m", "description: a", "description: b"), false)
		if err != nil {
			t.Fatal(err)
		}
		m := model{"description": {"a", "b"}}
		var mods []Modification
		want := Success
		story := ""
		for range 1 + rnd.IntN(length) {
			mod := Modification{Op: ModOp(rnd.IntN(3)), Attr: attrs[rnd.IntN(len(attrs))]}
			if wide && rnd.IntN(20) > 0 { // or hardly any would succeed
				mod.Op = ModReplace
			}
			var values []string
			for range rnd.IntN(4) {
				values = append(values, string("aAbBcdeE"[rnd.IntN(8)]))
			}
			if mod.Op == ModAdd && len(values) == 0 || mod.Op != ModDelete && !distinct(values) {
				continue
			}
			mod.Values = toBytes(values)
			mods = append(mods, mod)
			story += fmt.Sprintf("%d %s %s; ", mod.Op, mod.Attr, values)
			if want == Success {
				want = m.apply(mod.Op, mod.Attr, values)
			}
		}
		err = s.ApplyMods(e, mods)
		if want != Success {
			if r, ok := err.(*Result); !ok || r.Code != want {
				t.Fatalf("round %d, %s: %v, want %d", round, story, err, want)
			}
			continue
		}
		if err != nil {
			t.Fatalf("round %d, %s: %v", round, story, err)
		}
		for _, a := range attrs {
			var got []string
			for _, v := range e.Get(a) {
				got = append(got, string(v))
			}
			if !slices.Equal(got, m[a]) {
				t.Fatalf("round %d, %s: %s is %q, want %q", round, story, a, got, m[a])
			}
		}
	}
}
