package schema

import (
	"bytes"
	"strings"
	"testing"
)

func TestEntryAndItsStoredFormAreTheSame(t *testing.T) {
	s := mustDefault(t)
	e, err := s.NewEntry("CN=a,o=u", raw("objectClass: referral", "objectClass: extensibleObject", "sn;lang-de: \x00\xff", "sn: b", "sn: a",
		"odd name: x", "utOld: y", "ref: ldap://x/", "description:", "userPassword: "), true)
	if err != nil {
		t.Fatal(err)
	}
	e.ID, e.UUID = 7, UUID{1, 2}
	s.SetOperational(e, "creatorsName", []byte("o=x"))
	s.SetOperational(e, "creatorsName", []byte("o=y"))
	key := []byte(keyOf(t, s, e.DN))
	v := s.View(e, key)
	if v.Kind != KindReferral || v.ID != 7 || v.UUID != e.UUID || string(v.DN) != e.DN || !bytes.Equal(v.Key, key) {
		t.Errorf("%+v", v)
	}
	clone := v.Clone()
	clear(v.User) // a clone owns its memory
	back := s.Entry(clone)
	if dump(back) != dump(e) || back.DN != e.DN || back.ID != 7 || back.UUID != e.UUID {
		t.Errorf("%s\nbecame\n%s", dump(e), dump(back))
	}
	if got := back.Get("sn"); len(got) != 2 || string(got[0]) != "b" {
		t.Errorf("sn is %q", got)
	}
	if back.Get("SN") != nil || back.Get("nosuch") != nil || string(back.Get("creatorsName")[0]) != "o=y" {
		t.Error("Get")
	}
	a, ok := clone.Find("sn;lang-de")
	if value, rest, ok2 := NextValue(a.Values); !ok || !ok2 || string(value) != "\x00\xff" || len(rest) != 0 {
		t.Errorf("%q", a.Values)
	}
	if _, ok := clone.Find("nosuch"); ok {
		t.Error("Find")
	}
}

func TestKindsOfEntries(t *testing.T) {
	s := mustDefault(t)
	for class, want := range map[string]EntryKind{"referral": KindReferral, "ALIAS": KindAlias, "2.5.6.1": KindAlias, "person": 0, "nosuch": 0} {
		e, _ := s.NewEntry("cn=a", raw("objectClass: "+class), true)
		if got := e.Kind(s); got != want {
			t.Errorf("%s: %d", class, got)
		}
	}
}

func TestDamagedListEndsEarly(t *testing.T) {
	list := AppendAttribute(nil, "cn", []byte("a"))
	for n := range list {
		if _, _, ok := NextAttribute(list[:n]); ok {
			t.Errorf("%d bytes of %d are an attribute", n, len(list))
		}
	}
	if a, rest, ok := NextAttribute(list); !ok || len(rest) != 0 || string(a.Desc) != "cn" || !bytes.Equal(a.Raw, list) {
		t.Errorf("%+v", a)
	}
}

func TestPositions(t *testing.T) {
	p := Position{Epoch: strings.Repeat("0a", 16), Seq: 258, Hash: StateHash{0xff, 1}}
	text := p.String()
	if text != strings.Repeat("0a", 16)+".0000000000000102.ff01"+strings.Repeat("0", 28) {
		t.Error(text)
	}
	if back, err := ParsePosition(text); err != nil || back != p {
		t.Errorf("%v, %v", back, err)
	}
	for _, bad := range []string{"", "a.b.c", text + "0", text[1:], strings.Replace(text, ".", "", 1), strings.Replace(text, "ff", "fg", 1),
		strings.Replace(text, "0a", "0z", 1), strings.Replace(text, "0102", "01-2", 1), strings.Replace(text, ".0000", ".+000", 1)} {
		if _, err := ParsePosition(bad); err == nil {
			t.Errorf("%q taken", bad)
		}
	}
}

func TestQuotedInputIsShortAndHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"cn": "cn", "": "", "a b": `"a b"`, "\xff\n\x1b": `"\xff\n\x1b"`, strings.Repeat("x", 100): strings.Repeat("x", 64) + "...",
		`a"b`: `"a\"b"`, "é": `"é"`, strings.Repeat("é", 40): `"` + strings.Repeat("é", 32) + `"...`,
	} {
		if got := quoteShort(in); got != want {
			t.Errorf("%q is %s, want %s", in, got, want)
		}
	}
	if r := Refuse(NoSuchObject, ""); r.Error() != "ldap result 32" {
		t.Error(r)
	}
}
