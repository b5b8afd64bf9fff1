// bench_test.go: loading and dumping beside slapd's own tools, on the same data.
//
//	go test ./conformance/flow -run NONE -bench . -benchtime 3x
//
// FLOW_ENTRIES is how many entries there are, 100000 if it is not set.

package flow

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

func benchEntries(b *testing.B) int {
	text := os.Getenv("FLOW_ENTRIES")
	if text == "" {
		return 100_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("FLOW_ENTRIES: %q is no number of entries", text)
	}
	return n
}

// benchFile writes the data.
func benchFile(b *testing.B, n int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "data.ldif")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprint(w, tree()) // errors show at Flush
	for i := range n {
		fmt.Fprint(w, leaf(i))
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// timed runs a program b.N times and reports entries per second and memory. (The
// kernel counts the memory of the test binary at the start of the program as the
// program's, so that must be little.)
func timed(b *testing.B, entries int, before func(), cmd func() *exec.Cmd) {
	b.Helper()
	var most int64
	var cpu, took time.Duration
	for b.Loop() {
		b.StopTimer()
		before()
		c := cmd()
		b.StartTimer()
		begun := time.Now()
		out, err := c.CombinedOutput()
		took += time.Since(begun)
		if err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
		if ok {
			most = max(most, usage.Maxrss)
		}
		cpu += c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	}
	n := float64(entries) * float64(b.N)
	b.ReportMetric(n/took.Seconds(), "entries/s")
	b.ReportMetric(float64(cpu.Microseconds())/n, "cpu-us/entry")
	b.ReportMetric(float64(most)/1024, "MiB-rss")
}

// slapdFolder is a configured slapd with an empty database and equality indexes
// on four attributes; ours has nine.
func slapdFolder(b *testing.B) (conf string, empty func()) {
	b.Helper()
	dir := b.TempDir()
	db := filepath.Join(dir, "db")
	conf = filepath.Join(dir, "slapd.conf")
	wd, err := os.Getwd()
	if err != nil {
		b.Fatal(err)
	}
	text := fmt.Sprintf(`include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include %s
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "o=utdata"
rootdn "cn=admin,o=utdata"
directory %s
maxsize 8589934592
index objectClass,utname,uid,cn eq
`, filepath.Join(wd, "../clients/testdata/sunray.schema"), db)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return conf, func() {
		if err := os.RemoveAll(db); err != nil {
			b.Fatal(err)
		}
		if err := os.Mkdir(db, 0o700); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	n := benchEntries(b)
	file := benchFile(b, n)
	for _, jobs := range []string{"1", "2"} {
		b.Run("utldif2ldbm-j"+jobs, func(b *testing.B) {
			root := b.TempDir()
			timed(b, n, func() {}, func() *exec.Cmd { return command(b, "utldif2ldbm", "-R", root, "-c", "-j", jobs, "-i", file) })
		})
	}
	b.Run("slapadd-q", func(b *testing.B) {
		conf, empty := slapdFolder(b)
		timed(b, n, empty, func() *exec.Cmd { return exec.Command(harness.Program(b, "slapadd"), "-q", "-f", conf, "-l", file) })
	})
}

func BenchmarkDump(b *testing.B) {
	n := benchEntries(b)
	file := benchFile(b, n)
	out := filepath.Join(b.TempDir(), "out")
	u := harness.NewUtdsd(b, harness.Options{Plain: true})
	run(b, "", "utldif2ldbm", "-R", u.Root, "-c", "-i", file).want(b, 0)
	ours := func() *exec.Cmd { return command(b, "utldbmcat", "-R", u.Root, "-o", out) }
	b.Run("utldbmcat", func(b *testing.B) { timed(b, n, func() {}, ours) })
	b.Run("slapcat", func(b *testing.B) {
		conf, empty := slapdFolder(b)
		empty()
		if text, err := exec.Command(harness.Program(b, "slapadd"), "-q", "-f", conf, "-l", file).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, text)
		}
		timed(b, n, func() {}, func() *exec.Cmd { return exec.Command(harness.Program(b, "slapcat"), "-f", conf, "-l", out) })
	})
	begun := time.Now()
	u.Restart(b)
	b.Logf("the server answers %v after its start, with %d entries", time.Since(begun), n)
	b.Run("utldbmcat-live", func(b *testing.B) { timed(b, n, func() {}, ours) })
}

// BenchmarkLiveCost is what clients lose while one dump after the other is made:
// 16 connections that read single entries, and 4 that write.
func BenchmarkLiveCost(b *testing.B) {
	const period = 3 * time.Second
	n := benchEntries(b)
	u := harness.NewUtdsd(b, harness.Options{Plain: true})
	run(b, "", "utldif2ldbm", "-R", u.Root, "-c", "-i", benchFile(b, n)).want(b, 0)
	u.Restart(b)
	out := filepath.Join(b.TempDir(), "out")
	rate := func(dumping bool) (reads, writes float64) {
		var done [2]atomic.Int64
		var stop atomic.Bool
		var all sync.WaitGroup
		for i := range 20 {
			c := bind(b, u.Endpoint())
			all.Go(func() {
				defer c.Close()
				for k := i; !stop.Load(); k += 7919 {
					kind := 0
					dn := fmt.Sprintf("utname=usr%07d,utname=users,%s", k%n/5*5, farm)
					var err error
					if i < 16 {
						_, err = c.Search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", nil, nil))
					} else {
						kind = 1
						r := ldap.NewModifyRequest(dn, nil)
						r.Replace("description", []string{strconv.Itoa(k)})
						err = c.Modify(r)
					}
					if err != nil {
						b.Error(err)
						return
					}
					done[kind].Add(1)
				}
			})
		}
		begun := time.Now()
		dumps := 0
		for time.Since(begun) < period {
			if dumping {
				run(b, "", "utldbmcat", "-R", u.Root, "-o", out).want(b, 0)
				dumps++
			} else {
				time.Sleep(period / 100)
			}
		}
		took := time.Since(begun).Seconds()
		stop.Store(true)
		all.Wait()
		return float64(done[0].Load()) / took, float64(done[1].Load()) / took
	}
	var ratios, writeRatios []float64
	for b.Loop() {
		reads, writes := rate(false)
		slow, slowWrites := rate(true)
		ratios, writeRatios = append(ratios, slow/reads), append(writeRatios, slowWrites/writes)
		b.Logf("without: %.0f reads/s, %.0f writes/s; while dumping: %.0f reads/s, %.0f writes/s", reads, writes, slow, slowWrites)
	}
	slices.Sort(ratios)
	slices.Sort(writeRatios)
	b.ReportMetric(100*(1-ratios[len(ratios)/2]), "%reads-lost")
	b.ReportMetric(100*(1-writeRatios[len(writeRatios)/2]), "%writes-lost")
}
