package server

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
)

// sortBy makes the sort control from keys "[-]attribute[:rule]".
func sortBy(critical bool, keys ...string) []byte {
	var list []byte
	for _, k := range keys {
		name, reverse := strings.CutPrefix(k, "-")
		name, rule, hasRule := strings.Cut(name, ":")
		body := ber.AppendString(nil, ber.TagOctetString, name)
		if hasRule {
			body = ber.AppendString(body, 0x80, rule)
		}
		if reverse {
			body = ber.AppendBool(body, 0x81, true)
		}
		list = ber.AppendBytes(list, ber.TagSequence, body)
	}
	return control1(oidSortRequest, critical, ber.AppendBytes(nil, ber.TagSequence, list))
}

// sortResult is the code of the sort response control.
func (f found) sortResult(c *client) (code schema.ResultCode, attr string) {
	c.Helper()
	k, ok := control(f.done, oidSortResponse)
	body, _, err := ber.Expect(k.Value, ber.TagSequence)
	if !ok || err != nil {
		c.Fatalf("no sort response in %+v", f.done)
	}
	number, rest, err := ber.Expect(body, ber.TagEnumerated)
	if err != nil {
		c.Fatal(err)
	}
	n, _ := ber.Int(number)
	if a, _, err := ber.Expect(rest, 0x80); err == nil {
		attr = string(a)
	}
	return schema.ResultCode(n), attr
}

func sortWorld(t *testing.T, change func(*Options)) *world {
	w := newWorld(t, change)
	for _, l := range []struct{ name, rest string }{
		{"a", "utport: 30|utusername: Dora"}, {"b", "utport: 4|utusername: anna|utotherinfo: z|utotherinfo: b"},
		{"c", "utport: 100|utusername: Clara|utotherinfo: a|utenabled: TRUE"}, {"d", "utport: 4|utusername: Berta|userPassword: 2"},
		{"e", "utusername: emma|userPassword: 1"},
	} {
		w.store.put(t, "utname="+l.name+","+people, append([]string{"objectClass: utUser", "utname: " + l.name}, strings.Split(l.rest, "|")...)...)
	}
	return w
}

func order(f found) (out string) {
	for _, n := range f.names {
		out += strings.TrimPrefix(strings.Split(n, ",")[0], "utname=")
	}
	return out
}

func TestSorting(t *testing.T) {
	w := sortWorld(t, nil)
	c := w.dial()
	for _, x := range []struct {
		keys []string
		want string
		why  string
	}{
		{[]string{"utport"}, "bdace", "numbers by value, equals as found, missing last"},
		{[]string{"-utport"}, "ecabd", "missing first in reverse"},
		{[]string{"utport", "-utname"}, "dbace", "two keys"},
		{[]string{"utusername"}, "bdcae", "without regard to case"},
		{[]string{"utusername:caseExactOrderingMatch"}, "dcabe", "by another rule"},
		{[]string{"-utname"}, "edcba", "reverse"},
		{[]string{"utotherinfo", "utname"}, "cbade", "least of several values"},
		{[]string{"2.5.4.3", "utname"}, "abcde", "by OID, no entry has it"},
	} {
		f := c.search(ask{base: people, scope: schema.ScopeOne, attrs: []string{"1.1"}, controls: sortBy(true, x.keys...)}).wantCode(c, schema.Success)
		if got := order(f); got != x.want {
			t.Errorf("%v (%s): %s, want %s", x.keys, x.why, got, x.want)
		}
		if code, _ := f.sortResult(c); code != schema.Success {
			t.Errorf("%v: sort result %d", x.keys, code)
		}
	}
}

func TestWhatCannotBeSortedBy(t *testing.T) {
	w := sortWorld(t, nil)
	c := w.dial()
	for _, x := range []struct {
		key  string
		want schema.ResultCode
	}{
		{"noSuchThing", schema.NoSuchAttribute},
		{"utenabled", schema.InappropriateMatching},
		{"utname:noSuchRule", schema.InappropriateMatching},
		{"utname:caseIgnoreSubstringsMatch", schema.InappropriateMatching},
		{"userPassword", schema.NoSuchAttribute},
		{"userPassword:octetStringOrderingMatch", schema.NoSuchAttribute},
	} {
		a := ask{base: people, scope: schema.ScopeOne, attrs: []string{"1.1"}, controls: sortBy(true, "utname", x.key)}
		f := c.search(a).wantCode(c, schema.UnavailableCriticalExtension)
		name, _, _ := strings.Cut(x.key, ":")
		if code, attr := f.sortResult(c); code != x.want || attr != name || len(f.names) != 0 {
			t.Errorf("%s, critical: sort result %d, attribute %q, %d entries", x.key, code, attr, len(f.names))
		}
		a.controls = sortBy(false, "utname", x.key)
		f = c.search(a).wantCode(c, schema.Success)
		if code, attr := f.sortResult(c); code != x.want || attr != name || len(f.names) != 5 {
			t.Errorf("%s, not critical: sort result %d, attribute %q, %d entries", x.key, code, attr, len(f.names))
		}
	}
	for _, value := range [][]byte{nil, []byte("garbage"), {0x30, 0x00}, {0x30, 0x02, 0x30, 0x00}} {
		c.search(ask{base: people, controls: control1(oidSortRequest, false, value)}).wantCode(c, schema.ProtocolError)
	}
}

func TestAdministratorSortsByPassword(t *testing.T) {
	w := sortWorld(t, nil)
	c := w.admin()
	f := c.search(ask{base: people, scope: schema.ScopeOne, controls: sortBy(true, "userPassword:octetStringOrderingMatch", "utname"), attrs: []string{"1.1"}}).
		wantCode(c, schema.Success)
	if got := order(f); got != "edabc" {
		t.Errorf("order %s", got)
	}
}

// Where rights differ from entry to entry, the order must not tell what is
// hidden.
func TestSortingDoesNotTellHiddenValues(t *testing.T) {
	w := sortWorld(t, func(o *Options) {
		o.Access = []AccessRule{
			{Who: "anyone", Subtree: "utname=a," + people, Attributes: []string{"utusername"}, Right: "none"},
			{Who: "anyone", Right: "read"},
		}
	})
	c := w.dial()
	f := c.search(ask{base: people, scope: schema.ScopeOne, controls: sortBy(true, "utusername"), attrs: []string{"1.1"}}).wantCode(c, schema.Success)
	if got := order(f); got != "bdcea" {
		t.Errorf("order %s", got)
	}
}

func TestSortedAnswerThatIsLarge(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.SizeLimit = 5000 })
	w.users(3000)
	c := w.dial()
	a := ask{base: people, scope: schema.ScopeOne, controls: sortBy(true, "-employeeNumber")}
	f := c.search(a).wantCode(c, schema.Success)
	if len(f.names) != 3000 {
		t.Fatalf("%d entries", len(f.names))
	}
	numbers := make([]string, 3000)
	for i := range numbers {
		numbers[i] = fmt.Sprint(i)
	}
	slices.Sort(numbers)
	slices.Reverse(numbers)
	for i, e := range f.entries {
		if !slices.Contains(lines(e.Attributes), "employeeNumber: "+numbers[i]) {
			t.Fatalf("entry %d is %q, want number %s", i, e.DN, numbers[i])
		}
	}
}

func TestSortingHasABoundOfItsOwn(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Limits.SortLimit = 20 << 10 })
	w.users(400)
	c := w.dial()
	a := everything()
	a.controls = sortBy(true, "cn")
	f := c.search(a).wantCode(c, schema.AdminLimitExceeded)
	if code, _ := f.sortResult(c); code != schema.AdminLimitExceeded {
		t.Errorf("sort result %d", code)
	}
	a.controls = sortBy(false, "noSuchThing") // not sorted: nothing to keep
	if f := c.search(a).wantCode(c, schema.Success); len(f.names) != 400 {
		t.Errorf("%d entries", len(f.names))
	}
}

func TestSizeLimitOfASortedSearch(t *testing.T) {
	w := newWorld(t, nil)
	w.users(10)
	c := w.dial()
	for size, want := range map[int]schema.ResultCode{9: schema.SizeLimitExceeded, 10: schema.Success} {
		a := everything()
		a.size, a.controls = size, sortBy(true, "cn")
		if f := c.search(a).wantCode(c, want); len(f.names) != size {
			t.Errorf("limit %d: %d entries", size, len(f.names))
		}
	}
}
