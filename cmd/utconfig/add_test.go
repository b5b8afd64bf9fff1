package main

import (
	"context"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/schema"
)

// picky refuses the names that it is told.
type picky map[string]bool

func (p picky) Apply(_ context.Context, c *schema.Change, done func(schema.ChangeDone)) {
	var d schema.ChangeDone
	if p[c.DN] {
		d.Result = *schema.Refuse(schema.ObjectClassViolation, "a reason")
	}
	done(d)
}

func TestEntriesThatWereNotAddedAreCountedAndNamed(t *testing.T) {
	tree := site.Tree{Group: "farm"}
	readers := "utname=readers," + tree.Base()
	added, err := addAll(picky{tree.AdminDN(): true, readers: true}, tree.Entries([]byte("x")))
	if added != 12 {
		t.Errorf("%d added, want 12", added)
	}
	for _, want := range []string{"2 of 14 entries were not added", tree.AdminDN() + ": ", readers + ": ", "a reason"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not have %q", err, want)
		}
	}
}
