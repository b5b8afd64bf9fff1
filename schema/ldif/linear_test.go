// Time and memory grow with the input, not with its square.

package ldif

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// foldedValue is an entry with one base64 value of n bytes, folded.
func foldedValue(n int) []byte {
	value := bytes.Repeat([]byte{0xff, 1, 2, 3}, n/4)
	dst := append([]byte(nil), "dn: o=x\n"...)
	return AppendLine(dst, "photo", value, DefaultWidth)
}

// cost is the least processor time of several runs of f, and the bytes one run
// allocates. A clock would count what else the machine does, and the collector
// runs when it likes.
func cost(f func()) (least time.Duration, bytes uint64) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	least = time.Hour
	for range 5 {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		start := processor()
		f()
		least = min(least, processor()-start)
		runtime.ReadMemStats(&after)
		bytes = after.TotalAlloc - before.TotalAlloc
	}
	return least, bytes
}

// processor is the time that this thread has had a processor.
func processor() time.Duration {
	const threadTime = 3 // CLOCK_THREAD_CPUTIME_ID
	var t syscall.Timespec
	if _, _, err := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, threadTime, uintptr(unsafe.Pointer(&t)), 0); err != 0 {
		panic(err)
	}
	return time.Duration(t.Nano())
}

// wantLinear runs f with inputs of one and eight sizes. A square would cost 64 times as
// much; 8 are linear, and the rest is room for caches that are too small.
func wantLinear(t *testing.T, one, eight func()) {
	t.Helper()
	small, smallMem := cost(one)
	large, largeMem := cost(eight)
	if ratio := float64(large) / float64(small); ratio > 32 {
		t.Errorf("eight times the input took %.0f times the time (%v, %v)", ratio, small, large)
	}
	if ratio := float64(largeMem) / float64(smallMem); ratio > 16 {
		t.Errorf("eight times the input took %.0f times the memory", ratio)
	}
}

func TestFoldedValueIsReadAndWrittenInLinearTime(t *testing.T) {
	small, large := foldedValue(512<<10), foldedValue(4<<20)
	read := func(src []byte, n int) func() {
		return func() {
			rec, err := NewReader(bytes.NewReader(src)).Next()
			if err != nil || len(rec.Attributes[0].Values[0]) != n {
				t.Errorf("read back: %v", err)
			}
		}
	}
	wantLinear(t, read(small, 512<<10), read(large, 4<<20))
	wantLinear(t, func() { foldedValue(512 << 10) }, func() { foldedValue(4 << 20) })
}

func TestManyNamesManyValuesManyFoldsAreLinear(t *testing.T) {
	shapes := map[string]func(n int) string{
		"names":            func(n int) string { return repeat(n, "a%d: x\n") },
		"values":           func(n int) string { return repeat(n, "cn: %d\n") },
		"empty folds":      func(n int) string { return "cn: x\n" + strings.Repeat(" \n", n) },
		"folds in comment": func(n int) string { return "# x\n" + strings.Repeat(" y\n", n) },
		"mods": func(n int) string {
			return "changetype: modify\n" + repeat(n, "replace: a%[1]d\na%[1]d: x\n-\n")
		},
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			read := func(src string) func() {
				return func() {
					if _, err := NewReader(strings.NewReader(src)).Next(); err != nil {
						t.Error(err)
					}
				}
			}
			wantLinear(t, read("dn: o=x\n"+shape(10_000)), read("dn: o=x\n"+shape(80_000)))
		})
	}
}

func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func TestLongStreamNeedsTheMemoryOfOneRecord(t *testing.T) {
	entry := "dn: o=x\ncn: " + base64.StdEncoding.EncodeToString(make([]byte, 1000)) + "\n\n"
	r := NewReader(io.LimitReader(&again{text: entry}, int64(len(entry))*20_000))
	r.Reuse = true
	read := 0
	_, bytes := cost(func() {
		for {
			if _, err := r.Next(); err != nil {
				return
			}
			read++
		}
	})
	if read != 20_000 || bytes > 4<<20 {
		t.Errorf("%d records took %d bytes", read, bytes)
	}
}

// again gives its text over and over.
type again struct {
	text string
	at   int
}

func (a *again) Read(p []byte) (int, error) {
	n := copy(p, a.text[a.at:])
	a.at = (a.at + n) % len(a.text)
	return n, nil
}
