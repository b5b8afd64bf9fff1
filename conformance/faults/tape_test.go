// tape_test.go: what a server wrote to its store under load, in order, with the
// flushes and the answers in between, as strace wrote it down.

package faults

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

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
		"-e", "trace=pwrite64,ftruncate,fallocate,fdatasync,fsync," + socketCalls}
}

// player reads a trace. Calls that take two lines are put together as the walk
// in trace_test.go does it.
type player struct {
	tape  tape
	path  string // of the store as strace shows it
	line  int
	open  map[string]recorded // by thread: a call that is not finished
	out   map[string][]byte   // by connection: bytes of an unfinished message
	whose map[string]int      // client by connection
	now   interval
}

// recorded is a call, its bytes taken out of its text.
type recorded struct {
	name, where, arguments string
	data                   []byte
}

// clientOf finds the client in what it writes into its entries.
var clientOf = regexp.MustCompile(`client (\d+) slot`)

// numbers are those of a call's arguments behind the bytes.
var numbers = regexp.MustCompile(`, (\d+)`)

// readTape reads the trace of a server that served the store at path.
func readTape(trace io.Reader, path string) (*tape, error) {
	p := &player{open: make(map[string]recorded), whose: make(map[string]int), out: make(map[string][]byte)}
	for i := range len(path) {
		p.path += fmt.Sprintf(`\x%02x`, path[i])
	}
	p.now.told = make(map[int]int)
	lines := bufio.NewScanner(trace)
	lines.Buffer(nil, 5*longest)
	for lines.Scan() {
		p.line++
		text, data := withoutBytes(lines.Text())
		if err := p.take(text, data); err != nil {
			return nil, fmt.Errorf("line %d: %w", p.line, err)
		}
	}
	p.flushed() // what was never flushed
	return &p.tape, lines.Err()
}

// withoutBytes takes the strings out of a line: they are most of it, and the
// expressions of trace_test.go are slow.
func withoutBytes(line string) (text string, data []byte) {
	parts := strings.Split(line, `"`)
	for i, part := range parts {
		if i%2 == 0 {
			text += part
			continue
		}
		raw, _ := hex.DecodeString(strings.ReplaceAll(part, `\x`, "")) // strace writes nothing else
		data = append(data, raw...)
	}
	return text, data
}

// take takes one line.
func (p *player) take(text string, data []byte) error {
	if m := wholeCall.FindStringSubmatch(text); m != nil {
		c := recorded{m[2], m[4], m[5], data}
		return errors.Join(p.began(c), p.ended(c, m[6], m[7]))
	}
	if m := killedCall.FindStringSubmatch(text); m != nil {
		return p.began(recorded{m[2], m[4], m[5], data})
	}
	if m := startedCall.FindStringSubmatch(text); m != nil {
		p.open[m[1]] = recorded{m[2], m[4], m[5], data}
		return p.began(p.open[m[1]])
	}
	m := resumedCall.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	c, ok := p.open[m[1]]
	delete(p.open, m[1])
	if !ok || c.name != m[2] {
		return nil
	}
	c.arguments += m[3]
	c.data = append(c.data, data...)
	return p.ended(c, m[4], m[5])
}

// began counts the answers: each leaves then at the earliest.
func (p *player) began(c recorded) error {
	if !sends(c.name) || !strings.HasPrefix(c.where, "TCP") {
		return nil
	}
	p.out[c.where] = append(p.out[c.where], c.data...)
	for _, m := range messages(p.out, c.where) {
		switch m.operation {
		case 0x67, 0x69, 0x6b, 0x6d: // see walk.answer
		default:
			continue
		}
		client, ok := p.whose[c.where]
		if !ok || m.code != 0 {
			return fmt.Errorf("answer %#x with code %d to client %d", m.operation, m.code, client)
		}
		p.now.told[client]++
		p.tape.answers++
	}
	return nil
}

// ended takes what was read, written and flushed.
func (p *player) ended(c recorded, result, rest string) error {
	if receives(c.name) && strings.HasPrefix(c.where, "TCP") && p.whose[c.where] == 0 {
		if m := clientOf.FindSubmatch(c.data); m != nil {
			p.whose[c.where], _ = strconv.Atoi(string(m[1])) // digits
		}
	}
	if c.where != p.path || receives(c.name) {
		return nil
	}
	var n []int64
	for _, m := range numbers.FindAllStringSubmatch(c.arguments, -1) {
		v, _ := strconv.ParseInt(m[1], 10, 64) // digits
		n = append(n, v)
	}
	switch {
	case strings.HasPrefix(result, "-"):
		return fmt.Errorf("%s failed", c.name)
	case c.name == "pwrite64" && len(n) == 2:
		if fmt.Sprint(len(c.data)) != result || n[0] != int64(len(c.data)) {
			return fmt.Errorf("%s of %d bytes written, %d in the trace", result, n[0], len(c.data))
		}
		p.now.writes = append(p.now.writes, writing{at: n[1], data: c.data})
	case c.name == "ftruncate" && len(n) == 1:
		p.now.writes = append(p.now.writes, writing{at: n[0], resize: true})
	case (c.name == "fdatasync" || c.name == "fsync") && !strings.Contains(rest, "INJECTED"):
		p.flushed()
	default:
		return fmt.Errorf("%s on the store, which nobody expects here", c.name)
	}
	return nil
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
	begun := time.Now()
	l := s.startLoad(t, random)
	l.awaitAcks(acks, tracedIn)
	l.finish()
	s.killTraced(t) // its last writes are not those of an orderly end
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	loaded := time.Now()
	recording, err := readTape(f, s.StoreFile())
	if err != nil {
		t.Fatal(err)
	}
	if recording.first = first; int64(recording.answers) != l.acks.Load() || l.acks.Load() < acks {
		t.Fatalf("%d changes were acknowledged, %d in the trace, %d wanted", l.acks.Load(), recording.answers, acks)
	}
	t.Logf("recorded for %.1f s, read in %.1f s", loaded.Sub(begun).Seconds(), time.Since(loaded).Seconds())
	return recording
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
