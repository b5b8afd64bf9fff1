package progress

import (
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a terminal of the given width: what is written to it comes out of
// screen until it is closed.
func terminal(t *testing.T, columns uint16) (out *os.File, screen io.Reader) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	out, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	if err := unix.IoctlSetWinsize(int(out.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	return out, master
}

// lines are what the line on the terminal was, one after the other.
func lines(text string) (shown []string) {
	for _, l := range strings.Split(text, "\r") {
		if l = strings.TrimSpace(l); l != "" {
			shown = append(shown, l)
		}
	}
	return shown
}

func TestLineShowsEntriesRateAndWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		l := New(&out)
		l.Show("reading", 0, 0, 1000)
		time.Sleep(10 * time.Second)
		l.Show("reading", 5000, 250, 1000) // of 1000 bytes
		l.Show("reading", 5001, 251, 1000) // too soon
		shown := lines(out.String())
		if want := "reading  24% [====>...................] (5000, 500 entries/s) [10s:30s]"; shown[len(shown)-1] != want {
			t.Errorf("line %q, want %q", shown[len(shown)-1], want)
		}
		time.Sleep(10 * time.Second)
		l.Show("writing", 10, 0, 0)
		time.Sleep(time.Second)
		l.Show("writing", 1000, 0, 0)
		l.Clear()
		shown = lines(out.String())
		if last := shown[len(shown)-1]; !regexp.MustCompile(`^. writing \(1000, 1000 entries/s\) \[1s\]$`).MatchString(last) {
			t.Errorf("line %q where the end is not known", last)
		}
		left := strings.TrimRight(out.String(), "\r")
		if strings.Trim(left[strings.LastIndex(left, "\r")+1:], " ") != "" || strings.Contains(left, "\n") {
			t.Errorf("what is left on the terminal: %q", left)
		}
	})
}

func TestLineFitsATerminal(t *testing.T) {
	for _, columns := range []uint16{80, 60} {
		out, screen := terminal(t, columns)
		l := NewOf(out, "lines")
		for n := range uint64(3) {
			l.last = time.Time{}
			l.Show("adding", 100*n, int64(100*n), 1000)
		}
		l.Clear()
		out.Close()
		text, _ := io.ReadAll(screen) // ends with an error: nobody has the other side open
		shown := lines(string(text))
		if len(shown) == 0 || !regexp.MustCompile(`^adding +19% \[[=>.]+\] \(200, \d+ lines/s\) \[0s:0s\]$`).MatchString(shown[len(shown)-1]) {
			t.Fatalf("%d columns: %q", columns, shown)
		}
		for _, s := range shown {
			if len(s) > int(columns) {
				t.Errorf("%d columns: a line of %d, %q", columns, len(s), s)
			}
		}
	}
}

func TestNothingIsShownWhereNobodyLooks(t *testing.T) {
	var none *Line
	none.Show("reading", 1, 1, 1)
	none.Clear()
	var zero Line
	zero.Show("reading", 1, 1, 1)
	zero.Clear()
}

func TestLastEntryDoesNotEndTheLine(t *testing.T) {
	var out strings.Builder
	l := New(&out)
	for _, n := range []uint64{10, 20, 20, 25} { // more than there were said to be
		l.last = time.Time{}
		l.Show("dumping", n, int64(n), 20)
	}
	shown := lines(out.String())
	if last := shown[len(shown)-1]; !strings.Contains(last, "(25, ") {
		t.Errorf("line %q", last)
	}
}

func TestLineTellsWhatIsWaitedForBeforeThereIsSomethingToCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		l := New(&out)
		l.Wait("connecting")
		l.Wait("connecting")
		l.Wait("waiting")
		l.Show("reading", 0, 0, 10)
		time.Sleep(time.Second)
		l.Show("reading", 5, 5, 10)
		l.Wait("connecting")
		l.Clear()
		shown := lines(out.String())
		if n := len(shown); n < 4 || shown[0] != "connecting ..." || shown[1] != "waiting ..." || !strings.HasPrefix(shown[2], "reading ") || shown[n-1] != "connecting ..." {
			t.Errorf("lines %q", shown)
		}
		if !strings.HasSuffix(out.String(), "\r"+strings.Repeat(" ", len("connecting ..."))+"\r") {
			t.Errorf("what is left on the terminal: %q", out.String())
		}
		(*Line)(nil).Wait("nobody looks")
	})
}
