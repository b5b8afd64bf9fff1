// record.go: everything that was measured, on disk as it comes.

package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/bench/load"
)

// Key names a kind of figure.
type Key struct {
	What        string `json:"what"`
	Entries     int    `json:"entries"`
	Connections int    `json:"connections,omitempty"`
	Outstanding int    `json:"outstanding,omitempty"`
}

// Measurement is one figure of one server in one round.
type Measurement struct {
	Key
	Server string `json:"server"`
	Round  int    `json:"round"`
	load.Figure
	Behind float64 `json:"behind_seconds,omitempty"` // of a secondary, when the writes ended
}

// Record collects measurements and writes each as a line of JSON.
type Record struct {
	list []Measurement
	file *os.File
}

// newRecord begins results.jsonl in a folder, which is made.
func newRecord(tb testing.TB, folder string) *Record {
	tb.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		tb.Fatal(err)
	}
	f, err := os.Create(filepath.Join(folder, "results.jsonl"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := f.Close(); err != nil {
			tb.Error(err)
		}
	})
	return &Record{file: f}
}

func (r *Record) add(tb testing.TB, m Measurement) {
	tb.Helper()
	r.list = append(r.list, m)
	line, err := json.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := fmt.Fprintf(r.file, "%s\n", line); err != nil {
		tb.Fatal(err)
	}
}

// Value takes one number out of a measurement.
type Value func(Measurement) float64

// The numbers that tables and curves show.
func perSecond(m Measurement) float64  { return m.PerSecond }
func seconds(m Measurement) float64    { return m.Seconds }
func serverCPU(m Measurement) float64  { return m.ServerCPU }
func p50(m Measurement) float64        { return m.P50 / 1000 }
func p99(m Measurement) float64        { return m.P99 / 1000 }
func anonymous(m Measurement) float64  { return float64(m.Anonymous) / 1024 }
func behind(m Measurement) float64     { return m.Behind }
func otherCores(m Measurement) float64 { return m.OtherCores }

// median is that of a server's figures; ok is false if there are none.
func (r *Record) median(server string, k Key, v Value) (m float64, ok bool) {
	var all []float64
	for _, m := range r.list {
		if m.Server == server && m.Key == k {
			all = append(all, v(m))
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	slices.Sort(all)
	return (all[len(all)/2] + all[(len(all)-1)/2]) / 2, true
}
