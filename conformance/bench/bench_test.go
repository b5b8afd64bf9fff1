// bench_test.go: the two runs. They are benchmarks so that "go test" alone does
// not take a quarter of an hour; each is one round of its own.

package bench

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestMain(m *testing.M) {
	if behind := os.Getenv(echoEnv); behind != "" {
		os.Exit(runEcho(behind))
	}
	os.Exit(harness.Main(m))
}

// BenchmarkBesideSlapd is "make bench".
func BenchmarkBesideSlapd(b *testing.B) {
	r := newRunner(b, Defaults().FromEnvironment(b))
	begun := time.Now()
	r.whole()
	r.publish(time.Since(begun))
}

// BenchmarkQuick is "make bench-quick".
func BenchmarkQuick(b *testing.B) {
	s := Defaults()
	s.Length = time.Second
	s = s.FromEnvironment(b)
	r := newRunner(b, s)
	r.quick()
	fmt.Println(markdown(r.record.lines(r.quickRows())))
}
