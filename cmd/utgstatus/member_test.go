package main

import (
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/replica"
)

func TestEveryMemberHasItsRow(t *testing.T) {
	heard := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	secondary := func(up replica.UpstreamStatus) replica.Status {
		up.Address = "prim:7012"
		return replica.Status{Role: replica.RoleSecondary, Version: "1.0", LastChange: 90, Members: []string{"prim"}, Upstream: &up}
	}
	all := []replica.MemberStatus{
		{Member: "level:7012", Own: true, Status: secondary(replica.UpstreamStatus{Connected: true, Level: true, Outcome: replica.Stream.Word()})},
		{Member: "prim", Status: replica.Status{
			Role: replica.RolePrimary, Version: "1.1", LastChange: 100,
			Secondaries: []replica.SecondaryStatus{{Member: "away:7012", Position: "e.80.h", LagChanges: 20, LagSeconds: 2.04, LastHeard: heard}, {Member: "never"}},
		}},
		{Member: "away", Error: "connection refused", State: replica.StateOutOfReach},
		{Member: "never", Error: "no such host", State: replica.StateOutOfReach},
		{Member: "slow", Status: secondary(replica.UpstreamStatus{Connected: true, Outcome: replica.Stream.Word(), LagChanges: 10, LagSeconds: 1})},
		{Member: "cut", Status: secondary(replica.UpstreamStatus{Outcome: replica.Stream.Word(), Level: true, Error: "it is far away"})},
		{Member: "waiting", Status: secondary(replica.UpstreamStatus{Outcome: replica.WaitingForRestore.Word(), Reason: "the primary is empty", Error: "the primary is empty"})},
		{Member: "strange", Status: secondary(replica.UpstreamStatus{Error: "it proved another one", Contact: replica.StateOtherSignature})},
		{Member: "foreign", Error: "it refused ours", State: replica.StateOtherSignature},
	}
	var out strings.Builder
	if err := show(&out, members(all)); err != nil {
		t.Fatal(err)
	}
	const want = `Member                         Role       State               Change     Behind   Lag      Version
------------------------------ ---------- ------------------- ---------- -------- -------- ------------
level:7012 *                   secondary  level               90         0        0s       1.0
prim                           primary    up                  100        -        -        1.1
away                           secondary  out of reach        -          20       2s       -
never                          secondary  out of reach        -          -        -        -
slow                           secondary  behind              90         10       1s       1.0
cut                            secondary  no primary          90         0        0s       1.0
waiting                        secondary  waiting for restore 90         0        0s       1.0
strange                        secondary  other signature     90         0        0s       1.0
foreign                        -          other signature     -          -        -        -

9 members total.
away: connection refused
never: no such host
cut: it is far away
waiting: the primary is empty
strange: it proved another one
foreign: it refused ours
`
	if out.String() != want {
		t.Errorf("\n%s", out.String())
	}
}

func TestFencedPrimaryIsNotUp(t *testing.T) {
	rows := members([]replica.MemberStatus{{Member: "old", Own: true, Status: replica.Status{Role: replica.RolePrimary, Fenced: "prim2 was promoted"}}})
	if rows[0].State != stateFenced || rows[0].Error != "prim2 was promoted" {
		t.Errorf("%+v", rows[0])
	}
}

func TestTwoPrimariesInOneGroupAreTold(t *testing.T) {
	primary := func(name, fenced string) replica.MemberStatus {
		return replica.MemberStatus{Member: name, Status: replica.Status{Role: replica.RolePrimary, Fenced: fenced}}
	}
	shown := func(all ...replica.MemberStatus) string {
		var out strings.Builder
		if err := show(&out, members(all)); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	const want = "\n2 primaries take changes in one group: a:7012, b. Keep one: type utreplica -a OTHER on it, then utreplica -u and utreplica -s KEPT on each other one.\n"
	if got := shown(primary("a:7012", ""), primary("b", ""), primary("old", "b was promoted")); !strings.HasSuffix(got, want) {
		t.Errorf("\n%s", got)
	}
	if got := shown(primary("a:7012", ""), primary("old", "a was promoted")); strings.Contains(got, "Keep one") {
		t.Errorf("one of them takes no changes:\n%s", got)
	}
}
