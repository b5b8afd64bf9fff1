package server

import (
	"slices"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

func add(dn string, lines ...string) []byte {
	return wiretest.Add(&wire.AddRequest{DN: []byte(dn), Attributes: rawAttributes(lines...)})
}

func del(dn string) []byte { return wiretest.Delete(&wire.DeleteRequest{DN: []byte(dn)}) }

func rename(dn, rdn string) []byte {
	return wiretest.ModifyDN(&wire.ModifyDNRequest{DN: []byte(dn), NewRDN: []byte(rdn), DeleteOldRDN: true})
}

func compare(dn, attr, value string) []byte {
	return wiretest.Compare(&wire.CompareRequest{DN: []byte(dn), Attr: []byte(attr), Value: []byte(value)})
}

func find(base string) []byte {
	return wiretest.Op(&wire.SearchRequest{Base: []byte(base), Filter: filter("")})
}

// request is one of each kind, with the tag of its answer.
type request struct {
	name string
	op   []byte
	tag  byte
}

func updates() []request {
	return []request{
		{"modify", replace(userDN(0), "sn", "x"), wire.TagModifyResponse},
		{"add", add("cn=new,"+people, "objectClass: person", "sn: x"), wire.TagAddResponse},
		{"modify DN", rename(userDN(1), "cn=other"), wire.TagModifyDNResponse},
		{"delete", del(userDN(2)), wire.TagDelResponse},
	}
}

func requests() []request {
	return append(updates(), request{"search", find(suffix), wire.TagSearchResultDone}, request{"compare", compare(suffix, "o", "x"), wire.TagCompareResponse},
		request{"extended", extended(oidWhoAmI, nil), wire.TagExtendedResponse}, request{"bind", bindRequest(3, adminDN, adminSecret), wire.TagBindResponse})
}

func TestControlsThatAreRefused(t *testing.T) {
	w := newWorld(t, nil)
	w.users(3)
	for _, x := range []struct {
		name     string
		controls []byte
		want     schema.ResultCode
	}{
		{"unknown and critical", control1("1.2.3.4", true, nil), schema.UnavailableCriticalExtension},
		{"critical behind one that is not", slices.Concat(control1("1.2.3.4", false, nil), control1("1.2.3.5", true, []byte("x"))), schema.UnavailableCriticalExtension},
		{"too many", slices.Repeat(control1("1.2.3.4", false, nil), 17), schema.UnwillingToPerform},
		{"ten thousand", slices.Repeat(control1("1.2.3.4", false, nil), 10000), schema.UnwillingToPerform},
	} {
		for _, r := range requests() {
			c := w.admin()
			c.do(r.op, r.tag, x.want, x.controls)
		}
	}
	c := w.admin()
	if f := c.search(everything()); !slices.Equal(f.names, names(3)) {
		t.Errorf("something was done: %v", f.names)
	}
}

func TestControlsWhereTheyDoNotBelong(t *testing.T) {
	w := newWorld(t, nil)
	w.users(3)
	attrs := wiretest.Strings([][]byte{[]byte("sn")})
	for oid, x := range map[string]struct {
		value []byte
		fits  string
	}{
		oidPaged:         {(&wire.PagedResults{Size: 5}).Append(nil), "search"},
		oidMatchedValues: {nil, "search"},
		oidPreRead:       {attrs, "modify, modify DN, delete"},
		oidPostRead:      {attrs, "modify, modify DN, add"},
		oidAssertion:     {filterBytes("(objectClass=*)"), "search, compare, modify, modify DN, add, delete"},
		oidManageDsaIT:   {nil, "search, compare, modify, modify DN, add, delete"},
		oidDontUseCopy:   {nil, "search, compare"},
		oidSortResponse:  {nil, ""},
	} {
		for _, r := range requests() {
			if slices.Contains(strings.Split(x.fits, ", "), r.name) {
				continue
			}
			c := w.admin()
			c.do(r.op, r.tag, schema.UnavailableCriticalExtension, control1(oid, true, x.value))
			c.nc.Close()
		}
	}
	c := w.dial()
	c.search(ask{base: suffix, attrs: []string{"o"}, controls: control1(oidPreRead, false, attrs)}).wantLines(c, "o: utdata")
}

func TestControlsThatAreMalformed(t *testing.T) {
	w := newWorld(t, nil)
	w.users(1)
	c := w.admin()
	present := filterBytes("(objectClass=*)")
	for name, k := range map[string][]byte{
		"twice":                    slices.Repeat(control1(oidManageDsaIT, true, nil), 2),
		"subentries twice":         slices.Repeat(control1(oidSubentries, true, []byte{1, 1, 0}), 2),
		"paged twice":              slices.Concat(paged(1, nil), paged(2, nil)),
		"a value too many":         control1(oidManageDsaIT, true, []byte("x")),
		"a value too few":          control1(oidAssertion, true, nil),
		"assertion of garbage":     control1(oidAssertion, true, []byte("garbage")),
		"assertion with a tail":    control1(oidAssertion, true, append(slices.Clone(present), 5, 0)),
		"subentries of no boolean": control1(oidSubentries, true, []byte{2, 1, 0}),
	} {
		if f := c.search(ask{base: suffix, controls: k}); f.done.Result.Code != schema.ProtocolError {
			t.Errorf("%s: %v", name, &f.done.Result)
		}
	}
	c.do(replace(userDN(0), "sn", "x"), wire.TagModifyResponse, schema.ProtocolError, control1(oidPostRead, true, []byte("garbage")))
	c.search(ask{base: userDN(0), attrs: []string{"sn"}}).wantLines(c, "sn: s0")
}

func TestAssertion(t *testing.T) {
	w := newWorld(t, nil)
	w.users(4)
	c := w.admin()
	yes, no, unknown := control1(oidAssertion, true, filterBytes("(employeeNumber=*)")), control1(oidAssertion, true, filterBytes("(employeeNumber=99)")),
		control1(oidAssertion, true, filterBytes("(!(noSuchThing=x))"))
	for _, k := range [][]byte{no, unknown} {
		c.search(ask{base: userDN(0), controls: k}).wantCode(c, schema.AssertionFailed)
		c.do(compare(userDN(0), "sn", "s0"), wire.TagCompareResponse, schema.AssertionFailed, k)
		for _, u := range updates() {
			c.do(u.op, u.tag, schema.AssertionFailed, k)
		}
	}
	c.search(ask{base: userDN(0), attrs: []string{"sn"}, controls: yes}).wantLines(c, "sn: s0")
	c.do(compare(userDN(0), "sn", "S0"), wire.TagCompareResponse, schema.CompareTrue, yes)
	// The assertion is about the base, whatever is found below it.
	f := c.search(ask{base: people, scope: schema.ScopeOne, attrs: []string{"1.1"}, controls: control1(oidAssertion, true, filterBytes("(ou=people)"))}).wantCode(c, schema.Success)
	if len(f.names) != 4 {
		t.Errorf("found %v", f.names)
	}
	c.search(ask{base: "cn=none," + people, controls: yes}).wantCode(c, schema.NoSuchObject)
	c.search(ask{controls: control1(oidAssertion, true, filterBytes("(supportedFeatures=1.3.6.1.1.14)"))}).wantCode(c, schema.Success)
	c.search(ask{controls: control1(oidAssertion, true, filterBytes("(supportedFeatures=1.2.3)"))}).wantCode(c, schema.AssertionFailed)
}

func TestReadEntryControls(t *testing.T) {
	w := newWorld(t, nil)
	w.users(3)
	c := w.admin()
	attrs := wiretest.Strings([][]byte{[]byte("sn"), []byte("cn"), []byte("entryDN")})
	pre, post := control1(oidPreRead, true, attrs), control1(oidPostRead, true, attrs)
	read := func(r *wiretest.Response, oid, wantDN, want string) {
		t.Helper()
		k, ok := control(r, oid)
		if !ok {
			if want != "" {
				t.Errorf("no control %s in %+v", oid, r)
			}
			return
		}
		dn, got, err := wiretest.ReadEntry(k.Value)
		if err != nil || dn != wantDN || strings.Join(lines(got), "|") != want {
			t.Errorf("%s: %q %v, %v; want %q %s", oid, dn, lines(got), err, wantDN, want)
		}
	}
	r := c.do(replace(userDN(0), "sn", "x"), wire.TagModifyResponse, schema.Success, pre, post)
	read(r, oidPreRead, userDN(0), "cn: u0000|sn: s0|entryDN: "+userDN(0))
	read(r, oidPostRead, userDN(0), "cn: u0000|sn: x|entryDN: "+userDN(0))
	r = c.do(rename(userDN(1), "cn=other"), wire.TagModifyDNResponse, schema.Success, pre, post)
	read(r, oidPreRead, userDN(1), "cn: u0001|sn: s1|entryDN: "+userDN(1))
	k, _ := control(r, oidPostRead)
	if dn, got, err := wiretest.ReadEntry(k.Value); err != nil || dn != "cn=other,"+people || !slices.Contains(lines(got), "cn: other") {
		t.Errorf("after the rename: %q %v %v", dn, lines(got), err)
	}
	r = c.do(del(userDN(2)), wire.TagDelResponse, schema.Success, pre)
	read(r, oidPreRead, userDN(2), "cn: u0002|sn: s2|entryDN: "+userDN(2))
	r = c.do(add("cn=new,"+people, "objectClass: person", "sn: n"), wire.TagAddResponse, schema.Success, post)
	read(r, oidPostRead, "cn=new,"+people, "sn: n|cn: new|entryDN: cn=new,"+people)
	r = c.do(replace("cn=none,"+people, "sn", "x"), wire.TagModifyResponse, schema.NoSuchObject, pre, post)
	read(r, oidPreRead, "", "")
	if len(r.Controls) != 0 || r.Result.MatchedDN != people {
		t.Errorf("failed modify: %+v", r)
	}
}

// Who may write may not read everything for that.
func TestReadEntryControlsKeepToTheRights(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Access = []AccessRule{{Who: "self", Attributes: []string{"description"}, Right: "write"},
			{Who: "anyone", Attributes: []string{"userPassword", "employeeNumber"}, Right: "none"}, {Who: "anyone", Right: "read"}}
	})
	w.users(1)
	c := w.dial()
	c.bind(userDN(0), "hidden value")
	all := wiretest.Strings([][]byte{[]byte("*"), []byte("userPassword"), []byte("employeeNumber")})
	r := c.do(replace(userDN(0), "description", "x"), wire.TagModifyResponse, schema.Success, control1(oidPreRead, true, all), control1(oidPostRead, true, all))
	for _, k := range r.Controls {
		if s := string(k.Value); strings.Contains(s, "hidden") || strings.Contains(s, "userPassword") || strings.Contains(s, "employeeNumber") || !strings.Contains(s, "sn") {
			t.Errorf("control %s: %q", k.OID, s)
		}
	}
}

func TestSubentries(t *testing.T) {
	w := newWorld(t, nil)
	w.users(2)
	c := w.dial()
	for value, want := range map[string]int{"\x01\x01\x00": 2, "\x01\x01\xff": 0} {
		a := everything()
		a.controls = control1(oidSubentries, true, []byte(value))
		if f := c.search(a).wantCode(c, schema.Success); len(f.names) != want {
			t.Errorf("% x: %v", value, f.names)
		}
	}
}
