// tape_test.go: what a server wrote to its store under load, in order, with the
// flushes and the answers in between, as strace wrote it down.

package faults

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// writing is one change of the file: bytes at an offset, or a new size.
type writing struct {
	at     int64
	data   []byte
	resize bool // at is the new size
}

// interval is what was written from one completed flush to the next one, none of
// it durable before that, and what clients had been told by then.
type interval struct {
	writes []writing
	told   map[int]int // answers by client, all of them with success
}

// tape is a recording.
type tape struct {
	first     []byte // the file before
	intervals []interval
	answers   int
}

// tapeArgs let strace write down what readTape needs; longest bounds the bytes of
// one call.
const longest = 4 << 20

func tapeArgs(file string) []string {
	return []string{"-f", "-qq", "-yy", "-xx", "-s", strconv.Itoa(longest), "-o", file,
		"-e", "trace=read,write,writev,pwrite64,ftruncate,fallocate,fdatasync,fsync"}
}

// player reads a trace. Calls that take two lines are put together as the walk
// in trace_test.go does it.
type player struct {
	tape  tape
	path  string // of the store as strace shows it
	open  map[string][]string
	walk  *walk
	whose map[string]int // client by connection
	now   interval
	err   error
}

// clientOf finds the client in what it writes into its entries.
var clientOf = regexp.MustCompile(`client (\d+) slot`)

// numbers are those of a call's arguments behind the bytes.
var numbers = regexp.MustCompile(`, (\d+)`)

// readTape reads the trace of a server that served the store at path.
func readTape(trace io.Reader, path string) (*tape, error) {
	p := &player{open: make(map[string][]string), whose: make(map[string]int),
		walk: &walk{in: make(map[string][]byte), out: make(map[string][]byte)}}
	for i := range len(path) {
		p.path += fmt.Sprintf(`\x%02x`, path[i])
	}
	p.now.told = make(map[int]int)
	lines := bufio.NewScanner(trace)
	lines.Buffer(nil, 5*longest)
	for lines.Scan() && p.err == nil {
		p.walk.line++
		text := lines.Text()
		if m := wholeCall.FindStringSubmatch(text); m != nil {
			p.began(m[2], m[4], m[5])
			p.ended(m[2], m[4], m[5], m[6], m[7])
		} else if m := startedCall.FindStringSubmatch(text); m != nil {
			p.began(m[2], m[4], m[5])
			p.open[m[1]] = []string{m[2], m[4], m[5]}
		} else if m := resumedCall.FindStringSubmatch(text); m != nil {
			if o := p.open[m[1]]; o != nil && o[0] == m[2] {
				p.ended(o[0], o[1], o[2]+m[3], m[4], m[5])
			}
			delete(p.open, m[1])
		}
	}
	p.flushed() // what was never flushed
	if p.err == nil {
		p.err = lines.Err()
	}
	return &p.tape, p.err
}

// began counts the answers: each leaves then at the earliest.
func (p *player) began(name, where, arguments string) {
	if name != "write" && name != "writev" || !strings.HasPrefix(where, "TCP") {
		return
	}
	p.walk.out[where] = append(p.walk.out[where], bytesOf(arguments)...)
	for _, m := range messages(p.walk.out, where) {
		switch m.operation {
		case 0x67, 0x69, 0x6b, 0x6d: // see walk.answer
		default:
			continue
		}
		client, ok := p.whose[where]
		if !ok || m.code != 0 {
			p.err = fmt.Errorf("line %d: answer %#x with code %d to client %d", p.walk.line, m.operation, m.code, client)
			return
		}
		p.now.told[client]++
		p.tape.answers++
	}
}

// ended takes what was read, written and flushed.
func (p *player) ended(name, where, arguments, result, rest string) {
	if name == "read" && strings.HasPrefix(where, "TCP") && p.whose[where] == 0 {
		if m := clientOf.FindSubmatch(bytesOf(arguments)); m != nil {
			p.whose[where], _ = strconv.Atoi(string(m[1])) // digits
		}
	}
	if where != p.path {
		return
	}
	var n []int64
	for _, m := range numbers.FindAllStringSubmatch(arguments, -1) {
		v, _ := strconv.ParseInt(m[1], 10, 64) // digits
		n = append(n, v)
	}
	switch {
	case name == "read":
	case strings.HasPrefix(result, "-"):
		p.err = fmt.Errorf("line %d: %s failed", p.walk.line, name)
	case name == "pwrite64" && len(n) == 2:
		data := bytesOf(arguments)
		if fmt.Sprint(len(data)) != result || n[0] != int64(len(data)) {
			p.err = fmt.Errorf("line %d: %d of %d bytes written, %d in the trace", p.walk.line, n[0], len(data), len(data))
		}
		p.now.writes = append(p.now.writes, writing{at: n[1], data: data})
	case name == "ftruncate" && len(n) == 1:
		p.now.writes = append(p.now.writes, writing{at: n[0], resize: true})
	case (name == "fdatasync" || name == "fsync") && !strings.Contains(rest, "INJECTED"):
		p.flushed()
	default:
		p.err = fmt.Errorf("line %d: %s on the store, which nobody expects here", p.walk.line, name)
	}
}

// flushed ends an interval.
func (p *player) flushed() {
	told := make(map[int]int, len(p.now.told))
	for client, n := range p.now.told {
		told[client] = n
	}
	p.tape.intervals = append(p.tape.intervals, p.now)
	p.now = interval{told: told}
}

// record runs a load on a new server under strace and gives what it wrote, with
// the history of its clients.
func record(t testing.TB, s *subject, acks int64) *tape {
	t.Helper()
	random := seed(t)
	first, err := os.ReadFile(s.StoreFile())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "trace")
	if !s.start(t, append([]string{harness.Program(t, "strace")}, tapeArgs(file)...)...) {
		t.Fatalf("the server does not start under strace\n%s", s.log.String())
	}
	l := s.startLoad(t, random)
	l.awaitAcks(acks, tracedIn)
	l.finish()
	s.end(t, syscall.SIGKILL) // its last writes are not those of an orderly end
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	recorded, err := readTape(f, s.StoreFile())
	if err != nil {
		t.Fatal(err)
	}
	if recorded.first = first; int64(recorded.answers) != l.acks.Load() || l.acks.Load() < acks {
		t.Fatalf("%d changes were acknowledged, %d in the trace, %d wanted", l.acks.Load(), recorded.answers, acks)
	}
	return recorded
}

// withoutEverySecondFlush is the tape of a server that flushes half as often.
func (tp *tape) withoutEverySecondFlush() *tape {
	out := &tape{first: tp.first, answers: tp.answers}
	for i := 0; i < len(tp.intervals); i += 2 {
		joined := tp.intervals[i]
		if i+1 < len(tp.intervals) {
			joined = interval{append(joined.writes[:len(joined.writes):len(joined.writes)], tp.intervals[i+1].writes...), tp.intervals[i+1].told}
		}
		out.intervals = append(out.intervals, joined)
	}
	return out
}
