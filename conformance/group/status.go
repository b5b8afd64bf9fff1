// status.go: what a member says about itself, and waiting for it.

package group

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// statusOID is the extended operation that tells the status.
const statusOID = "2.25.262046548186107960548391494886628366679.3.3"

// awaitEvery is the time between two looks.
const awaitEvery = 15 * time.Millisecond

// Status is the answer of a member, as far as tests look at it.
type Status struct {
	Host, Port  string
	Role        string
	Members     []string
	Others      []string // of a secondary: who else follows its primary
	Position    string
	EpochKind   string `json:"epoch_kind"`
	Entries     uint64
	FirstChange uint64 `json:"first_change"`
	LastChange  uint64 `json:"last_change"`
	Upstream    Upstream
	Secondaries []Secondary
	Fenced      string
}

// Upstream is a secondary's view of its primary.
type Upstream struct {
	Address, Outcome, Reason string
	Connected                bool
	Position                 string
	Level                    bool
	LagChanges               uint64    `json:"lag_changes"`
	LagSeconds               float64   `json:"lag_seconds"`
	LastContact              time.Time `json:"last_contact"`
	Error                    string
	Refreshes                uint64
	Received                 uint64 `json:"refresh_received"` // entries of a refresh that is under way
}

// Secondary is a primary's view of one of its secondaries.
type Secondary struct {
	Member      string
	Connected   bool
	Position    string
	LagChanges  uint64    `json:"lag_changes"`
	LagSeconds  float64   `json:"lag_seconds"`
	LastContact time.Time `json:"last_contact"`
}

// Status asks the running server over its local socket.
func (m *Member) Status() (Status, error) {
	var s Status
	conn, err := net.DialTimeout("unix", filepath.Join(m.StoreFolder(), "ldapi"), time.Second)
	if err != nil {
		return s, err
	}
	c := ldap.NewConn(conn, false)
	c.Start()
	defer c.Close()
	c.SetTimeout(5 * time.Second)
	if err := c.ExternalBind(); err != nil {
		return s, err
	}
	answer, err := c.Extended(ldap.NewExtendedRequest(statusOID, nil))
	if err != nil {
		return s, err
	}
	if answer.Value == nil {
		return s, errors.New("the status has no value")
	}
	return s, json.Unmarshal(answer.Value.Data.Bytes(), &s)
}

// Metric gives a value of the member's metrics: the sum over all label values
// of name, or that of one series if name has labels in braces.
func (m *Member) Metric(name string) (float64, error) {
	client := http.Client{Timeout: 5 * time.Second}
	dial := (&net.Dialer{}).DialContext
	if m.Host != nil {
		dial = m.Host.Dial
	}
	transport := &http.Transport{DialContext: dial, DisableKeepAlives: true}
	client.Transport = transport
	answer, err := client.Get("http://" + m.Metrics + "/metrics")
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err
	}
	pattern := `(?m)^` + regexp.QuoteMeta(name)
	if !strings.HasSuffix(name, "}") {
		pattern += `(?:\{[^}]*\})?`
	}
	series := regexp.MustCompile(pattern+` (\S+)$`).FindAllStringSubmatch(string(text), -1)
	if series == nil {
		return 0, fmt.Errorf("%s has no metric %s", m.Name, name)
	}
	sum := 0.0
	for _, s := range series {
		v, err := strconv.ParseFloat(s[1], 64)
		if err != nil {
			return 0, err
		}
		sum += v
	}
	return sum, nil
}

// Await looks again and again until reached says yes, and fails the test with
// the state of all members if it does not within AwaitIn.
func (g *Group) Await(tb testing.TB, what string, reached func() (bool, error)) {
	tb.Helper()
	if err := g.TryAwait(AwaitIn, what, reached); err != nil {
		tb.Fatalf("%v\n%s", err, g.State())
	}
}

// TryAwait is Await that gives an error and is told how long.
func (g *Group) TryAwait(within time.Duration, what string, reached func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	tick := time.NewTicker(awaitEvery)
	defer tick.Stop()
	for {
		ok, err := reached()
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: not within %s (%w)", what, within, errors.Join(err, ctx.Err()))
		case <-tick.C:
		}
	}
}

// Level tells whether m is at the position of primary.
func (m *Member) Level(primary *Member) (bool, error) {
	own, err := m.Status()
	if err != nil {
		return false, fmt.Errorf("%s: %w", m.Name, err)
	}
	other, err := primary.Status()
	if err != nil {
		return false, fmt.Errorf("%s: %w", primary.Name, err)
	}
	return own.Position == other.Position, nil
}

// AwaitLevel waits until all of these members are at the primary's position.
func (g *Group) AwaitLevel(tb testing.TB, primary *Member, members ...*Member) {
	tb.Helper()
	for _, m := range members {
		g.Await(tb, fmt.Sprintf("%s level with %s", m.Name, primary.Name), func() (bool, error) { return m.Level(primary) })
	}
}

// State is the state of all members, for people who look for a fault.
func (g *Group) State() string {
	var b strings.Builder
	for _, m := range g.members {
		s, err := m.Status()
		if err != nil {
			fmt.Fprintf(&b, "== %s (%s): %v\n", m.Name, m.Address(), err)
		} else {
			text, _ := json.MarshalIndent(s, "", " ") // of a struct that was read from JSON
			fmt.Fprintf(&b, "== %s (%s): %s\n", m.Name, m.Address(), text)
		}
		lines := strings.SplitAfter(m.Log(), "\n")
		fmt.Fprintf(&b, "-- the end of its log:\n%s", strings.Join(lines[max(0, len(lines)-15):], ""))
	}
	return b.String()
}
