// replication.go: a primary and a secondary of each kind. slapd's is syncrepl
// with refreshAndPersist and a session log that is larger than what is missed.

package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/bench/dataset"
	"github.com/sunray-ds/utdsd/conformance/bench/load"
	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// Names of what is measured.
const (
	refreshing = "refresh of a new secondary"
	lagging    = "replication lag"
	sustained  = "replicated writes"
	catching   = "catch-up"
)

// replicationWithin bounds every wait for a secondary.
const replicationWithin = 5 * time.Minute

// pair is a primary with its secondary.
type pair struct {
	primary, secondary *contender
	join               func(testing.TB) // makes an empty server the secondary and starts it
}

func ourPair(tb testing.TB) pair {
	tb.Helper()
	g := group.New(tb, nil)
	config := harness.Options{Config: indexSettings(nil, "entryUUID")}
	one, two := g.Add(tb, "primary", config), g.Add(tb, "secondary", config)
	p := pair{primary: ofUtdsd(tb, one.Utdsd), secondary: ofUtdsd(tb, two.Utdsd)}
	p.secondary.empty = func(tb testing.TB) {
		tb.Helper()
		two.Reinstall(tb)
		two.Restart(tb)
		if s, err := one.Status(); err == nil && len(s.Members) == 0 {
			one.Must(tb, "utreplica", "-p", two.Address())
		}
	}
	p.join = func(tb testing.TB) {
		tb.Helper()
		two.Must(tb, "utreplica", "-s", one.Address())
	}
	return p
}

func slapdPair(tb testing.TB) pair {
	tb.Helper()
	const found = "index entryCSN,entryUUID eq\n"
	one := newSlapd(tb, slapdOptions{modules: "moduleload syncprov", database: found + "overlay syncprov\nsyncprov-checkpoint 1000 10\nsyncprov-sessionlog 20000"})
	two := newSlapd(tb, slapdOptions{id: 2, database: found + fmt.Sprintf(`syncrepl rid=001 provider=%s type=refreshAndPersist retry="1 +" searchbase="%s" bindmethod=simple binddn="%s" credentials=%s scope=sub schemachecking=off attrs="*,+"
updateref %[1]s`, one.Endpoint().URL, dataset.Suffix, harness.AdminDN, harness.Password)})
	return pair{one, two, two.Restart}
}

// replicate measures both pairs in turn.
func (r *runner) replicate() {
	r.Helper()
	file := dataFile(r, r.Small)
	pairs := map[*contender]pair{}
	var list []*contender
	for _, p := range []pair{ourPair(r), slapdPair(r)} {
		p.primary.fill(r, file, r.Small)
		p.primary.begin(r, load.HoldsData(r.Small))
		pairs[p.primary], list = p, append(list, p.primary)
	}
	for round := range r.Rounds {
		for _, part := range []func(*runner, pair, int){(*runner).refresh, (*runner).lag, (*runner).sustain, (*runner).catchUp} {
			for _, c := range turns(round, list) {
				part(r, pairs[c], round)
			}
		}
		for _, c := range list {
			pairs[c].secondary.Stop(r)
		}
		fmt.Printf("replication: round %d of %d is done\n", round+1, r.Rounds)
	}
	for _, c := range list {
		c.Stop(r)
	}
}

// marker is the user whose value tells how far a secondary is.
func (r *runner) marker() int {
	last := dataset.CountUsers(r.Small) - 1
	for !dataset.Reserved(last) {
		last--
	}
	return last
}

// mark writes a value that was not there before.
func (r *runner) mark(p pair) (value string) {
	r.Helper()
	s := p.primary.session(r)
	defer s.Close()
	r.stamp++
	value = fmt.Sprintf("Mark %d of the benchmark", r.stamp)
	if err := s.Replace(r.marker(), value); err != nil {
		r.Fatalf("%s: %v", p.primary.name, err)
	}
	return value
}

// level waits until the secondary shows the mark and holds what the primary has.
func (r *runner) level(p pair, mark string) {
	r.Helper()
	primary := p.primary.session(r)
	want, err := primary.Scan(true)
	primary.Close()
	if err != nil {
		r.Fatal(err)
	}
	limit := time.Now().Add(replicationWithin)
	for {
		ok, err := isLevel(p.secondary, r.marker(), mark, want)
		if ok {
			return
		}
		if time.Now().After(limit) {
			r.Fatalf("the secondary of %s is not level (%v)\n%s", p.primary.name, err, end(p.secondary.Log()))
		}
		brief()
	}
}

// isLevel connects each time: connections end when the data is replaced.
func isLevel(c *contender, user int, mark string, want load.Holds) (bool, error) {
	s, err := load.Open(c.Endpoint().Address, harness.AdminDN, harness.Password)
	if err != nil {
		return false, err
	}
	defer s.Close()
	if value, err := s.Volatile(user); err != nil || value != mark {
		return false, err
	}
	got, err := s.Scan(true)
	return err == nil && got.Print == want.Print, err
}

// replicated takes up a figure of a pair.
func (r *runner) replicated(p pair, what string, clients, round int, f load.Figure, behind float64) {
	r.Helper()
	r.record.add(r, Measurement{Key: Key{What: what, Entries: r.Small, Connections: clients}, Server: p.primary.name, Round: round, Figure: f, Behind: behind})
}

// refresh fills an empty secondary.
func (r *runner) refresh(p pair, round int) {
	r.Helper()
	p.secondary.Stop(r)
	p.secondary.empty(r)
	mark := r.mark(p)
	pause()
	begun := time.Now()
	p.join(r)
	r.level(p, mark)
	took := time.Since(begun).Seconds()
	r.replicated(p, refreshing, 0, round, load.Figure{Seconds: took, Operations: r.Small, PerSecond: float64(r.Small) / took}, 0)
}

// lag writes single values and looks when the secondary shows them.
func (r *runner) lag(p pair, round int) {
	r.Helper()
	primary, secondary := p.primary.session(r), p.secondary.session(r)
	defer primary.Close()
	defer secondary.Close()
	r.stamp++
	var all []float64
	for i := range r.Lag {
		value := fmt.Sprintf("Lag %d of the benchmark, %d", r.stamp, i)
		if err := primary.Replace(r.marker(), value); err != nil {
			r.Fatal(err)
		}
		answered := time.Now()
		for {
			got, err := secondary.Volatile(r.marker())
			if err != nil {
				r.Fatal(err)
			}
			if got == value {
				break
			}
			if time.Since(answered) > replicationWithin {
				r.Fatalf("%s: a write does not come to the secondary", p.primary.name)
			}
			brief()
		}
		all = append(all, float64(time.Since(answered).Microseconds()))
	}
	slices.Sort(all)
	r.replicated(p, lagging, 0, round, load.Figure{Operations: len(all), P50: all[len(all)/2], P99: all[len(all)*99/100]}, 0)
}

// sustain writes with eight clients and waits for the secondary.
func (r *runner) sustain(p pair, round int) {
	r.Helper()
	const clients = 8
	cell := p.primary.cell(clients, 1)
	r.stamp++
	cell.Length, cell.Work = 2*r.Length, p.primary.requests.Modify(r.stamp)
	begun := time.Now()
	f, err := cell.Run()
	if err != nil {
		r.Fatalf("%s: %v", p.primary.name, err)
	}
	mark := r.mark(p)
	ended := time.Now()
	r.level(p, mark)
	f.PerSecond = float64(f.Operations) / time.Since(begun).Seconds()
	r.replicated(p, sustained, clients, round, f, time.Since(ended).Seconds())
}

// catchUp stops the secondary, makes changes and starts it again.
func (r *runner) catchUp(p pair, round int) {
	r.Helper()
	p.secondary.Stop(r)
	cell := p.primary.cell(64, 1)
	r.stamp++
	cell.Work = load.First(r.Missed, p.primary.requests.Modify(r.stamp))
	if _, err := cell.Run(); err != nil {
		r.Fatalf("%s: %v", p.primary.name, err)
	}
	mark := r.mark(p)
	pause()
	begun := time.Now()
	p.secondary.Restart(r)
	r.level(p, mark)
	took := time.Since(begun).Seconds()
	r.replicated(p, catching, 0, round, load.Figure{Seconds: took, Operations: r.Missed, PerSecond: float64(r.Missed) / took}, 0)
}
