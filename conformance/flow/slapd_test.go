// slapd_test.go: to slapd and back, with slapadd and slapcat.

package flow

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/harness"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

// slapadd fills an empty slapd with text.
func slapadd(t *testing.T, text string) *harness.Slapd {
	t.Helper()
	s := harness.StartSlapd(t)
	s.Stop(t)
	old, err := filepath.Glob(filepath.Join(s.Dir, "db", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("rm", append([]string{"-f"}, old...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(harness.Program(t, "slapadd"), "-f", filepath.Join(s.Dir, "slapd.conf"))
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("slapadd: %v\n%s", err, out)
	}
	return s
}

func slapcat(t *testing.T, s *harness.Slapd) string {
	t.Helper()
	out, err := exec.Command(harness.Program(t, "slapcat"), "-f", filepath.Join(s.Dir, "slapd.conf")).Output()
	if err != nil {
		t.Fatalf("slapcat: %v", err)
	}
	return string(out)
}

// comparable makes lines of a dump that do not depend on the order of entries and
// attributes. What slapd adds by itself is left out.
func comparable(t *testing.T, text string) []string {
	t.Helper()
	var lines []string
	r := ldif.NewReader(strings.NewReader(text))
	for {
		rec, err := r.Next()
		if err != nil {
			if rec == nil && err.Error() == "EOF" {
				sort.Strings(lines)
				return lines
			}
			t.Fatal(err)
		}
		for _, a := range rec.Attributes {
			name := strings.ToLower(a.Attr)
			if name == "structuralobjectclass" || name == "contextcsn" {
				continue
			}
			for _, v := range a.Values {
				lines = append(lines, fmt.Sprintf("%s %s: %s", spelled(rec.DN), name, v))
			}
		}
	}
}

// spelled is a name as both servers could have written it.
func spelled(dn string) string { return strings.ToLower(strings.ReplaceAll(dn, `\,`, `\2C`)) }

// odd are entries whose values need care.
const odd = "dn: cn=odd\\, one,utname=users," + farm + "\nobjectClass: top\nobjectClass: inetOrgPerson\ncn: odd, one\nsn:: w6TDtsO8IA==\ncn;lang-de: deutsch\n" +
	"description: : begins with a colon\ndescription:: IGJlZ2lucyB3aXRoIGEgc3BhY2U=\ndescription: one\ndescription: another\n" +
	"userPassword:: e1NTSEF9AP8B\njpegPhoto:: /9j/4AAQSkZJRgD/\n\n" +
	"dn: cn=referral," + farm + "\nobjectClass: top\nobjectClass: referral\nobjectClass: extensibleObject\ncn: referral\nref: ldap://other.example/o=x\n\n" +
	"dn: cn=alias," + farm + "\nobjectClass: top\nobjectClass: alias\nobjectClass: extensibleObject\ncn: alias\naliasedObjectName: o=utdata\n\n"

func TestDumpOfOursLoadsIntoSlapdAndBack(t *testing.T) {
	root := newRoot(t)
	load(t, root, data(300)+odd).want(t, 0)
	ours := dump(t, root, "-slapadd")
	if strings.Contains(ours, "\n#") || strings.Contains(ours, "\n\n1") || ours[0] == '#' {
		t.Errorf("-slapadd leaves ids or comments in:\n%.200s", ours)
	}
	s := slapadd(t, ours)
	theirs := slapcat(t, s)
	if a, b := comparable(t, ours), comparable(t, theirs); !slices.Equal(a, b) {
		t.Errorf("slapcat differs from what slapadd was given: %s", difference(a, b))
	}
	// And back: operational attributes and all.
	back := newRoot(t)
	load(t, back, theirs).want(t, 0)
	if a, b := comparable(t, theirs), comparable(t, dump(t, back)); !slices.Equal(a, b) {
		t.Errorf("our dump differs from what slapcat gave: %s", difference(a, b))
	}
	check(t, back)
}

// difference shows the first lines that are in one list only.
func difference(a, b []string) string {
	var out []string
	for _, l := range a {
		if !slices.Contains(b, l) {
			out = append(out, "only first: "+l)
		}
	}
	for _, l := range b {
		if !slices.Contains(a, l) {
			out = append(out, "only second: "+l)
		}
	}
	return strings.Join(out[:min(len(out), 10)], "\n")
}

func TestBothServersGiveTheSameAnswers(t *testing.T) {
	s := slapadd(t, data(300)+odd)
	s.Restart(t)
	u := harness.NewUtdsd(t, harness.Options{Plain: true})
	load(t, u.Root, slapcat(t, s)).want(t, 0)
	u.Restart(t)
	ours, theirs := bind(t, u.Endpoint()), bind(t, s.Endpoint())
	for _, filter := range []string{"(objectClass=*)", "(objectClass=utUser)", "(sn=adler)", "(cn=*Desktop*)", "(utflags>=200)",
		"(&(utserver=ray07.example.com)(!(objectClass=utToken)))", "(cn;lang-de=Deutsch)", "(description=another)", "(nosuch=1)", "(utowner=UTNAME=usr0000000, utname=users," + farm + ")"} {
		request := ldap.NewSearchRequest("o=utdata", ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, filter, []string{"*", "entryUUID", "entryCSN",
			"createTimestamp", "creatorsName", "modifyTimestamp", "modifiersName"}, []ldap.Control{ldap.NewControlManageDsaIT(true)})
		a, b := answers(t, ours, request), answers(t, theirs, request)
		if !slices.Equal(a, b) {
			t.Errorf("%s: %s", filter, difference(a, b))
		}
		if len(a) == 0 && filter != "(nosuch=1)" {
			t.Errorf("%s: no answer", filter)
		}
	}
}

func answers(t *testing.T, c *ldap.Conn, request *ldap.SearchRequest) (lines []string) {
	t.Helper()
	result, err := c.Search(request)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range result.Entries {
		for _, a := range e.Attributes {
			for _, v := range a.Values {
				lines = append(lines, fmt.Sprintf("%s %s: %s", spelled(e.DN), strings.ToLower(a.Name), v))
			}
		}
	}
	sort.Strings(lines)
	return lines
}
