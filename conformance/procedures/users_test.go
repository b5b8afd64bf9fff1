// users_test.go: people with their tokens, as sites have them.

package procedures

import (
	"fmt"
	"strings"
	"testing"
)

// user is a person with a token.
type user struct {
	token, name, note string
}

// dn is the name of the user's entry.
func (u user) dn() string { return "utname=" + u.token + ",utname=users," + base }

const base = "utname=prim,o=v1,o=utdata"

// newUsers makes people whose tokens are all different.
func newUsers(n int) []user {
	first := []string{"John", "Mary", "Yuki", "Haruto", "Ana", "Søren", "Zoë", "Liam", "Noor", "さくら", "健", "Olga"}
	last := []string{"Smith", "Tanaka", "Suzuki", "García", "O'Neil", "Müller", "Jensen", "山田", "佐藤", "van der Berg", "Kowalski"}
	forms := []string{"MicroPayflex.%08x65000100", "mondex.9998%012d", "pseudo.0800%08x", "OpenPlatform.4790%016d"}
	users := make([]user, n)
	for i := range users {
		users[i] = user{
			token: fmt.Sprintf(forms[i%len(forms)], i),
			name:  fmt.Sprintf("%s %s %d", first[i%len(first)], last[i%len(last)], i/len(first)/len(last)),
			note:  fmt.Sprintf("E%05d", i),
		}
	}
	return users
}

// line is the user as utuser takes it.
func (u user) line() string { return fmt.Sprintf("%s,localhost,7007,%s,%s\n", u.token, u.name, u.note) }

func lines(users []user) string {
	var b strings.Builder
	for _, u := range users {
		b.WriteString(u.line())
	}
	return b.String()
}

// tokensOf are the tokens in a list of utuser -l.
func tokensOf(t *testing.T, list string) map[string]bool {
	t.Helper()
	rows := strings.Split(strings.TrimSpace(list), "\n")
	tokens := make(map[string]bool, len(rows))
	for _, row := range rows[min(2, len(rows)):] {
		if row == "" {
			break
		}
		tokens[strings.Fields(row)[0]] = true
	}
	if want := fmt.Sprintf("%d tokens total.", len(tokens)); rows[len(rows)-1] != want {
		t.Errorf("%d tokens are listed and the list ends with %q", len(tokens), rows[len(rows)-1])
	}
	return tokens
}

// missing fails the test for the users that a list lacks.
func missing(t *testing.T, list map[string]bool, users []user) {
	t.Helper()
	var lost []string
	for _, u := range users {
		if !list[u.token] {
			lost = append(lost, u.token)
		}
	}
	if len(lost) > 0 {
		t.Errorf("%d of %d users are missing: %.10q", len(lost), len(users), lost[:min(10, len(lost))])
	}
}
