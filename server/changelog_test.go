package server

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

func TestRecordsAsEntries(t *testing.T) {
	w, _ := logWorld(t, 8)
	c := w.admin()
	for dn, want := range map[string][]string{
		"changeNumber=11,cn=changelog": {"objectClass: top", "objectClass: changeLogEntry", "changeNumber: 11", "targetDN: " + userDN(0), "changeType: add",
			"changeTime: 20240229120000Z", "changes: objectClass: person\nsn: x\nuserPassword: secret\n"},
		"CHANGENUMBER = 12,cn=changelog": {"objectClass: top", "objectClass: changeLogEntry", "changeNumber: 12", "targetDN: " + userDN(1), "changeType: delete",
			"changeTime: 20240229120001Z"},
		"changeNumber=13,cn=changelog": {"objectClass: top", "objectClass: changeLogEntry", "changeNumber: 13", "targetDN: " + userDN(2), "changeType: modify",
			"changeTime: 20240229120002Z", "changes: replace: sn\nsn: y\n-\n"},
		"changeNumber=14,cn=changelog": {"objectClass: top", "objectClass: changeLogEntry", "changeNumber: 14", "targetDN: " + userDN(3), "changeType: modrdn",
			"changeTime: 20240229120003Z", "newRDN: cn=new", "deleteOldRDN: TRUE"},
		"changeNumber=18,cn=changelog": {"objectClass: top", "objectClass: changeLogEntry", "changeNumber: 18", "targetDN: " + userDN(7), "changeType: modrdn",
			"changeTime: 20240229120007Z", "newRDN: cn=new", "deleteOldRDN: TRUE", "newSuperior: " + suffix},
		"cn=changelog": {"objectClass: top", "objectClass: container", "cn: changelog"},
	} {
		c.search(ask{base: dn}).wantLines(c, want...)
	}
	id := testUUID(userDN(0))
	text := fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
	c.search(ask{base: "changeNumber=11,cn=changelog", attrs: []string{"+"}}).wantLines(c, "structuralObjectClass: changeLogEntry", "targetEntryUUID: "+text,
		"entryCSN: 20240229120000.000000Z#000000#000#000000", "entryDN: changeNumber=11,cn=changelog", "hasSubordinates: FALSE", "numSubordinates: 0", "subschemaSubentry: cn=schema")
	c.search(ask{base: "cn=changelog", attrs: []string{"hasSubordinates", "numSubordinates"}}).wantLines(c, "hasSubordinates: TRUE", "numSubordinates: 8")
}

func TestScopesAndFiltersOfTheLog(t *testing.T) {
	w, l := logWorld(t, 8)
	c := w.admin()
	for _, x := range []struct {
		scope  schema.Scope
		filter string
		want   string
		reads  int // records at most
	}{
		{schema.ScopeBase, "", "", 0},
		{schema.ScopeOne, "", "11 12 13 14 15 16 17 18", 8},
		{schema.ScopeSub, "", "11 12 13 14 15 16 17 18", 8},
		{schema.ScopeChildren, "", "11 12 13 14 15 16 17 18", 8},
		{schema.ScopeOne, "(changeNumber>=17)", "17 18", 2},
		{schema.ScopeOne, "(2.16.840.1.113730.3.1.5>=17)", "17 18", 2},
		{schema.ScopeOne, "(changeNumber<=12)", "11 12", 2},
		{schema.ScopeOne, "(changeNumber=14)", "14", 1},
		{schema.ScopeOne, "(changeNumber~=14)", "14", 1},
		{schema.ScopeOne, "(changeNumber=10)", "", 0},
		{schema.ScopeOne, "(changeNumber>=19)", "", 0},
		{schema.ScopeOne, "(changeNumber<=-1)", "", 0},
		{schema.ScopeOne, "(changeNumber=-11)", "", 0},
		{schema.ScopeOne, "(changeNumber>=99999999999999999999999)", "", 0},
		{schema.ScopeOne, "(changeNumber=99999999999999999999999)", "", 0},
		{schema.ScopeOne, "(changeNumber<=99999999999999999999999)", "11 12 13 14 15 16 17 18", 8},
		{schema.ScopeOne, "(changeNumber>=-5)", "11 12 13 14 15 16 17 18", 8},
		{schema.ScopeOne, "(changeNumber>=text)", "", 0},
		{schema.ScopeOne, "(&(changeNumber>=12)(changeNumber<=13))", "12 13", 2},
		{schema.ScopeOne, "(&(changeNumber>=14)(changeNumber<=13))", "", 0},
		{schema.ScopeOne, "(&(objectClass=changeLogEntry)(changeType=add)(changeNumber>=12))", "15", 7},
		{schema.ScopeOne, "(|(changeNumber=12)(changeNumber=14))", "12 14", 3},
		{schema.ScopeOne, "(|(changeNumber=12)(changeNumber>=text))", "12", 1},
		{schema.ScopeOne, "(|(changeNumber=12)(changeType=add))", "11 12 15", 8},
		{schema.ScopeOne, "(&(!(changeNumber=12))(changeNumber<=13))", "11 13", 3},
		{schema.ScopeOne, "(!(changeNumber>=text))", "", 8},
		{schema.ScopeOne, "(changeNumber=*)", "11 12 13 14 15 16 17 18", 8},
		{schema.ScopeOne, "(&)", "11 12 13 14 15 16 17 18", 8},
		{schema.ScopeOne, "(|)", "", 0},
		{schema.ScopeOne, "(targetDN=CN=u0002," + people + ")", "13", 8},
		{schema.ScopeOne, "(changeTime>=20240229120006Z)", "17 18", 8},
		{schema.ScopeOne, "(newRDN=*)", "14 18", 8},
	} {
		l.counted()
		if got := strings.Join(c.search(changes(x.scope, x.filter)).numbers(c), " "); got != x.want {
			t.Errorf("scope %d, %s: found %q, want %q", x.scope, x.filter, got, x.want)
		}
		if n := l.counted(); n > x.reads {
			t.Errorf("scope %d, %s: %d records were read, want at most %d", x.scope, x.filter, n, x.reads)
		}
	}
	for scope, want := range map[schema.Scope]int{schema.ScopeBase: 1, schema.ScopeSub: 9, schema.ScopeOne: 8, schema.ScopeChildren: 8} {
		if f := c.search(changes(scope, "")); len(f.names) != want {
			t.Errorf("scope %d: %v", scope, f.names)
		}
		a := changes(scope, "")
		a.base, want = "changeNumber=13,cn=changelog", 1
		if scope == schema.ScopeOne || scope == schema.ScopeChildren {
			want = 0
		}
		if f := c.search(a).wantCode(c, schema.Success); len(f.names) != want {
			t.Errorf("record, scope %d: %v", scope, f.names)
		}
	}
	for _, dn := range []string{"changeNumber=10,cn=changelog", "changeNumber=19,cn=changelog", "cn=x,cn=changelog", "changeNumber=-1,cn=changelog",
		"changeNumber=99999999999999999999999,cn=changelog", "cn=x,changeNumber=11,cn=changelog", "changeNumber=11+cn=x,cn=changelog"} {
		if r := c.search(ask{base: dn}).wantCode(c, schema.NoSuchObject).done; r.Result.MatchedDN != "cn=changelog" {
			t.Errorf("%s: %+v", dn, r.Result)
		}
	}
}

func TestLogIsHiddenFromThoseFromWhomAnythingIs(t *testing.T) {
	w, _ := logWorld(t, 8)
	w.users(1)
	c := w.dial()
	refused := func() {
		t.Helper()
		for _, dn := range []string{"cn=changelog", "changeNumber=11,cn=changelog"} {
			if r := c.search(ask{base: dn}).wantCode(c, schema.NoSuchObject).done; r.Result.MatchedDN != "" {
				t.Errorf("%+v", r.Result)
			}
			c.do(compare(dn, "objectClass", "top"), wire.TagCompareResponse, schema.NoSuchObject)
		}
	}
	refused()
	c.bind(userDN(0), "hidden value")
	refused()
	c.bind(utadmin, "utadmin secret")
	c.search(changes(schema.ScopeBase, "")).wantCode(c, schema.Success)
	c.memberBind(signature).wantBound(c)
	if n := c.search(changes(schema.ScopeOne, "")).numbers(c); len(n) != 8 {
		t.Errorf("a member found %v", n)
	}
	c = newWorld(t, nil).admin()
	c.search(ask{base: "cn=changelog"}).wantCode(c, schema.NoSuchObject)
}

func TestLogCannotBeChanged(t *testing.T) {
	w, _ := logWorld(t, 8)
	c := w.admin()
	for _, dn := range []string{"cn=changelog", "changeNumber=11,cn=changelog", "cn=new,cn=changelog"} {
		c.do(replace(dn, "cn", "x"), wire.TagModifyResponse, schema.UnwillingToPerform)
		c.do(del(dn), wire.TagDelResponse, schema.UnwillingToPerform)
		c.do(rename(dn, "cn=x"), wire.TagModifyDNResponse, schema.UnwillingToPerform)
		c.do(add(dn, "objectClass: person", "sn: x", "cn: x"), wire.TagAddResponse, schema.UnwillingToPerform)
	}
	w.dial().do(del("cn=changelog"), wire.TagDelResponse, schema.StrongerAuthRequired)
	c.search(ask{base: "cn=changelog", controls: syncControl(schema.SyncRefreshOnly, "")}).wantCode(c, schema.UnavailableCriticalExtension)
}

func TestCompareInTheLog(t *testing.T) {
	w, l := logWorld(t, 8)
	c := w.admin()
	c.do(compare("changeNumber=12,cn=changelog", "changeType", "DELETE"), wire.TagCompareResponse, schema.CompareTrue)
	c.do(compare("changeNumber=12,cn=changelog", "changeType", "add"), wire.TagCompareResponse, schema.CompareFalse)
	c.do(compare("changeNumber=12,cn=changelog", "changes", "x"), wire.TagCompareResponse, schema.NoSuchAttribute)
	c.do(compare("changeNumber=9,cn=changelog", "changeType", "add"), wire.TagCompareResponse, schema.NoSuchObject)
	c.do(compare("cn=changelog", "cn", "changelog"), wire.TagCompareResponse, schema.CompareTrue)
	holds := control1(oidAssertion, true, filterBytes("(changeType=add)"))
	a := ask{base: "changeNumber=11,cn=changelog", attrs: []string{"changeNumber"}, controls: holds}
	c.search(a).wantLines(c, "changeNumber: 11")
	a.base = "changeNumber=12,cn=changelog"
	c.search(a).wantCode(c, schema.AssertionFailed)
	l.broken = errors.New("the disk is on fire")
	c.do(compare("changeNumber=12,cn=changelog", "changeType", "delete"), wire.TagCompareResponse, schema.Other)
	c.search(changes(schema.ScopeOne, "")).wantCode(c, schema.Other)
}

func TestLongLogIsReadInSlices(t *testing.T) {
	const n = 3*sliceExamine + inlineExamine + 7
	w, l := logWorld(t, n)
	c := w.admin()
	if f := c.search(changes(schema.ScopeOne, "(changeNumber=nothing)")).numbers(c); len(f) != 0 || l.slices != 0 {
		t.Errorf("found %v in %d slices", f, l.slices)
	}
	if got := c.search(changes(schema.ScopeOne, "(changeType=none)")).numbers(c); len(got) != 0 {
		t.Errorf("found %v", got)
	}
	if l.slices != 5 {
		t.Errorf("%d slices", l.slices)
	}
	if got := c.search(changes(schema.ScopeOne, "")).numbers(c); len(got) != n || got[0] != "11" || got[n-1] != fmt.Sprint(n+10) {
		t.Errorf("found %d records", len(got))
	}
	if got := c.search(changes(schema.ScopeOne, fmt.Sprintf("(changeNumber>=%d)", n))).numbers(c); len(got) != 11 {
		t.Errorf("found %v", got)
	}
	a := changes(schema.ScopeOne, "")
	a.size = 3
	if f := c.search(a).wantCode(c, schema.SizeLimitExceeded); len(f.names) != 3 {
		t.Errorf("found %d records", len(f.names))
	}
}

func TestPagesAndOrderOfTheLog(t *testing.T) {
	w, _ := logWorld(t, 20)
	c := w.admin()
	sizes, names := c.pages(changes(schema.ScopeSub, ""), 6)
	if !slices.Equal(sizes, []int{6, 6, 6, 3}) || names[0] != "cn=changelog" || names[1] != "changeNumber=11,cn=changelog" || names[20] != "changeNumber=30,cn=changelog" {
		t.Errorf("pages of %v: %v", sizes, names)
	}
	a := changes(schema.ScopeOne, "(changeNumber<=14)")
	a.controls = sortBy(true, "-changeNumber")
	if got := c.search(a).numbers(c); !slices.Equal(got, []string{"14", "13", "12", "11"}) {
		t.Errorf("sorted: %v", got)
	}
	a = changes(schema.ScopeOne, "(changeNumber=11)")
	a.controls = control1(oidSubentries, true, ber.AppendBool(nil, ber.TagBoolean, true))
	if got := c.search(a).numbers(c); len(got) != 0 {
		t.Errorf("subentries: %v", got)
	}
}

func TestLogThatIsTrimmedWhileItIsRead(t *testing.T) {
	const n = 2000
	w, l := logWorld(t, n)
	l.before = func(call int) {
		switch call {
		case 0:
			l.trim(111) // between looking at the range and reading
		case 3:
			l.trim(1011)
		}
	}
	c := w.admin()
	got := c.search(changes(schema.ScopeOne, "")).numbers(c)
	if got[0] != "111" || got[len(got)-1] != fmt.Sprint(n+10) || !slices.Contains(got, "1011") {
		t.Errorf("found %d records from %s to %s", len(got), got[0], got[len(got)-1])
	}
	l.before = func(int) { l.trim(n + 11) } // to nothing
	if got := c.search(changes(schema.ScopeOne, "")).numbers(c); len(got) != 0 {
		t.Errorf("found %v", got)
	}
	l.before = nil
	if got := c.search(changes(schema.ScopeSub, "")).wantCode(c, schema.Success); len(got.names) != 1 {
		t.Errorf("an empty log: %v", got.names)
	}
	c.search(ask{attrs: []string{"firstChangeNumber", "lastChangeNumber"}}).wantLines(c, fmt.Sprint("firstChangeNumber: ", n+11), fmt.Sprint("lastChangeNumber: ", n+10))
}

func TestRootDSETellsOfTheLog(t *testing.T) {
	w, l := logWorld(t, 8)
	c := w.dial()
	tell := func(first, last string) {
		t.Helper()
		c.search(ask{attrs: []string{"changelog", "firstChangeNumber", "lastChangeNumber"}}).
			wantLines(c, "changelog: cn=changelog", "firstChangeNumber: "+first, "lastChangeNumber: "+last)
	}
	tell("11", "18")
	l.trim(15)
	tell("15", "18")
	if f := c.search(ask{filter: "(lastChangeNumber>=18)"}).wantCode(c, schema.Success); len(f.names) != 1 {
		t.Error("not found")
	}
	c.do(compare("", "firstChangeNumber", "15"), wire.TagCompareResponse, schema.CompareTrue)
	for _, oid := range []string{wire.OIDSyncRequest, wire.OIDPersistentSearch, wire.OIDMember} {
		if all := c.search(ask{attrs: []string{"supportedControl"}}).lines; !slices.Contains(all, "supportedControl: "+oid) {
			t.Errorf("control %s is not announced", oid)
		}
	}
}

func TestRootDSEWithALogAllocatesNothing(t *testing.T) {
	l := &log{first: 1}
	w := build(t, func(o *Options) { o.Changes = l })
	c := newConn(w.Server, sink{})
	frame := ask{attrs: []string{"+"}}.message(1)
	c.round(t, frame)
	if n := testing.AllocsPerRun(100, func() { c.round(t, frame) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzNumberRange: the range of a filter is never too narrow.
func FuzzNumberRange(f *testing.F) {
	for _, text := range []string{"(&(changeNumber>=3)(!(changeNumber=4)))", "(|(changeNumber<=2)(&(changeNumber>=5)(changeNumber<=6)))", "(changeNumber=-1)", "(!(|))"} {
		f.Add(filterBytes(text))
	}
	r := wiretest.NewRandom(9)
	for range 50 {
		q := r.Filter(4)
		f.Add(wire.AppendFilter(nil, &q))
	}
	s, err := defaultSchema()
	if err != nil {
		f.Fatal(err)
	}
	srv := &Server{Options: Options{Schema: s}}
	f.Fuzz(func(t *testing.T, b []byte) {
		var q schema.Filter
		if wire.DecodeFilter(&q, b) != nil {
			return
		}
		q.Resolve(s, nil)
		from, to := numberRange(&q, 0)
		var e logEntry
		for _, n := range []uint64{1, 2, 3, 4, 5, 6, 7, 127, 128, 1 << 40} {
			v := e.record(srv, &schema.ChangeRecord{Seq: n, Kind: schema.ChangeModify, DN: people})
			if q.Match(s, v) == schema.True && (n < from || n > to) {
				t.Fatalf("change %d matches, outside of %d to %d: % x", n, from, to, b)
			}
		}
	})
}
