// cell.go: what is to be done to a server, and what came of it.

package load

import (
	"errors"
	"fmt"
	"time"
)

// Cell is one piece of work for one server.
type Cell struct {
	Address      string // host:port on loopback
	Process      int    // pid of the server
	DN, Password string // who binds each connection first; "": nobody
	Connections  int
	Outstanding  int           // requests on each connection at a time
	Warm         time.Duration // before it is measured
	Length       time.Duration // that is measured; 0: until there are no more requests
	Work         Work
}

// Figure is what a cell measured. Times are in microseconds, rates in units per
// second. A server's time includes what the kernel does for it.
type Figure struct {
	Seconds    float64 `json:"seconds"`
	Operations int     `json:"operations"`
	PerSecond  float64 `json:"per_second"`
	P50        float64 `json:"p50_us"`
	P99        float64 `json:"p99_us"`
	ReadsP99   float64 `json:"reads_p99_us,omitempty"` // if there were writes, too
	ServerCPU  float64 `json:"server_cpu_us"`          // for each operation
	Cores      float64 `json:"server_cores"`
	OwnCores   float64 `json:"load_cores"`
	OtherCores float64 `json:"other_cores"` // what everybody else took from the machine
	Anonymous  int     `json:"anonymous_kib"`
}

// spent fills in processor time and memory, from before the work to now.
func (f *Figure) spent(process int, before used) error {
	after, err := processorTime(process)
	if err != nil {
		return err
	}
	f.Cores = (after.server - before.server) / f.Seconds
	f.OwnCores = (after.own - before.own) / f.Seconds
	f.OtherCores = max(0, (after.machine-before.machine)/f.Seconds-f.Cores-f.OwnCores)
	f.PerSecond = float64(f.Operations) / f.Seconds
	if f.Operations > 0 {
		f.ServerCPU = (after.server - before.server) * 1e6 / float64(f.Operations)
	}
	if process == 0 {
		return nil
	}
	m, err := MemoryOf(process)
	f.Anonymous = m.Anonymous
	return err
}

// errScan is the error of a scan that did not find everything.
var errScan = errors.New("a scan is not what the server holds")

// Scan measures reads of everything, one after the other for the length of the
// cell and at least one: in one search each, or in pages of so many entries. An
// operation is an entry, and a latency that of a scan or page. All scans must
// find what want has, but for what the benchmark writes to.
func (c Cell) Scan(page int, want Holds) (f Figure, err error) {
	s, err := Open(c.Address, c.DN, c.Password)
	if err != nil {
		return f, err
	}
	defer s.Close()
	var all latencies
	before, err := processorTime(c.Process)
	if err != nil {
		return f, err
	}
	begun := time.Now()
	for f.Operations == 0 || time.Since(begun) < c.Length {
		var got Holds
		if page > 0 {
			got, err = s.Pages(page, all.add)
		} else {
			from := time.Now()
			got, err = s.Scan(false)
			all.add(time.Since(from))
		}
		if err != nil {
			return f, fmt.Errorf("scan: %w", err)
		}
		if got.Entries != want.Entries || got.Stable != want.Stable {
			return f, fmt.Errorf("%w: %d entries with the sum %x, not %d with %x", errScan, got.Entries, got.Stable, want.Entries, want.Stable)
		}
		f.Operations += got.Entries
	}
	f.Seconds = time.Since(begun).Seconds()
	f.P50, f.P99 = all.quantile(0.5), all.quantile(0.99)
	return f, f.spent(c.Process, before)
}
