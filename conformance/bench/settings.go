// settings.go: how much is measured and for how long.

package bench

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Settings bound a run. Each has an environment variable (BENCH_ENTRIES=...).
type Settings struct {
	Entries int           // ENTRIES: of the comparison
	Small   int           // SMALL: of substring searches and replication, and the smallest size of the curves
	Large   int           // LARGE: the largest size of the curves; 0 leaves it out
	Rounds  int           // ROUNDS: each is a figure of each server, and medians are compared
	Length  time.Duration // SECONDS: of one piece of work
	Lag     int           // LAG: writes whose way to the secondary is timed, in each round
	Missed  int           // MISSED: changes that a secondary catches up with
	Folder  string        // OUT: gets results.jsonl
	Docs    string        // DOCS: has performance.md and gets the pictures; "": neither is written
	Profile string        // PROFILE: gets processor profiles of our server; "": none are made
	Parts   []string      // PARTS: names with commas; none: all parts, and only then DOCS is written
	Clients []int         // numbers of connections of the curve
}

// Defaults are the settings of a whole run; folders are those of the repository,
// which is two levels up from a test.
func Defaults() Settings {
	return Settings{
		Entries: 100_000, Small: 10_000, Large: 1_000_000, Rounds: 3, Length: 1500 * time.Millisecond,
		Lag: 1000, Missed: 10_000, Folder: "../../bin/bench", Docs: "../../docs", Clients: []int{1, 4, 16, 64, 256, 1000},
	}
}

// fewest entries have so many users that none is written to by two of 64 × 16
// requests at a time.
const fewest = 7000

// warm is what comes before the measured part of a piece of work.
func (s Settings) warm() time.Duration { return min(s.Length/4, 300*time.Millisecond) }

// FromEnvironment replaces settings by those of the environment.
func (s Settings) FromEnvironment(tb testing.TB) Settings {
	tb.Helper()
	whole := func(name string, v *int) {
		if text := os.Getenv("BENCH_" + name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 {
				tb.Fatalf("BENCH_%s: %q is no number", name, text)
			}
			*v = n
		}
	}
	folder := func(name string, v *string) {
		if text, ok := os.LookupEnv("BENCH_" + name); ok {
			*v = text
		}
		if *v != "" {
			abs, err := filepath.Abs(*v)
			if err != nil {
				tb.Fatal(err)
			}
			*v = abs
		}
	}
	whole("ENTRIES", &s.Entries)
	whole("SMALL", &s.Small)
	whole("LARGE", &s.Large)
	whole("ROUNDS", &s.Rounds)
	whole("LAG", &s.Lag)
	whole("MISSED", &s.Missed)
	folder("OUT", &s.Folder)
	folder("DOCS", &s.Docs)
	folder("PROFILE", &s.Profile)
	if text := os.Getenv("BENCH_PARTS"); text != "" {
		s.Parts, s.Docs = strings.Split(text, ","), ""
	}
	if text := os.Getenv("BENCH_SECONDS"); text != "" {
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || seconds <= 0 || seconds > 600 {
			tb.Fatalf("BENCH_SECONDS: %q is no number of seconds up to 600", text)
		}
		s.Length = time.Duration(seconds * float64(time.Second))
	}
	if s.Rounds < 1 || s.Entries < fewest || s.Small < fewest || s.Lag < 1 || s.Missed < 1 {
		tb.Fatalf("too little to measure: %+v", s)
	}
	return s
}
