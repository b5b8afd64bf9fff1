// model_test.go: random requests get the same answers from the model and from
// a server.

package model

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	operations  = 10_000           // of each seed
	wholeTree   = 250              // operations between two looks at everything
	shrinkFor   = 20 * time.Second // then the sequence found so far is printed
	reportSeeds = "MODEL_SEED"     // names the environment variable that asks for one seed
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// TestServerAnswersAsTheModel runs random requests against the project's own
// server.
func TestServerAnswersAsTheModel(t *testing.T) {
	server := harness.StartUtdsd(t, harness.Options{})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log of the server:\n%s", server.Log())
		}
	})
	t.Run("seeds", func(t *testing.T) {
		runSeeds(t, server.Endpoint(), Deviations{}, 1, 2, 3, rand.Uint64N(1_000_000))
	})
}

// TestSlapdAnswersAsTheModel proves the model: an independent server gives
// the same answers but for the deviations that are written down.
func TestSlapdAnswersAsTheModel(t *testing.T) {
	server := harness.StartSlapd(t)
	t.Run("seeds", func(t *testing.T) { runSeeds(t, server.Endpoint(), OpenLDAP(), 1, 2, 3) })
}

// runSeeds runs one sequence for each seed at the same time, or the one that
// is asked for.
func runSeeds(t *testing.T, server harness.Endpoint, d Deviations, seeds ...uint64) {
	if s := os.Getenv(reportSeeds); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", reportSeeds, err)
		}
		seeds = []uint64{n}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			r := &run{client: dial(t, server), deviations: d, base: fmt.Sprintf("ou=model %d,%s", seed, harness.Suffix)}
			r.seed(t, seed)
		})
	}
}

// run is one sequence on a subtree of its own.
type run struct {
	client     *client
	deviations Deviations
	base       string
}

// makeBase is the request that makes the subtree.
func (r *run) makeBase() Operation {
	return Operation{Kind: Add, DN: r.base, Attributes: []Values{{"objectClass", []string{"organizationalUnit"}}}}
}

// fresh empties the subtree on the server and makes a model like it.
func (r *run) fresh(t *testing.T) *Server {
	t.Helper()
	r.client.clear(t, r.makeBase())
	m := New(harness.Suffix, harness.Password, r.deviations)
	if a := m.Do(r.makeBase()); a.Code != Success {
		t.Fatalf("the model refuses the base with %d", a.Code)
	}
	return m
}

// difference is an answer that is not the model's.
type difference struct {
	at   int
	op   Operation
	what string
	want Answer
	got  reply
}

// everything looks at the whole subtree with all attributes.
func (r *run) everything() Operation {
	return Operation{Kind: Search, DN: r.base, Scope: ScopeSubtree, Selection: []string{"*", "+"},
		Filter: Filter{Kind: Present, Attribute: "objectClass"}}
}

// step sends one request to both and compares.
func (r *run) step(t *testing.T, m *Server, j *judge, at int, o Operation) (code int, d *difference) {
	t.Helper()
	got, err := r.client.do(o)
	if err != nil {
		t.Fatalf("operation %d: %v", at, err)
	}
	want := m.Do(o)
	if what := j.differs(o, want, got); what != "" {
		return want.Code, &difference{at, o, what, want, got}
	}
	return want.Code, nil
}

// seed runs the sequence of one seed.
func (r *run) seed(t *testing.T, seed uint64) {
	m, j := r.fresh(t), newJudge(r.deviations != Deviations{})
	g := NewGenerator(seed, m, r.base)
	var sent []Operation
	codes := make(map[string]int)
	for i := range operations {
		o := g.Next()
		if i%wholeTree == wholeTree-1 || i == operations-1 {
			o = r.everything()
		}
		sent = append(sent, o)
		code, d := r.step(t, m, j, i, o)
		if d != nil {
			r.report(t, seed, sent, d)
			return
		}
		codes[fmt.Sprintf("%s %d", o.Kind, code)]++
	}
	t.Logf("%d operations, %d entries at the end, answers by kind and result code: %v", operations, m.Size(), codes)
}

// replay runs a sequence on a fresh subtree and gives the first difference.
func (r *run) replay(t *testing.T, list []Operation) *difference {
	t.Helper()
	m, j := r.fresh(t), newJudge(r.deviations != Deviations{})
	for i, o := range list {
		if _, d := r.step(t, m, j, i, o); d != nil {
			return d
		}
	}
	return nil
}

// changes leaves out of a sequence what changes nothing, but not its end.
func (r *run) changes(sent []Operation) []Operation {
	m := New(harness.Suffix, harness.Password, r.deviations)
	m.Do(r.makeBase())
	var list []Operation
	for i, o := range sent {
		a := m.Do(o)
		if i == len(sent)-1 || (a.Code == Success && o.Kind <= Rename) {
			list = append(list, o)
		}
	}
	return list
}

// report shrinks a failing sequence and prints it.
func (r *run) report(t *testing.T, seed uint64, sent []Operation, d *difference) {
	t.Errorf("seed %d, operation %d: %s\n%s\nserver: %s\nmodel: %s\nagain with %s=%d",
		seed, d.at, d.what, d.op, d.got, d.want, reportSeeds, seed)
	deadline := time.Now().Add(shrinkFor)
	fails := func(list []Operation) bool {
		found := r.replay(t, list)
		return found != nil && found.op.String() == d.op.String()
	}
	if changes := r.changes(sent); fails(changes) {
		sent = changes
	}
	short := shrink(sent, deadline, fails)
	last := r.replay(t, short)
	if last == nil {
		t.Errorf("the sequence does not fail again on a fresh subtree")
		return
	}
	var b strings.Builder
	for _, o := range short {
		fmt.Fprintf(&b, "  %s\n", o)
	}
	t.Errorf("shortest sequence found:\n%s%s\nserver: %s\nmodel: %s", b.String(), last.what, last.got, last.want)
}
