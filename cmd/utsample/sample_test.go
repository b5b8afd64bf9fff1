package main

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

func TestSampleFitsTheSchemaAndTheTree(t *testing.T) {
	s, err := schema.Default()
	if err != nil {
		t.Fatal(err)
	}
	tree := site.Tree{Group: "demo"}
	there := map[string]bool{}
	for _, c := range tree.Entries([]byte("{SSHA}x")) {
		there[c.DN] = true
	}
	count := map[string]int{}
	for _, e := range sample(tree.Base()) {
		if !there[schema.ParentDN(e.dn)] || there[e.dn] {
			t.Errorf("%s is there twice or has no parent", e.dn)
		}
		there[e.dn] = true
		made, err := s.NewEntry(e.dn, e.attrs, false)
		if err == nil {
			err = s.CheckEntry(made)
		}
		if err != nil {
			t.Errorf("%s: %v", e.dn, err)
			continue
		}
		count[string(made.Get("objectClass")[1])]++
		for _, owner := range append(made.Get("utowner"), made.Get("utmember")...) {
			if !there[string(owner)] {
				t.Errorf("%s refers to %s, which is not there", e.dn, owner)
			}
		}
	}
	for class, want := range map[string]int{"utUser": 200, "utToken": 200, "utDesktop": 60, "utPolicy": 3, "utKioskSession": 3,
		"utCardType": 5, "utReader": 4, "utMultihead": 1, "utServer": 3, "utAdminUser": 2} {
		if count[class] != want {
			t.Errorf("%d of %s, want %d", count[class], class, want)
		}
	}
}

func TestSampleIsTheSameEachTimeAndReadsBack(t *testing.T) {
	var a, b bytes.Buffer
	base := site.Tree{Group: "demo"}.Base()
	if err := errors.Join(writeLDIF(&a, sample(base)), writeLDIF(&b, sample(base))); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two runs differ")
	}
	r := ldif.NewReader(&a)
	n := 0
	for {
		_, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if want := len(sample(base)); n != want {
		t.Errorf("%d records, want %d", n, want)
	}
}
