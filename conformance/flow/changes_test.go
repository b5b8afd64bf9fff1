// changes_test.go: the log of changes as text.

package flow

import (
	"regexp"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestLogOfChangesIsWrittenAsTheOldToolsDid(t *testing.T) {
	u := loaded(t, 5)
	c := bind(t, u.Endpoint())
	defer c.Close()
	dn := "cn=logged," + farm
	add := ldap.NewAddRequest(dn, nil)
	add.Attribute("objectClass", []string{"top", "applicationProcess"})
	add.Attribute("cn", []string{"logged"})
	set := ldap.NewModifyRequest(dn, nil)
	set.Replace("description", []string{"first", "second"})
	for what, err := range map[string]error{
		"add": c.Add(add), "modify": c.Modify(set),
		"rename": c.ModifyDN(ldap.NewModifyDNRequest(dn, "cn=renamed", true, "")),
		"delete": c.Del(ldap.NewDelRequest("cn=renamed,"+farm, nil)),
	} {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	served := run(t, "", "utldbmcat", "-R", u.Root, "-changes").want(t, 0).out
	want := regexp.MustCompile(`^# change (\d+)
time: \d+
dn: cn=logged,\S+
changetype: add
objectClass: top
objectClass: applicationProcess
cn: logged
(?:.+\n)+\n# change \d+
time: \d+
dn: cn=logged,\S+
changetype: modify
replace: description
description: first
description: second
-
(?:.+\n)+\n# change \d+
time: \d+
dn: cn=logged,\S+
changetype: modrdn
newrdn: cn=renamed
deleteoldrdn: 1
(?:.*\n)+# change (\d+)
time: \d+
dn: cn=renamed,\S+
changetype: delete

$`).FindStringSubmatch(served)
	if want == nil {
		t.Fatalf("written:\n%s", served)
	}
	if last := run(t, "", "utldbmcat", "-R", u.Root, "-changes", "-from", want[2]).want(t, 0).out; !strings.HasPrefix(last, "# change "+want[2]+"\n") ||
		strings.Count(last, "# change ") != 1 {
		t.Errorf("from %s:\n%s", want[2], last)
	}
	u.Stop(t)
	if rest := run(t, "", "utldbmcat", "-R", u.Root, "-changes").want(t, 0).out; rest != served {
		t.Errorf("at rest:\n%s\nserved:\n%s", rest, served)
	}
	if file := harness.StoreFile; run(t, "", "utldbmcat", "-changes", u.Root+"/"+file).want(t, 0).out != served {
		t.Error("the store by its path has another log")
	}
}
