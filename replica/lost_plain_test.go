package replica

import (
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

// A client can make the saved changes: nothing of what only servers write is in
// them but as a comment.
func TestSavedChangesCanBeMadeAgain(t *testing.T) {
	for _, c := range []struct {
		name, text string
		kind       schema.ChangeKind
		want       string // the record without its first comment
	}{
		{"add", "objectClass: device\ncn: x\nstructuralObjectClass: device\nentryUUID: 01\ndescription: a long\n  text\n" +
			"creatorsName: cn=a name\n  that is folded\nEntryCSN: 2\n", schema.ChangeAdd,
			"objectClass: device\ncn: x\n# structuralObjectClass: device\n# entryUUID: 01\ndescription: a long\n  text\n" +
				"# creatorsName: cn=a name\n  that is folded\n# EntryCSN: 2\n"},
		{"modify", "replace: description\ndescription: modifiersName\n-\nreplace: entryCSN\nentryCSN: 2\n-\ndelete: cn;lang-en\n-\n" +
			"replace: modifiersName\nmodifiersName: cn=admin\n-\n", schema.ChangeModify,
			"replace: description\ndescription: modifiersName\n-\n# replace: entryCSN\n# entryCSN: 2\n# -\ndelete: cn;lang-en\n-\n" +
				"# replace: modifiersName\n# modifiersName: cn=admin\n# -\n"},
		{"delete", "", schema.ChangeDelete, ""},
		{"modify DN", "newrdn: entryUUID=1\ndeleteoldrdn: 1\n", schema.ChangeModifyDN, "newrdn: entryUUID=1\ndeleteoldrdn: 1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := &schema.ChangeRecord{Seq: 7, Kind: c.kind, Time: time.Unix(1, 0), DN: "cn=x,o=utdata", LDIF: []byte(c.text)}
			text := string(appendLost(nil, rec))
			_, body, _ := strings.Cut(text, "changetype: ")
			_, body, _ = strings.Cut(body, "\n")
			if body != c.want+"\n" {
				t.Errorf("got\n%s\nwant\n%s", body, c.want)
			}
			read, err := ldif.NewReader(strings.NewReader(text)).Next()
			if err != nil || read.Change == nil || read.Change.Kind != c.kind {
				t.Fatalf("%+v, %v", read, err)
			}
			for _, a := range read.Change.Attributes {
				if serverWritten([]byte(a.Attr)) {
					t.Errorf("%s is in the change", a.Attr)
				}
			}
		})
	}
	rec := &schema.ChangeRecord{Kind: schema.ChangeModify, DN: "cn=x", LDIF: []byte("replace: entryCSN\nentryCSN: 2\n-\n")}
	for line := range strings.Lines(string(appendLost(nil, rec))) {
		if line != "\n" && line[0] != '#' {
			t.Errorf("a change by the server alone leaves the line %q", line)
		}
	}
}
