// How the package is used.

package ldif_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

func ExampleReader() {
	const text = `version: 1

# a comment
dn: utname=jsmith,o=utdata
objectClass: utUser
utusername: John
  Smith
sn:: U21pdGg=
`
	r := ldif.NewReader(strings.NewReader(text))
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("line %d: %s\n", rec.Line, rec.DN)
		for _, a := range rec.Attributes {
			fmt.Printf("  %s = %s\n", a.Attr, a.Values)
		}
	}
	// Output:
	// line 4: utname=jsmith,o=utdata
	//   objectClass = [utUser]
	//   utusername = [John Smith]
	//   sn = [Smith]
}

// A strict Reader ends at the first fault, which has its place.
func ExampleReader_strict() {
	r := ldif.NewReader(strings.NewReader("dn: o=utdata\no: utdata\nthis line is damaged\n"))
	_, err := r.Next()
	var fault *ldif.SyntaxError
	if errors.As(err, &fault) {
		fmt.Println(fault.Line, fault.Record, fault.DN, fault.Kind == ldif.NoColon)
	}
	fmt.Println(err)
	// Output:
	// 3 1 o=utdata true
	// line 3, entry "o=utdata" at line 1: no colon in line
}

// With OnFault it goes on past faults. This is a dump of the old tools.
func ExampleReader_tolerant() {
	const text = "17\ndn: cn=x,o=utdata\ncn: x\ndescription:\nuserpassword:: !!!!\nsn: folded\n\t by a tab\n"
	r := ldif.NewReader(strings.NewReader(text))
	r.Dialect = ldif.Ancestor
	r.OnFault = func(fault *ldif.SyntaxError) error {
		fmt.Println(fault)
		return nil
	}
	rec, err := r.Next()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(rec.ID, rec.DN)
	for _, a := range rec.Attributes {
		fmt.Printf("%s = %s\n", a.Attr, a.Values)
	}
	// Output:
	// line 4, entry "cn=x,o=utdata" at line 1: empty value
	// line 5, entry "cn=x,o=utdata" at line 1: broken base64
	// 17 cn=x,o=utdata
	// cn = [x]
	// sn = [folded by a tab]
}

// Change records become changes.
func ExampleRecord_ToChange() {
	const text = `dn: utname=jsmith,o=utdata
control: 2.16.840.1.113730.3.4.2 true
changetype: modify
replace: utotherinfo
utotherinfo: E421
-
`
	rec, err := ldif.NewReader(strings.NewReader(text)).Next()
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := rec.ToChange()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.DN, c.Kind == schema.ChangeModify, c.ManageDsaIT)
	fmt.Printf("%s %s\n", c.Mods[0].Attr, c.Mods[0].Values)
	// Output:
	// utname=jsmith,o=utdata true true
	// utotherinfo [E421]
}

func ExampleWriter() {
	w := ldif.NewWriter(os.Stdout)
	w.Width = 40
	// The first error sticks, so that Flush alone needs to be asked.
	_ = w.WriteEntry(17, "utname=jsmith,o=utdata", []schema.RawAttribute{
		{Attr: "objectClass", Values: [][]byte{[]byte("utUser")}},
		{Attr: "description", Values: [][]byte{[]byte("wrapped where the line would be too long"), []byte(" begins with a space")}},
	})
	_ = w.WriteChange(&schema.Change{Kind: schema.ChangeDelete, DN: "utname=old,o=utdata"})
	if err := w.Flush(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 17
	// dn: utname=jsmith,o=utdata
	// objectClass: utUser
	// description: wrapped where the line woul
	//  d be too long
	// description:: IGJlZ2lucyB3aXRoIGEgc3BhY2
	//  U=
	//
	// dn: utname=old,o=utdata
	// changetype: delete
}

// An entry can also be written value by value, without holding all of it.
func ExampleWriter_BeginEntry() {
	w := ldif.NewWriter(os.Stdout)
	_ = w.Comment("made by hand")
	_ = w.BeginEntry(0, "o=utdata")
	_ = w.Value("o", []byte("utdata"))
	_ = w.EndEntry()
	_ = w.BeginEntry(0, "o=v1,o=utdata")
	_ = w.Value("no name", nil)
	fmt.Println(w.Flush())
	// Output:
	// # made by hand
	// dn: o=utdata
	// o: utdata
	//
	// dn: o=v1,o=utdata
	// write ldif: record 2, entry "o=v1,o=utdata": cannot be written as LDIF: attribute name "no name"
}
