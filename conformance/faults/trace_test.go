// trace_test.go: reads what strace wrote down and looks for acknowledgements
// that came too early.

package faults

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
)

// traceArgs let strace write to a file what the walk below reads: all bytes of
// what is read and written, with the two ends of each connection.
func traceArgs(file string) []string {
	return []string{"-f", "-qq", "-yy", "-xx", "-s", "65536", "-o", file, "-e", "trace=fdatasync,pwrite64," + socketCalls}
}

// socketCalls are the calls by which a server may hear and answer.
const socketCalls = "read,recvfrom,write,writev,sendto"

func receives(name string) bool { return name == "read" || name == "recvfrom" }

func sends(name string) bool { return name == "write" || name == "writev" || name == "sendto" }

// call is one line of a trace, or the halves of a call that took longer.
var (
	wholeCall = regexp.MustCompile(`^(\d+) +(\w+)\((\d+)<((?:->|[^>])*)>(.*)\) += (-?\d+)(.*)$`)
	// A call in which the process was killed: what it sent may have arrived.
	killedCall  = regexp.MustCompile(`^(\d+) +(\w+)\((\d+)<((?:->|[^>])*)>(.*)\) += \?`)
	startedCall = regexp.MustCompile(`^(\d+) +(\w+)\((\d+)<((?:->|[^>])*)>(.*) <unfinished \.\.\.>$`)
	resumedCall = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)(.*)$`)
	quoted      = regexp.MustCompile(`"((?:\\x[0-9a-f]{2})*)"`)
)

// flush is one fdatasync by the lines where it began and ended.
type flush struct {
	began, ended int
}

// walkKind says what must lie between a request and its answer.
type walkKind int

const (
	together walkKind = iota // a flush: what was written since may be of others
	alone                    // a flush of all that was written
)

// walk is the state of reading a trace.
type walk struct {
	kind     walkKind
	wrote    int // line on which a write to a file last ended
	line     int
	open     map[string][]string     // by thread: a call that is not finished; the last field is the line
	in, out  map[string][]byte       // by connection: bytes of an unfinished message
	requests map[string]map[byte]int // by connection and messageID: line where it was whole
	flushes  []flush
	failed   int // line of the first flush that failed, 0 for none
	updates  int // successful answers to changes
	early    []string
}

// walkTrace finds the successful answers to changes that left before a flush had
// begun after the request and ended, or after a flush had failed.
func walkTrace(trace io.Reader, kind walkKind) (*walk, error) {
	w := &walk{kind: kind, open: make(map[string][]string), in: make(map[string][]byte), out: make(map[string][]byte),
		requests: make(map[string]map[byte]int)}
	lines := bufio.NewScanner(trace)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		w.line++
		text := lines.Text()
		if m := wholeCall.FindStringSubmatch(text); m != nil {
			w.began(m[2], m[4], m[5])
			w.ended(m[2], m[4], m[5], m[6], m[7], w.line)
		} else if m := startedCall.FindStringSubmatch(text); m != nil {
			w.began(m[2], m[4], m[5])
			w.open[m[1]] = []string{m[2], m[4], m[5], fmt.Sprint(w.line)}
		} else if m := resumedCall.FindStringSubmatch(text); m != nil {
			if o := w.open[m[1]]; o != nil && o[0] == m[2] {
				var line int
				_, _ = fmt.Sscan(o[3], &line) // Sprint wrote it above
				w.ended(o[0], o[1], o[2]+m[3], m[4], m[5], line)
			}
			delete(w.open, m[1])
		}
	}
	return w, lines.Err()
}

// began looks at a call as it begins: an answer leaves then at the earliest.
func (w *walk) began(name, where, arguments string) {
	if !sends(name) || !strings.HasPrefix(where, "TCP") {
		return
	}
	w.out[where] = append(w.out[where], bytesOf(arguments)...)
	for _, m := range messages(w.out, where) {
		w.answer(where, m)
	}
}

// ended looks at a call as it ends: a request has arrived then, a flush is done.
func (w *walk) ended(name, where, arguments, result, rest string, began int) {
	switch {
	case name == "fdatasync" && (result != "0"):
		if w.failed == 0 {
			w.failed = w.line
		}
	case name == "fdatasync" && !strings.Contains(rest, "INJECTED"):
		w.flushes = append(w.flushes, flush{began, w.line})
	case name == "pwrite64":
		w.wrote = w.line
	case receives(name) && strings.HasPrefix(where, "TCP") && !strings.HasPrefix(result, "-"):
		w.in[where] = append(w.in[where], bytesOf(arguments)...)
		for _, m := range messages(w.in, where) {
			if w.requests[where] == nil {
				w.requests[where] = make(map[byte]int)
			}
			w.requests[where][m.id] = w.line
		}
	}
}

// answer judges one message to a client.
func (w *walk) answer(where string, m message) {
	switch m.operation {
	case 0x67, 0x69, 0x6b, 0x6d: // the responses to modify, add, delete and modify DN
	default:
		return
	}
	if m.code != 0 {
		return
	}
	w.updates++
	asked, ok := w.requests[where][m.id]
	flushes := 0
	for _, f := range w.flushes {
		if f.began > asked && (w.kind == together || f.began > w.wrote) {
			flushes++
		}
	}
	if !ok || flushes == 0 {
		w.early = append(w.early, fmt.Sprintf("line %d: answer %d on %s, asked on line %d, %d flushes since", w.line, m.id, where, asked, flushes))
	}
	if w.failed != 0 {
		w.early = append(w.early, fmt.Sprintf("line %d: answer %d on %s after the flush that failed on line %d", w.line, m.id, where, w.failed))
	}
	for len(w.flushes) > 64 { // older ones serve nobody
		w.flushes = w.flushes[32:]
	}
}

// bytesOf are all strings of a call's arguments.
func bytesOf(arguments string) []byte {
	var out []byte
	for _, m := range quoted.FindAllStringSubmatch(arguments, -1) {
		raw, _ := hex.DecodeString(strings.ReplaceAll(m[1], `\x`, ""))
		out = append(out, raw...)
	}
	return out
}

// message is what is needed of an LDAPMessage (RFC 4511 4.1.1).
type message struct {
	id        byte // the last byte of messageID: clients have one request under way
	operation byte
	code      byte
}

// messages takes the whole messages of a connection out of what has come.
// What is not LDAP is dropped.
func messages(pending map[string][]byte, where string) []message {
	var list []message
	for {
		b := pending[where]
		if len(b) > 0 && b[0] != 0x30 {
			delete(pending, where)
			return list
		}
		body, rest, ok := element(b)
		if !ok {
			return list
		}
		pending[where] = rest
		id, operation, ok := element(body)
		if !ok || len(id) == 0 || len(operation) == 0 {
			continue
		}
		m := message{id: id[len(id)-1], operation: operation[0]}
		if content, _, ok := element(operation); ok {
			if code, _, ok := element(content); ok && len(code) == 1 && content[0] == 0x0a {
				m.code = code[0]
			}
		}
		list = append(list, m)
	}
}

// element splits the first BER element off b: its content and what follows.
func element(b []byte) (content, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	size, header := int(b[1]), 2
	if n := size & 0x7f; size >= 0x80 {
		if n > 4 || len(b) < 2+n {
			return nil, nil, false
		}
		size = 0
		for _, c := range b[2 : 2+n] {
			size = size<<8 | int(c)
		}
		header += n
	}
	if len(b) < header+size {
		return nil, nil, false
	}
	return b[header : header+size], b[header+size:], true
}

// TestWalkSeesEarlyAnswers shows the walk traces in which the answer comes in
// time and in which it does not.
func TestWalkSeesEarlyAnswers(t *testing.T) {
	const (
		conn   = `9<TCP:[127.0.0.1:1->127.0.0.1:2]>`
		asked  = `7 recvfrom(` + conn + `, "\x30\x05\x02\x01\x05\x4a\x00", 4096, 0, NULL, NULL) = 7`
		reply  = `8 sendto(` + conn + `, "\x30\x0c\x02\x01\x05\x6b\x07\x0a\x01\x00\x04\x00\x04\x00", 14, MSG_NOSIGNAL, NULL, 0) = 14`
		refuse = `8 sendto(` + conn + `, "\x30\x0c\x02\x01\x05\x6b\x07\x0a\x01\x20\x04\x00\x04\x00", 14, MSG_NOSIGNAL, NULL, 0) = 14`
		flush  = `8 fdatasync(5<\x2f>) = 0`
		faked  = `8 fdatasync(5<\x2f>) = 0 (INJECTED)`
		fails  = `8 fdatasync(5<\x2f>) = -1 EIO (Input/output error) (INJECTED)`
		begins = `8 fdatasync(5<\x2f> <unfinished ...>`
		wrote  = `8 pwrite64(5<\x2f>, "\x00", 1, 4096) = 1`
		ends   = `8 <... fdatasync resumed>) = 0`
	)
	for _, c := range []struct {
		situation string
		lines     []string
		early     int
	}{
		{"in time", []string{asked, flush, reply}, 0},
		{"refused without a flush", []string{asked, refuse}, 0},
		{"no flush", []string{asked, reply}, 1},
		{"written and flushed", []string{asked, wrote, flush, reply}, 0},
		{"flushed and written", []string{asked, flush, wrote, reply}, 1},
		{"written during the flush", []string{asked, begins, `9` + wrote[1:], ends, reply}, 1},
		{"a flush from before the request", []string{flush, asked, reply}, 1},
		{"a flush that began before the request", []string{begins, asked, ends, reply}, 1},
		{"a flush that has not ended", []string{asked, begins, `9` + reply[1:], ends}, 1},
		{"a flush in two lines", []string{asked, begins, ends, reply}, 0},
		{"a flush that was left out", []string{asked, faked, reply}, 1},
		{"a flush that failed", []string{asked, flush, fails, reply}, 1},
	} {
		w, err := walkTrace(strings.NewReader(strings.Join(c.lines, "\n")), alone)
		if err != nil || len(w.early) != c.early {
			t.Errorf("%s: %q, %v", c.situation, w.early, err)
		}
	}
}
