package backend_test

// Dumps find each entry by its id, whatever the order of ids and names is.

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"
)

func TestEntriesAreFoundWhateverTheOrderOfTheirIDs(t *testing.T) {
	const entries = 3000
	orders := map[string]func(i int) int{
		"as the names":     func(i int) int { return i },
		"against them":     func(i int) int { return entries - i },
		"in runs":          func(i int) int { return i/7*7 + 6 - i%7 },
		"with gaps":        func(i int) int { return 3 * i },
		"without any rule": nil,
	}
	shuffled := rand.New(rand.NewSource(3)).Perm(entries)
	orders["without any rule"] = func(i int) int { return shuffled[i] }
	for name, order := range orders {
		s := newLoadPlace(t)
		var text, want strings.Builder
		fmt.Fprintf(&text, "1\n%s\n\n", top)
		fmt.Fprintf(&want, "1 dn: o=utdata\n")
		for i := range entries {
			id := 2 + order(i)
			fmt.Fprintf(&text, "%d\ndn: cn=n%05d,o=utdata\nobjectClass: applicationProcess\ncn: n%05d\ndescription: %0*d\n\n", id, i, i, 1+i%300, id)
			fmt.Fprintf(&want, "%d dn: cn=n%05d,o=utdata\n", id, i)
		}
		s.load(text.String())
		var got strings.Builder
		for part := range strings.SplitSeq(s.dump(), "\n\n") {
			lines := strings.SplitN(part, "\n", 3)
			if len(lines) == 3 && strings.HasPrefix(lines[1], "dn: ") {
				fmt.Fprintf(&got, "%s %s\n", lines[0], lines[1])
				id := lines[0]
				if id != "1" && !strings.HasSuffix(described(part), id) {
					t.Fatalf("%s: not the entry with id %s:\n%s", name, id, part)
				}
			}
		}
		if got.String() != want.String() {
			t.Errorf("%s: other entries, or in another order", name)
		}
	}
}

// described is the description of an entry, which ends in its id.
func described(entry string) string {
	_, rest, _ := strings.Cut(strings.ReplaceAll(entry, "\n ", ""), "\ndescription: ")
	value, _, _ := strings.Cut(rest, "\n")
	return value
}
