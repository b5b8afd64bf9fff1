package site

import (
	"slices"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
)

func TestTreeHasParentsFirstAndFitsTheSchema(t *testing.T) {
	tree := Tree{Group: "farm"}
	s, err := schema.Default()
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for i, c := range tree.Entries([]byte("{SSHA}x")) {
		if parent := schema.ParentDN(c.DN); i > 0 && !slices.Contains(seen, parent) {
			t.Errorf("%s comes before its parent %s", c.DN, parent)
		}
		seen = append(seen, c.DN)
		e, err := s.NewEntry(c.DN, c.Attributes, false)
		if err == nil {
			err = s.CheckEntry(e)
		}
		if err != nil {
			t.Errorf("%s: %v", c.DN, err)
		}
	}
	if len(seen) != 14 || !slices.Contains(seen, tree.AdminDN()) || !slices.Contains(seen, "utname=kiosk,utname=farm,o=v1,o=utdata") {
		t.Errorf("%d entries: %q", len(seen), seen)
	}
}
