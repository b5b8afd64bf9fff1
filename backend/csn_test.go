package backend

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// TestTimesAsText compares the text of times, which is put together by hand, with the
// library's.
func TestTimesAsText(t *testing.T) {
	times := []time.Time{
		time.Unix(0, 0), time.UnixMicro(-1), time.Date(2024, 2, 29, 23, 59, 59, 999_999_999, time.UTC),
		time.Date(2026, 11, 30, 12, 0, 0, 0, time.FixedZone("", 5*3600+1800)),
		time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		time.Date(-1, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 1000, time.UTC),
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		times = append(times, time.UnixMicro(rnd.Int64N(250_000_000_000_000_000)))
	}
	for i, at := range times {
		if got, want := string(generalizedTime(at)), at.UTC().Format("20060102150405Z"); got != want {
			t.Fatalf("%v is %q, want %q", at, got, want)
		}
		c := csn{at.UnixMicro(), uint32(i * 7919 & maxCount)}
		want := at.UTC().Format("20060102150405.000000Z") + "#" + fmt.Sprintf("%06x", c.count) + "#000#000000"
		if got := c.String(); got != want {
			t.Fatalf("the CSN of %v is %q, want %q", at, got, want)
		}
		if at.Before(time.Unix(0, 0)) || at.Year() > latestYear {
			continue // as parseCSN has it
		}
		if back, ok := parseCSN([]byte(c.String())); !ok || back != c {
			t.Fatalf("%q is read as %v, want %v", c, back, c)
		}
	}
}
