package replica

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

func testFollowers(members ...string) *followers {
	f := newFollowers(func(_ context.Context, host string) ([]string, error) {
		if host == "alias" {
			return []string{"192.0.2.7", "2001:db8::7"}, nil
		}
		return nil, errors.New("no such host")
	}, time.Now)
	f.configure(members)
	return f
}

func TestConsumersAreRecognised(t *testing.T) {
	f := testFollowers("sec1", "sec2.example:7013", "127.0.0.1:7014", "127.0.0.1:7015", "alias:7016")
	for _, c := range []struct {
		host, port, peer string
		want             string
		listed           bool
	}{
		{"sec1", "7012", "192.0.2.1:40000", "sec1", true},
		{"SEC1.example", "7012", "192.0.2.1:40000", "sec1", true},
		{"sec1", "7013", "192.0.2.1:40000", "192.0.2.1:7013", false},
		{"sec2", "7013", "192.0.2.1:40000", "sec2.example:7013", true},
		{"sec2.elsewhere", "7013", "192.0.2.1:40000", "192.0.2.1:7013", false},
		{"any", "7014", "127.0.0.1:40000", "127.0.0.1:7014", true},
		{"any", "7015", "127.0.0.1:40000", "127.0.0.1:7015", true},
		{"any", "7016", "192.0.2.7:40000", "alias:7016", true},
		{"any", "7016", "[2001:db8::7]:40000", "alias:7016", true},
		{"", "7012", "192.0.2.1:40000", "192.0.2.1:7012", false},
	} {
		if got, listed := f.identify(c.host, c.port, c.peer); got != c.want || listed != c.listed {
			t.Errorf("%s port %s from %s: %q, %v; want %q, %v", c.host, c.port, c.peer, got, listed, c.want, c.listed)
		}
	}
}

func TestTheSlowestMemberHoldsTheLog(t *testing.T) {
	history := []schema.Epoch{{ID: position('a', 0, 0).Epoch}, {ID: position('b', 0, 0).Epoch}}
	if got := testFollowers().slowest(history); got != math.MaxUint64 {
		t.Errorf("nobody is configured: %d", got)
	}
	f := testFollowers("one", "two")
	f.confirm("one", position('b', 50, 1))
	if got := f.slowest(history); got != 0 {
		t.Errorf("one has not confirmed: %d", got)
	}
	f.confirm("two", position('a', 40, 1))
	f.confirm("192.0.2.9:7012", position('b', 3, 1)) // came without being configured
	if got := f.slowest(history); got != 40 {
		t.Errorf("the slowest is at 40: %d", got)
	}
	f.confirm("one", position('c', 60, 1))
	if got := f.slowest(history); got != 0 {
		t.Errorf("a position of another history counts for nothing: %d", got)
	}
	f.configure([]string{"two"})
	if got := f.slowest(history); got != 40 {
		t.Errorf("one is no member any more: %d", got)
	}
}

func TestFollowersThatAreNotConfiguredAreForgottenWhenTheyLeave(t *testing.T) {
	f := testFollowers("one")
	goneOne, goneOther := f.come("one"), f.come("192.0.2.9:7012")
	if names, all := f.list(); len(names) != 2 || names[0] != "one" || all["192.0.2.9:7012"].sessions != 1 {
		t.Errorf("%v %v", names, all)
	}
	goneOther()
	goneOne()
	if names, all := f.list(); len(names) != 1 || all["one"].sessions != 0 || all["one"].heard.IsZero() {
		t.Errorf("%v %v", names, all)
	}
}
