// bench_test.go: loading, dumping and starting beside slapd and its own tools, on
// the same data, in the same run; "make bench-flow" runs it. The lines
// "ours-to-..." are ratios: above 1 we are faster.
//
// FLOW_ENTRIES is how many entries there are, 100000 if it is not set.

package flow

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

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

// timed runs a program b.N times and reports entries per second, which it also
// returns, and memory. (The kernel counts the memory of the test binary at the
// start of the program as the program's, so that must be little.)
func timed(b *testing.B, entries int, before func(), cmd func() *exec.Cmd) (rate float64) {
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
	return n / took.Seconds()
}

// compare prints how much faster we are, if both were measured.
func compare(b *testing.B, ours, theirs float64, peer string) {
	b.Helper()
	if ours == 0 || theirs == 0 {
		return
	}
	b.Run("ours-to-"+peer, func(b *testing.B) {
		for b.Loop() {
			_ = b.N // nothing is left to do
		}
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(ours/theirs, "times-as-fast")
	})
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
rootdn "%s"
rootpw %s
directory %s
maxsize 8589934592
index objectClass,utname,uid,cn eq
`, filepath.Join(wd, "../clients/testdata/sunray.schema"), harness.AdminDN, harness.Password, db)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	empty = func() {
		if err := os.RemoveAll(db); err != nil {
			b.Fatal(err)
		}
		if err := os.Mkdir(db, 0o700); err != nil {
			b.Fatal(err)
		}
	}
	return conf, empty
}

// filled are the two servers with the data in file, not started.
func filled(b *testing.B, file string) (*harness.Utdsd, *harness.Slapd) {
	b.Helper()
	u := harness.NewUtdsd(b, harness.Options{Plain: true})
	run(b, "", "utldif2ldbm", "-R", u.Root, "-c", "-i", file).want(b, 0)
	conf, empty := slapdFolder(b)
	empty()
	if text, err := exec.Command(harness.Program(b, "slapadd"), "-q", "-f", conf, "-l", file).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, text)
	}
	return u, harness.NewSlapd(b, conf)
}

func slapcatTo(b *testing.B, s *harness.Slapd, out string) *exec.Cmd {
	return exec.Command(harness.Program(b, "slapcat"), "-f", filepath.Join(s.Dir, "slapd.conf"), "-l", out)
}

func BenchmarkLoad(b *testing.B) {
	n := benchEntries(b)
	file := benchFile(b, n)
	var ours, theirs float64
	for _, jobs := range []string{"1", "2"} {
		b.Run("utldif2ldbm-j"+jobs, func(b *testing.B) {
			root := b.TempDir()
			ours = timed(b, n, func() {}, func() *exec.Cmd { return command(b, "utldif2ldbm", "-R", root, "-c", "-j", jobs, "-i", file) })
		})
	}
	b.Run("slapadd-q", func(b *testing.B) {
		conf, empty := slapdFolder(b)
		theirs = timed(b, n, empty, func() *exec.Cmd { return exec.Command(harness.Program(b, "slapadd"), "-q", "-f", conf, "-l", file) })
	})
	compare(b, ours, theirs, "slapadd-q")
}

func BenchmarkDump(b *testing.B) {
	n := benchEntries(b)
	out := filepath.Join(b.TempDir(), "out")
	u, s := filled(b, benchFile(b, n))
	dump := func() *exec.Cmd { return command(b, "utldbmcat", "-R", u.Root, "-o", out) }
	var ours, theirs float64
	b.Run("utldbmcat", func(b *testing.B) { ours = timed(b, n, func() {}, dump) })
	b.Run("slapcat", func(b *testing.B) {
		theirs = timed(b, n, func() {}, func() *exec.Cmd { return slapcatTo(b, s, out) })
	})
	compare(b, ours, theirs, "slapcat")
	u.Restart(b)
	b.Run("utldbmcat-live", func(b *testing.B) { timed(b, n, func() {}, dump) })
}

// BenchmarkStart is the time from the start of the server to its first answer.
func BenchmarkStart(b *testing.B) {
	u, s := filled(b, benchFile(b, benchEntries(b)))
	for _, server := range []harness.Server{u, s} {
		b.Run(string(server.Endpoint().Kind), func(b *testing.B) {
			var took time.Duration
			for b.Loop() {
				begun := time.Now()
				server.Restart(b)
				took += time.Since(begun)
				server.Stop(b)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(took.Milliseconds())/float64(b.N), "ms-to-answer")
		})
	}
}
