// bench_live_test.go: what clients lose while a dump of their server is made.

package flow

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// period is how long clients work with and without dumps.
const period = 3 * time.Second

// The clients: connections that read single entries, and such that write.
const (
	readers = 16
	writers = 4
)

// BenchmarkLiveCost is what clients lose while one dump after the other is made.
func BenchmarkLiveCost(b *testing.B) {
	n := benchEntries(b)
	u, s := filled(b, benchFile(b, n))
	out := filepath.Join(b.TempDir(), "out")
	b.Run("utldbmcat", func(b *testing.B) {
		liveCost(b, u, n, func() *exec.Cmd { return command(b, "utldbmcat", "-R", u.Root, "-o", out) })
	})
	b.Run("slapcat", func(b *testing.B) {
		liveCost(b, s, n, func() *exec.Cmd { return slapcatTo(b, s, out) })
	})
}

func liveCost(b *testing.B, server harness.Server, n int, dump func() *exec.Cmd) {
	server.Restart(b)
	var lostReads, lostWrites, reads, writes []float64
	dumps := 0
	for b.Loop() {
		r, w := throughput(b, server.Endpoint(), n, func() { time.Sleep(period) })
		slowReads, slowWrites := throughput(b, server.Endpoint(), n, func() {
			for begun := time.Now(); time.Since(begun) < period; dumps++ {
				if text, err := dump().CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, text)
				}
			}
		})
		reads, writes = append(reads, r), append(writes, w)
		lostReads, lostWrites = append(lostReads, 100*(1-slowReads/r)), append(lostWrites, 100*(1-slowWrites/w))
	}
	server.Stop(b)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(dumps), "dumps")
	b.ReportMetric(median(reads), "reads/s")
	b.ReportMetric(median(writes), "writes/s")
	b.ReportMetric(median(lostReads), "%reads-lost")
	b.ReportMetric(median(lostWrites), "%writes-lost")
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// throughput is what clients get done while during runs, each second.
func throughput(b *testing.B, e harness.Endpoint, n int, during func()) (reads, writes float64) {
	var done [2]atomic.Int64
	var stop atomic.Bool
	var all sync.WaitGroup
	for i := range readers + writers {
		c := bind(b, e)
		all.Go(func() {
			defer c.Close()
			for k := i; !stop.Load(); k += 7919 {
				dn := fmt.Sprintf("utname=usr%07d,utname=users,%s", k%n/5*5, farm)
				kind, work := 0, readOne
				if i >= readers {
					kind, work = 1, writeOne
				}
				if err := work(c, dn, k); err != nil {
					b.Error(err)
					return
				}
				done[kind].Add(1)
			}
		})
	}
	begun := time.Now()
	during()
	took := time.Since(begun).Seconds()
	stop.Store(true)
	all.Wait()
	return float64(done[0].Load()) / took, float64(done[1].Load()) / took
}

func readOne(c *ldap.Conn, dn string, _ int) error {
	_, err := c.Search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", nil, nil))
	return err
}

func writeOne(c *ldap.Conn, dn string, k int) error {
	r := ldap.NewModifyRequest(dn, nil)
	r.Replace("description", []string{strconv.Itoa(k)})
	return c.Modify(r)
}
