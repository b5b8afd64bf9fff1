// terminal.go: a terminal for programs that behave otherwise on one: they show
// progress there, and ask for passwords.

package harness

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminalWithin bounds the wait for a text on a terminal.
const terminalWithin = 20 * time.Second

// Terminal is a terminal and who sits in front of it.
type Terminal struct {
	Program *os.File // for the program: its standard input, output or error
	master  *os.File
	screen  logBuffer
	more    chan struct{} // something was written
	done    chan struct{} // closed when nothing more comes
}

// NewTerminal opens a terminal of 80 columns that echoes what is typed.
func NewTerminal(tb testing.TB) *Terminal {
	tb.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		tb.Fatal(err)
	}
	t := &Terminal{master: master, more: make(chan struct{}, 1), done: make(chan struct{})}
	tb.Cleanup(func() {
		t.Hangup()
		master.Close()
		<-t.done
	})
	// Control keeps the file in the poller, so that Close ends a Read.
	raw, err := master.SyscallConn()
	if err != nil {
		tb.Fatal(err)
	}
	var number int
	var fault error
	err = raw.Control(func(fd uintptr) {
		if fault = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); fault == nil {
			number, fault = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
		if fault == nil {
			fault = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
		}
	})
	if err != nil || fault != nil {
		tb.Fatal(err, fault)
	}
	if t.Program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		tb.Fatal(err)
	}
	go t.watch()
	return t
}

// watch collects what is written until no program has the terminal any more.
func (t *Terminal) watch() {
	defer close(t.done)
	buf := make([]byte, 4096)
	for {
		n, err := t.master.Read(buf)
		if err != nil {
			return
		}
		_, _ = t.screen.Write(buf[:n])
		select {
		case t.more <- struct{}{}:
		default:
		}
	}
}

// Hangup gives the terminal up on this side; call it when the program is
// started, so that Wait sees its end.
func (t *Terminal) Hangup() { t.Program.Close() }

// Wait waits until no program has the terminal any more and gives all that was
// written to it.
func (t *Terminal) Wait() string {
	<-t.done
	return t.screen.String()
}

// Await waits until the text has been written to the terminal.
func (t *Terminal) Await(tb testing.TB, text string) {
	tb.Helper()
	timeout := time.After(terminalWithin)
	for !strings.Contains(t.screen.String(), text) {
		select {
		case <-t.more:
		case <-t.done:
			if !strings.Contains(t.screen.String(), text) {
				tb.Fatalf("no %q on the terminal:\n%s", text, t.screen.String())
			}
		case <-timeout:
			tb.Fatalf("no %q on the terminal within %s:\n%s", text, terminalWithin, t.screen.String())
		}
	}
}

// Type types a text; a line ends with "\n".
func (t *Terminal) Type(tb testing.TB, text string) {
	tb.Helper()
	if _, err := t.master.WriteString(text); err != nil {
		tb.Fatalf("type on the terminal: %v", err)
	}
}
