// The examples of RFC 2849 and RFC 4525, read strictly.

package ldif

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/schema"
)

func TestContentExamplesOfRFC2849(t *testing.T) {
	tests := []struct {
		name, src string
		want      []string
	}{
		{"example 1: simple file with two entries", `version: 1
dn: cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com
objectclass: top
objectclass: person
objectclass: organizationalPerson
cn: Barbara Jensen
cn: Barbara J Jensen
cn: Babs Jensen
sn: Jensen
uid: bjensen
telephonenumber: +1 408 555 1212
description: A big sailing fan.

dn: cn=Bjorn Jensen, ou=Accounting, dc=airius, dc=com
objectclass: top
objectclass: person
objectclass: organizationalPerson
cn: Bjorn Jensen
sn: Jensen
telephonenumber: +1 408 555 1212
`, []string{
			"0@2 cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com objectclass=top|person|organizationalPerson cn=Barbara Jensen|Barbara J Jensen|Babs Jensen sn=Jensen uid=bjensen telephonenumber=+1 408 555 1212 description=A big sailing fan.",
			"0@14 cn=Bjorn Jensen, ou=Accounting, dc=airius, dc=com objectclass=top|person|organizationalPerson cn=Bjorn Jensen sn=Jensen telephonenumber=+1 408 555 1212"}},
		{"example 2: folded value", `version: 1
dn:cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com
objectclass:top
cn:Babs Jensen
description:Babs is a big sailing fan, and travels extensively in sea
 rch of perfect sailing conditions.
title:Product Manager, Rod and Reel Division
`, []string{"0@2 cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com objectclass=top cn=Babs Jensen description=Babs is a big sailing fan, and travels extensively in search of perfect sailing conditions. title=Product Manager, Rod and Reel Division"}},
		{"example 3: base64 value", `version: 1
dn: cn=Gern Jensen, ou=Product Testing, dc=airius, dc=com
cn: Gern O Jensen
description:: V2hhdCBhIGNhcmVmdWwgcmVhZGVyIHlvdSBhcmUhICBUaGlzIHZhbHVl
 IGlzIGJhc2UtNjQtZW5jb2RlZCBiZWNhdXNlIGl0IGhhcyBhIGNvbnRyb2wgY2hhcmFjdG
 VyIGluIGl0IChhIENSKS4NICBCeSB0aGUgd2F5LCB5b3Ugc2hvdWxkIHJlYWxseSBnZXQg
 b3V0IG1vcmUu
`, []string{"0@2 cn=Gern Jensen, ou=Product Testing, dc=airius, dc=com cn=Gern O Jensen description=What a careful reader you are!  This value is base-64-encoded because it has a control character in it (a CR).\r  By the way, you should really get out more."}},
		{"example 4: UTF-8, language tags, folded base64 DN, comments", `version: 1
dn:: b3U95Za25qWt6YOoLG89QWlyaXVz
# dn:: ou=<JapaneseOU>,o=Airius
objectclass: organizationalUnit
ou:: 5Za25qWt6YOo
# ou:: <JapaneseOU>
ou;lang-ja:: 5Za25qWt6YOo
ou;lang-ja;phonetic:: 44GI44GE44GO44KH44GG44G2
ou;lang-en: Sales
description: Japanese office

dn:: dWlkPXJvZ2FzYXdhcmEsb3U95Za25qWt6YOoLG89QWlyaXVz
# a comment that is
  folded over two lines: not an attribute
userpassword: {SHA}O3HSv1MusyL4kTjP+HKI5uxuNoM=
uid: rogasawara
cn;lang-ja:: 5bCP56yg5Y6fIOODreODieODi+ODvA==
title;lang-ja:: 5Za25qWt6YOoIOmDqOmVtw==
preferredlanguage: ja
`, []string{
			"0@2 ou=営業部,o=Airius objectclass=organizationalUnit ou=営業部 ou;lang-ja=営業部 ou;lang-ja;phonetic=えいぎょうぶ ou;lang-en=Sales description=Japanese office",
			"0@12 uid=rogasawara,ou=営業部,o=Airius userpassword={SHA}O3HSv1MusyL4kTjP+HKI5uxuNoM= uid=rogasawara cn;lang-ja=小笠原 ロドニー title;lang-ja=営業部 部長 preferredlanguage=ja"}},
	}
	for _, tt := range tests {
		for _, ends := range []string{"\n", "\r\n"} {
			t.Run(tt.name, func(t *testing.T) {
				src := strings.ReplaceAll(tt.src, "\n", ends)
				for _, r := range []*Reader{NewReader(strings.NewReader(src)), NewReader(oneByOne(src))} {
					got, err := readAll(r)
					if err != nil {
						t.Fatal(err)
					}
					wantRecords(t, got, tt.want...)
				}
			})
		}
	}
}

// oneByOne puts every possible buffer end into the middle of a line.
func oneByOne(s string) io.Reader { return &slowSource{rest: s} }

type slowSource struct{ rest string }

func (s *slowSource) Read(p []byte) (int, error) {
	if s.rest == "" {
		return 0, io.EOF
	}
	n := copy(p[:1], s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// Example 5 of RFC 2849 has a photograph in a file.
const photo = `version: 1
dn: cn=Horatio Jensen, ou=Product Testing, dc=airius, dc=com
cn: Horatio Jensen
jpegphoto:< file:///usr/local/directory/photos/hjensen.jpg
sn: Jensen
`

func TestURLValueIsRefusedUnlessTheCallerOpensIt(t *testing.T) {
	_, err := readAll(NewReader(strings.NewReader(photo)))
	var se *SyntaxError
	if !errors.As(err, &se) || se.Kind != URLRefused || se.Line != 4 || se.Record != 2 {
		t.Fatalf("strict: %v", err)
	}
	r, faults := tolerant(photo)
	got, err := readAll(r)
	if err != nil {
		t.Fatal(err)
	}
	wantRecords(t, got, "0@2 cn=Horatio Jensen, ou=Product Testing, dc=airius, dc=com cn=Horatio Jensen sn=Jensen")
	wantLines(t, "faults", *faults, "4 value from a URL refused")

	r = NewReader(strings.NewReader(photo))
	r.Open = func(url string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("content of " + url)), nil
	}
	if got, err = readAll(r); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, got, "0@2 cn=Horatio Jensen, ou=Product Testing, dc=airius, dc=com cn=Horatio Jensen jpegphoto=content of file:///usr/local/directory/photos/hjensen.jpg sn=Jensen")

	r = NewReader(strings.NewReader(photo))
	r.Open = func(string) (io.ReadCloser, error) { return nil, io.ErrClosedPipe }
	if _, err = readAll(r); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error of the opener: %v", err)
	}
	r = NewReader(strings.NewReader(photo))
	r.MaxValue = 1000
	r.Open = func(string) (io.ReadCloser, error) {
		return io.NopCloser(io.LimitReader(endless{}, 1<<40)), nil
	}
	if _, err = readAll(r); !errors.As(err, &se) || se.Kind != TooLong {
		t.Errorf("endless file: %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// Example 6, with the photograph as base64, example 7 (a control) and the
// increment of RFC 4525 3.
const changes = `version: 1
# Add a new entry
dn: cn=Fiona Jensen, ou=Marketing, dc=airius, dc=com
changetype: add
objectclass: top
objectclass: person
cn: Fiona Jensen
sn: Jensen
jpegphoto:: /9j/4A==

# Delete an existing entry
dn: cn=Robert Jensen, ou=Marketing, dc=airius, dc=com
changetype: delete

# Modify an entry's relative distinguished name
dn: cn=Paul Jensen, ou=Product Development, dc=airius, dc=com
changetype: modrdn
newrdn: cn=Paula Jensen
deleteoldrdn: 1

# Rename an entry and move all of its children to a new location
dn: ou=PD Accountants, ou=Product Development, dc=airius, dc=com
changetype: moddn
newrdn: ou=Product Development Accountants
deleteoldrdn: 0
newsuperior: ou=Accounting, dc=airius, dc=com

# Modify an entry: add an additional value, delete an attribute, replace one,
# delete a specific value
dn: cn=Paula Jensen, ou=Product Development, dc=airius, dc=com
changetype: modify
add: postaladdress
postaladdress: 123 Anystreet $ Sunnyvale, CA $ 94086
-
delete: description
-
replace: telephonenumber
telephonenumber: +1 408 555 1234
telephonenumber: +1 408 555 5678
-
delete: facsimiletelephonenumber
facsimiletelephonenumber: +1 408 555 9876
-

dn: cn=Ingrid Jensen, ou=Product Support, dc=airius, dc=com
changetype: modify
replace: postaladdress
-
delete: description
-

# Delete an entry. The operation has a control
dn: ou=Product Development, dc=airius, dc=com
control: 1.2.840.113556.1.4.805 true
changetype: delete

dn: cn=max-uid,dc=example,dc=com
control: 1.3.6.1.1.13.1 false: (cn=*)
control: 1.2.3 true:: /w==
control: 1.2.4:
changetype: modify
increment: uidNumber
uidNumber: 1
`

func vals(values ...string) [][]byte {
	var out [][]byte
	for _, v := range values {
		out = append(out, []byte(v))
	}
	return out
}

// changesRead is what changes says.
func changesRead() []*Record {
	pd := ", ou=Product Development, dc=airius, dc=com"
	list := []*Record{
		{Line: 3, Change: &schema.Change{Kind: schema.ChangeAdd, DN: "cn=Fiona Jensen, ou=Marketing, dc=airius, dc=com",
			Attributes: []schema.RawAttribute{{Attr: "objectclass", Values: vals("top", "person")}, {Attr: "cn", Values: vals("Fiona Jensen")},
				{Attr: "sn", Values: vals("Jensen")}, {Attr: "jpegphoto", Values: vals("\xff\xd8\xff\xe0")}}}},
		{Line: 12, Change: &schema.Change{Kind: schema.ChangeDelete, DN: "cn=Robert Jensen, ou=Marketing, dc=airius, dc=com"}},
		{Line: 16, Change: &schema.Change{Kind: schema.ChangeModifyDN, DN: "cn=Paul Jensen" + pd, NewRDN: "cn=Paula Jensen", DeleteOldRDN: true}},
		{Line: 22, Change: &schema.Change{Kind: schema.ChangeModifyDN, DN: "ou=PD Accountants" + pd, NewRDN: "ou=Product Development Accountants",
			HasNewSuperior: true, NewSuperior: "ou=Accounting, dc=airius, dc=com"}},
		{Line: 30, Change: &schema.Change{Kind: schema.ChangeModify, DN: "cn=Paula Jensen" + pd, Mods: []schema.Modification{
			{Op: schema.ModAdd, Attr: "postaladdress", Values: vals("123 Anystreet $ Sunnyvale, CA $ 94086")},
			{Op: schema.ModDelete, Attr: "description"},
			{Op: schema.ModReplace, Attr: "telephonenumber", Values: vals("+1 408 555 1234", "+1 408 555 5678")},
			{Op: schema.ModDelete, Attr: "facsimiletelephonenumber", Values: vals("+1 408 555 9876")}}}},
		{Line: 45, Change: &schema.Change{Kind: schema.ChangeModify, DN: "cn=Ingrid Jensen, ou=Product Support, dc=airius, dc=com", Mods: []schema.Modification{
			{Op: schema.ModReplace, Attr: "postaladdress"}, {Op: schema.ModDelete, Attr: "description"}}}},
		{Line: 53, Controls: []Control{{OID: "1.2.840.113556.1.4.805", Critical: true}}, Change: &schema.Change{Kind: schema.ChangeDelete, DN: pd[2:]}},
		{Line: 57, Controls: []Control{{OID: "1.3.6.1.1.13.1", Value: []byte("(cn=*)")}, {OID: "1.2.3", Critical: true, Value: []byte{0xff}}, {OID: "1.2.4", Value: []byte{}}},
			Change: &schema.Change{Kind: schema.ChangeModify, DN: "cn=max-uid,dc=example,dc=com", Mods: []schema.Modification{
				{Op: schema.ModIncrement, Attr: "uidNumber", Values: vals("1")}}}},
	}
	for _, rec := range list {
		rec.DN = rec.Change.DN
	}
	return list
}

func TestChangeExamplesOfRFC2849AndRFC4525(t *testing.T) {
	for _, reuse := range []bool{false, true} {
		r := NewReader(strings.NewReader(changes))
		r.Reuse = reuse
		got, err := readAll(r)
		if err != nil {
			t.Fatal(err)
		}
		want := changesRead()
		if len(got) != len(want) {
			t.Fatalf("%d records, want %d", len(got), len(want))
		}
		for i := range want {
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("reuse %v, record %d\n got %+v %+v\nwant %+v %+v", reuse, i, got[i], got[i].Change, want[i], want[i].Change)
			}
		}
	}
}

func TestChangesWrittenAreReadBackEqual(t *testing.T) {
	for _, width := range []int{0, 2, 5, 76} {
		var out bytes.Buffer
		w := NewWriter(&out)
		w.Width = width
		want := changesRead()
		for _, rec := range want {
			if err := w.WriteRecord(rec); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		got, err := readAll(NewReader(&out))
		if err != nil {
			t.Fatalf("width %d: %v", width, err)
		}
		for i := range want {
			got[i].Line = want[i].Line
			if !reflect.DeepEqual(got[i], want[i]) {
				t.Errorf("width %d, record %d: %+v", width, i, got[i].Change)
			}
		}
	}
}

func TestToChange(t *testing.T) {
	entry := &Record{DN: "o=x", Attributes: []schema.RawAttribute{{Attr: "o", Values: vals("x")}}}
	c, err := entry.ToChange()
	if err != nil || c.Kind != schema.ChangeAdd || c.DN != "o=x" || len(c.Attributes) != 1 {
		t.Errorf("content record: %+v, %v", c, err)
	}
	change := &Record{Change: &schema.Change{Kind: schema.ChangeDelete, DN: "o=x"},
		Controls: []Control{{OID: "2.16.840.1.113730.3.4.2", Critical: true}, {OID: "1.2.3"}}}
	if c, err = change.ToChange(); err != nil || c.Kind != schema.ChangeDelete || !c.ManageDsaIT || change.Change.ManageDsaIT {
		t.Errorf("ManageDsaIT: %+v, %v", c, err)
	}
	change.Controls[1].Critical = true
	if _, err = change.ToChange(); !errors.Is(err, ErrControl) {
		t.Errorf("unknown critical control: %v", err)
	}
}
