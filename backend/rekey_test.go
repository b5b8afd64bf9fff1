package backend_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/backend/storetest"
	"github.com/sunray-ds/utdsd/schema"
)

// site is a schema with an attribute type of the site, whose rule is given.
func site(t *testing.T, rule string) *schema.Schema {
	t.Helper()
	s, err := schema.Load(schema.Text{Name: "site.schema", Data: []byte(`
attributetype ( 1.3.6.1.4.1.99999.1 NAME 'siteId' EQUALITY ` + rule + ` SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.4.1.99999.2 NAME 'siteThing' SUP top STRUCTURAL MUST siteId MAY description )
`)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNamesFollowTheSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	exact, ignore := site(t, "caseExactMatch"), site(t, "caseIgnoreMatch")
	open := func(s *schema.Schema, create bool) *world {
		return &world{t, storetest.Open(t, path, backend.Options{Create: create, Schema: s, Indexes: backend.Indexes{Eq: []string{"siteId"}}}), s}
	}
	w := open(ignore, true)
	w.must(add(suffix, "objectClass: organization"))
	w.must(add("siteId=ABC,"+suffix, "objectClass: siteThing"))
	w.must(add("siteId=Below,siteId=abc,"+suffix, "objectClass: siteThing"))
	hash := w.Position()
	storetest.Close(t, w.Store)

	if _, err := backend.Open(path, backend.Options{Schema: exact, ReadOnly: true}); err == nil {
		t.Error("opened for reading with a schema under which names are others")
	}
	w = open(exact, false)
	any := w.filter(present("objectClass"))
	w.finds(w.query("siteId=Below,siteId=ABC,"+suffix, schema.ScopeBase, any), "siteId=Below,siteId=ABC,"+suffix)
	if _, err := w.search(w.query("siteId=abc,"+suffix, schema.ScopeBase, any)); resultOf(err) == nil {
		t.Error("found in spite of another case")
	}
	w.finds(w.query(suffix, schema.ScopeSub, w.filter(eq("siteId", "abc"))))
	if w.Position() != hash {
		t.Error("the position moved")
	}
	w.must(add("siteId=abc,"+suffix, "objectClass: siteThing"))
	storetest.Close(t, w.Store)

	if _, err := backend.Open(path, backend.Options{Schema: ignore}); err == nil || !strings.Contains(err.Error(), "same name") {
		t.Errorf("two entries with one name: %v", err)
	}
	w = open(exact, false)
	w.must(remove("siteId=abc," + suffix))
	storetest.Close(t, w.Store)
	w = open(ignore, false)
	w.finds(w.query("siteId=below,siteId=abc,"+suffix, schema.ScopeBase, w.filter(present("objectClass"))), "siteId=Below,siteId=ABC,"+suffix)
}
