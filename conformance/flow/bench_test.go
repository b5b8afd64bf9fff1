// bench_test.go: loading, dumping and starting beside slapd and its own tools, on
// the same data, in the same run, in turn; "make bench-flow" runs it. The lines
// "...-to-..." are ratios: above 1 we are faster.
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

// timing is what one run, or the median of several, took.
type timing struct{ wall, cpu time.Duration }

// side is a program that is measured.
type side struct {
	name    string
	before  func() // not measured; may be nil
	command func() *exec.Cmd

	timings []timing
	most    int64 // KiB of memory
}

// once runs the program. (The kernel counts the memory of the test binary at the
// start of the program as the program's, so that must be little.)
func (s *side) once(b *testing.B) {
	b.Helper()
	if s.before != nil {
		s.before()
	}
	c := s.command()
	begun := time.Now()
	out, err := c.CombinedOutput()
	took := time.Since(begun)
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.most = max(s.most, usage.Maxrss)
	}
	s.timings = append(s.timings, timing{took, c.ProcessState.UserTime() + c.ProcessState.SystemTime()})
}

// report is a line for one side.
func (s *side) report(b *testing.B, entries int) {
	b.Run(s.name, func(b *testing.B) {
		for b.Loop() {
			_ = b.N // it is measured already
		}
		n := float64(entries)
		wall := median(collect(s.timings, func(t timing) float64 { return t.wall.Seconds() }))
		cpu := median(collect(s.timings, func(t timing) float64 { return t.cpu.Seconds() }))
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(n/wall, "entries/s")
		b.ReportMetric(cpu*1e6/n, "cpu-us/entry")
		b.ReportMetric(float64(s.most)/1024, "MiB-rss")
	})
}

func collect[T any](list []T, f func(T) float64) (values []float64) {
	for _, x := range list {
		values = append(values, f(x))
	}
	return values
}

// beside runs the sides in turn, so that what else the machine has to do meets all
// of them, and tells how much faster each one is than the last: the median of the
// rounds.
func beside(b *testing.B, entries int, sides ...*side) {
	b.Helper()
	b.Run("in-turn", func(b *testing.B) {
		for b.Loop() {
			for _, s := range sides {
				s.once(b)
			}
		}
	})
	peer := sides[len(sides)-1]
	if len(peer.timings) == 0 {
		return // not asked for
	}
	for _, s := range sides {
		s.report(b, entries)
	}
	for _, s := range sides[:len(sides)-1] {
		b.Run(s.name+"-to-"+peer.name, func(b *testing.B) {
			for b.Loop() {
				_ = b.N // it is measured already
			}
			var wall, cpu []float64
			for i := range s.timings {
				wall = append(wall, peer.timings[i].wall.Seconds()/s.timings[i].wall.Seconds())
				cpu = append(cpu, peer.timings[i].cpu.Seconds()/s.timings[i].cpu.Seconds())
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(wall), "times-as-fast")
			b.ReportMetric(median(cpu), "times-less-cpu")
		})
	}
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
	load := func(jobs string) *side {
		root := b.TempDir()
		return &side{name: "utldif2ldbm-j" + jobs, command: func() *exec.Cmd {
			return command(b, "utldif2ldbm", "-R", root, "-c", "-j", jobs, "-i", file)
		}}
	}
	conf, empty := slapdFolder(b)
	beside(b, n, load("1"), load("2"), &side{name: "slapadd-q", before: empty, command: func() *exec.Cmd {
		return exec.Command(harness.Program(b, "slapadd"), "-q", "-f", conf, "-l", file)
	}})
}

// BenchmarkDump has ours make its dump durable, which slapcat does not do.
func BenchmarkDump(b *testing.B) {
	n := benchEntries(b)
	u, s := filled(b, benchFile(b, n))
	dump := func(name string) *side {
		out := filepath.Join(b.TempDir(), "out")
		return &side{name: name, command: func() *exec.Cmd { return command(b, "utldbmcat", "-R", u.Root, "-o", out) }}
	}
	theirs := filepath.Join(b.TempDir(), "out")
	slapcat := func() *side {
		return &side{name: "slapcat", command: func() *exec.Cmd { return slapcatTo(b, s, theirs) }}
	}
	beside(b, n, dump("utldbmcat"), slapcat())
	u.Restart(b)
	b.Run("served", func(b *testing.B) { beside(b, n, dump("utldbmcat-live"), slapcat()) })
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
