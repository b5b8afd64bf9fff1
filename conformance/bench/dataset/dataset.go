// dataset.go: the entries of the benchmark, each made from its number.

// Package dataset is the data of the benchmark: users, desktops and tokens as a
// site has them, about 420 bytes an entry in LDIF. Each entry is a pure function
// of its number, so that whoever asks a server can work out what it has to
// answer.
//
// It is NOT a set of examples of what attributes can hold: values are plain, and
// the tests of the formats have the odd ones.
package dataset

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// The tree above the entries.
const (
	Suffix = "o=utdata"
	top    = "o=v1," + Suffix
	farm   = "utname=farm," + top
	Users  = "utname=users," + farm
)

// Above is how many entries stand above those that are counted.
const Above = 6

// Volatile is the attribute that writes of the benchmark replace.
const Volatile = "description"

// Entry is an entry as text.
type Entry struct {
	DN         string
	Attributes []Attribute
}

// Attribute is a type with its values.
type Attribute struct {
	Name   string
	Values []string
}

// Of five entries in a row three are users, one is a desktop, one a token.
const (
	period         = 5
	usersPerPeriod = 3
)

// CountUsers is how many of n entries are users.
func CountUsers(n int) int { return n/period*usersPerPeriod + min(n%period, usersPerPeriod) }

// NumberOfUser is the number of the k-th user.
func NumberOfUser(k int) int { return k/usersPerPeriod*period + k%usersPerPeriod }

// Reserved tells whether user k is one of those that the benchmark writes to.
// The others stay as they were loaded.
func Reserved(k int) bool { return k%4 == 3 }

// Hashed tells whether user k has the password as {SSHA} and not in clear.
func Hashed(k int) bool { return k%2 == 1 }

// Password is what user k says when binding.
func Password(k int) string { return fmt.Sprintf("open-%07d-sesame", k) }

// UserName is the naming value of user k.
func UserName(k int) string { return fmt.Sprintf("usr%07d", k) }

// UserDN is the name of user k.
func UserDN(k int) string { return "utname=" + UserName(k) + "," + Users }

// UserOfDN gives the number k of the user that a server calls dn; ok is false
// for all other entries.
func UserOfDN(dn []byte) (k int, ok bool) {
	const before = "utname=usr"
	if len(dn) != len(before)+7+len(","+Users) || string(dn[:len(before)]) != before {
		return 0, false
	}
	for _, c := range dn[len(before) : len(before)+7] {
		if c < '0' || c > '9' {
			return 0, false
		}
		k = k*10 + int(c-'0')
	}
	return k, true
}

// CommonName is the beginning of the cn of user k; no other user's begins so.
func CommonName(k int) string { return fmt.Sprintf("Person %07d", k) }

// scatter makes a number that looks like any other out of n and a salt.
func scatter(n, salt int) uint64 {
	x := uint64(n)<<2 + uint64(salt) + 0x51ed270b
	for range 2 {
		x ^= x >> 32
		x *= 0xd6e8feb86659fd93
	}
	return x ^ x>>32
}

// names of people, none of them real.
var families = [...]string{"Albrecht", "Bonetti", "Carvalho", "Delacroix", "Ekström", "Fjeld", "Grabowski", "Hamilton"}

func family(x uint64) string { return families[x%uint64(len(families))] }

func moment(x uint64) string {
	return fmt.Sprintf("2025%02d%02d%02d%02d%02dZ", 1+x%12, 1+x>>8%28, x>>16%24, x>>24%60, x>>32%60)
}

func host(x uint64) string { return fmt.Sprintf("ray%02d.example.com", x>>40%30) }

func ssha(password string, salt uint64) string {
	s := binary.BigEndian.AppendUint64(nil, salt)
	sum := sha1.Sum(append([]byte(password), s...))
	return "{SSHA}" + base64.StdEncoding.EncodeToString(append(sum[:], s...))
}

// User is the entry of user k.
func User(k int) Entry { return user(UserName(k), k) }

// Added is an entry like that of user k, with a name of the caller's. Its
// password is in clear, so that a name of the same length makes an entry of the
// same length.
func Added(name string, k int) Entry { return user(name, k&^1) }

func user(name string, k int) Entry {
	x := scatter(k, 0)
	password := Password(k)
	if Hashed(k) {
		password = ssha(password, x)
	}
	return Entry{"utname=" + name + "," + Users, []Attribute{
		{"objectClass", []string{"top", "utUser"}},
		{"utname", []string{name}},
		{"cn", []string{CommonName(k) + " " + family(x>>3)}},
		{"sn", []string{family(x >> 3)}},
		{"uid", []string{name}},
		{"utserver", []string{host(x)}},
		{"utlastseen", []string{moment(x)}},
		{"utflags", []string{fmt.Sprint(x >> 50 % 256)}},
		{Volatile, []string{fmt.Sprintf("Account opened by the help desk on request %08x of the department; badge handed out", uint32(x>>20))}},
		{"userPassword", []string{password}},
	}}
}

func desktop(n int) Entry {
	x := scatter(n, 1)
	name := fmt.Sprintf("unit%07d", n)
	return Entry{"utname=" + name + ",utname=desktops," + farm, []Attribute{
		{"objectClass", []string{"top", "utDesktop"}},
		{"utname", []string{name}},
		{"cn", []string{fmt.Sprintf("Desktop unit %07d", n)}},
		{"utmac", []string{fmt.Sprintf("%012x", x>>16)}},
		{"utserver", []string{host(x)}},
		{"utlocation", []string{fmt.Sprintf("Building %c, floor %d, room %03d", 'A'+x%7, x>>4%9, x>>9%400)}},
		{"utmodel", []string{fmt.Sprintf("SunRay%d-P9", x>>20%4)}},
		{"utlastseen", []string{moment(x)}},
		{"utflags", []string{fmt.Sprint(x >> 50 % 256)}},
		{Volatile, []string{fmt.Sprintf("Firmware GUI4.%d_%08x, last looked at by the administrators on their yearly round through the building", x%9, uint32(x>>20))}},
	}}
}

func token(n int) Entry {
	x := scatter(n, 2)
	name := fmt.Sprintf("card%07d", n)
	return Entry{"utname=" + name + ",utname=tokens," + farm, []Attribute{
		{"objectClass", []string{"top", "utToken"}},
		{"utname", []string{name}},
		{"cn", []string{fmt.Sprintf("Card %07d", n)}},
		{"uttoken", []string{fmt.Sprintf("MicroPayflex.%016x", x)}},
		{"utowner", []string{UserDN(n / period * usersPerPeriod)}},
		{"utserver", []string{host(x)}},
		{"utlastseen", []string{moment(x)}},
		{"utflags", []string{fmt.Sprint(x >> 50 % 256)}},
		{Volatile, []string{fmt.Sprintf("Issued at the reception desk, form %08x, to be returned when the owner leaves the house", uint32(x>>20))}},
	}}
}

// At is entry n of those that are counted.
func At(n int) Entry {
	switch n % period {
	case usersPerPeriod:
		return desktop(n)
	case usersPerPeriod + 1:
		return token(n)
	}
	return User(n/period*usersPerPeriod + n%period)
}

// Tree is the entries above, parents first.
func Tree() []Entry {
	organization := func(dn, name string) Entry {
		return Entry{dn, []Attribute{{"objectClass", []string{"top", "organization"}}, {"o", []string{name}}}}
	}
	container := func(dn, name string) Entry {
		return Entry{dn, []Attribute{{"objectClass", []string{"top", "utContainer"}}, {"utname", []string{name}}}}
	}
	list := []Entry{organization(Suffix, "utdata"), organization(top, "v1"), container(farm, "farm")}
	for _, name := range []string{"users", "desktops", "tokens"} {
		list = append(list, container("utname="+name+","+farm, name))
	}
	return list
}

// Each calls do for the tree and n entries below it, parents first.
func Each(n int, do func(Entry)) {
	for _, e := range Tree() {
		do(e)
	}
	for i := range n {
		do(At(i))
	}
}

// WriteLDIF writes the tree and n entries.
func WriteLDIF(w io.Writer, n int) error {
	b := bufio.NewWriterSize(w, 1<<20)
	Each(n, func(e Entry) { // errors show at Flush
		fmt.Fprintf(b, "dn: %s\n", e.DN)
		for _, a := range e.Attributes {
			for _, v := range a.Values {
				if plain(v) {
					fmt.Fprintf(b, "%s: %s\n", a.Name, v)
				} else {
					fmt.Fprintf(b, "%s:: %s\n", a.Name, base64.StdEncoding.EncodeToString([]byte(v)))
				}
			}
		}
		fmt.Fprintln(b)
	})
	return b.Flush()
}

// plain tells whether a value of the data may stand in LDIF as it is.
func plain(v string) bool { return !strings.ContainsFunc(v, func(r rune) bool { return r > 0x7e }) }
