// corpus_test.go: sends the corpus to the built server and watches.

package corpus

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	// bystanderWithin is how long another connection may wait for its answer
	// after whatever was sent.
	bystanderWithin = 2 * time.Second
	// maxGrowth is by how much the memory in use may grow over the corpus.
	maxGrowth = 32 << 20
	// maxPeak is by how much the resident memory may have grown at any time in
	// between: the runtime lets garbage pile up before it collects it.
	maxPeak = 96 << 20
	// maxFactor times as much as was sent may be allocated, and perCase for what the
	// limits allow whatever was sent, such as 4,096 items of a filter or 2,000
	// searches in one write, for a bind, and for being asked how much that was.
	maxFactor = 4
	perCase   = 8 << 20
	// maxLogLine bounds a line of the server's log.
	maxLogLine = 4 << 10
	// fewBytes are surely read by the server before it closes, so that its
	// last words are not lost to a reset.
	fewBytes = 2 << 10
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

func TestCorpus(t *testing.T) {
	quick := harness.Setting{Table: "limits", Key: "message_timeout", Value: "1s"}
	certified := harness.StartUtdsd(t, harness.Options{Config: []harness.Setting{quick}})
	uncertified := harness.StartUtdsd(t, harness.Options{Config: []harness.Setting{quick}, Plain: true})
	group := "utname=" + certified.Endpoint().Group + ",o=v1," + harness.Suffix
	scripts, err := loadCorpus("testdata", map[string][]byte{
		"suffix": []byte(harness.Suffix), "admin": []byte(harness.AdminDN),
		"password": []byte(harness.Password), "group": []byte(group),
	})
	if err != nil {
		t.Fatal(err)
	}
	bystander, err := dial(certified.Endpoint().Address)
	if err != nil {
		t.Fatal(err)
	}
	defer bystander.conn.Close()
	if err := bystander.ping(harness.Suffix); err != nil {
		t.Fatalf("before anything was sent: %v", err)
	}
	started, before := memory(t, certified.Pid(), "VmRSS"), inUse(t, certified)
	for _, s := range scripts {
		for _, c := range s.Cases {
			allocated := figure(t, certified, "go_memstats_alloc_bytes_total")
			sent := 0
			t.Run(s.Name+"/"+c.Title, func(t *testing.T) { sent = runCase(t, &c, certified, uncertified) })
			if a := int(figure(t, certified, "go_memstats_alloc_bytes_total") - allocated); a > perCase+maxFactor*sent {
				t.Errorf("%s, %s: %d bytes were allocated for %d that were sent", s.Name, c.Title, a, sent)
			}
			began := time.Now()
			if err := bystander.ping(harness.Suffix); err != nil {
				t.Fatalf("%s, %s: a bystander gets no answer: %v\n%s", s.Name, c.Title, err, certified.Log())
			}
			if d := time.Since(began); d > bystanderWithin {
				t.Errorf("%s, %s: a bystander's answer took %s", s.Name, c.Title, d)
			}
		}
	}
	after, peak := inUse(t, certified), memory(t, certified.Pid(), "VmHWM")
	t.Logf("memory in use: %d KiB before, %d KiB after; resident: %d KiB before, %d KiB at most",
		before>>10, after>>10, started>>10, peak>>10)
	if after-before > maxGrowth || peak-started > maxPeak {
		t.Errorf("memory may grow by %d KiB, and by %d KiB for a while", maxGrowth>>10, maxPeak>>10)
	}
	checkLog(t, certified.Log()+uncertified.Log())
}

// runCase runs one connection from dial to close, and gives how many bytes it sent.
func runCase(t *testing.T, c *scriptCase, certified, uncertified *harness.Utdsd) (sent int) {
	address := certified.Endpoint().Address
	switch c.Target {
	case "secure":
		address = strings.TrimPrefix(certified.Endpoint().SecureURL, "ldaps://")
	case "uncertified":
		address = uncertified.Endpoint().Address
	}
	p, err := dial(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { // StartTLS changes conn
		p.conn.Close()
		sent = p.sent
	}()
	for _, st := range c.Steps {
		if err := runStep(p, &st); err != nil {
			t.Fatalf("line %d: %v", st.Line, err)
		}
	}
	switch c.Steps[len(c.Steps)-1].Outcome {
	case "disconnect", "closed", "alive":
		return p.sent
	}
	if err := p.ping(harness.Suffix); err != nil {
		t.Errorf("the connection does not answer any more: %v", err)
	}
	return p.sent
}

func runStep(p *peer, st *step) error {
	switch st.Verb {
	case "send":
		return p.send(st.Bytes)
	case "drip":
		return p.drip(st.Bytes)
	case "flood":
		if err := p.flood(st.Bytes); err != nil {
			return err
		}
		return askBeside(p.conn.RemoteAddr().String())
	case "starttls":
		return p.startTLS()
	case "as":
		return p.bind(harness.AdminDN, harness.Password)
	}
	return p.expect(st)
}

// askBeside wants an answer on a new connection in time.
func askBeside(address string) error {
	began := time.Now()
	beside, err := dial(address)
	if err != nil {
		return err
	}
	defer beside.conn.Close()
	if err := beside.ping(harness.Suffix); err != nil {
		return fmt.Errorf("a bystander gets no answer: %w", err)
	}
	if d := time.Since(began); d > bystanderWithin {
		return fmt.Errorf("a bystander's answer took %s", d)
	}
	return nil
}

// bind does a simple bind.
func (p *peer) bind(dn, password string) error {
	body := append([]byte("\x02\x01\x03"), nest(0x04, 1, []byte(dn))...)
	body = append(body, nest(0x80, 1, []byte(password))...)
	if err := p.send(nest(0x30, 1, append([]byte("\x02\x01\x64"), nest(0x60, 1, body)...))); err != nil {
		return err
	}
	r, _, err := p.final()
	if err == nil && r.Code != 0 {
		err = fmt.Errorf("bind as %s: result %d", dn, r.Code)
	}
	return err
}

// expect waits for the outcome of a step.
func (p *peer) expect(st *step) error {
	switch st.Outcome {
	case "open", "alive":
		return nil
	case "closed":
		_, _, err := p.end()
		return err
	case "disconnect":
		last, reset, err := p.end()
		notice := last.ID == 0 && last.Op == extendedTag && last.Code == 2 &&
			bytes.Contains(last.Body, []byte("1.3.6.1.4.1.1466.20036"))
		if err == nil && !notice && !(reset && p.sent > fewBytes) {
			err = fmt.Errorf("no Notice of Disconnection with protocolError before the end, but %+v", last)
		}
		return err
	}
	r, entries, err := p.final()
	if err != nil {
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() {
			return fmt.Errorf("no answer within %s", answerWithin)
		}
		return fmt.Errorf("instead of a result: %w", err)
	}
	if r.ID == 0 {
		return fmt.Errorf("disconnected with code %d: %q", r.Code, r.Body)
	}
	switch {
	case st.Outcome == "result" && !slices.Contains(st.Codes, r.Code):
		return fmt.Errorf("result %d, want one of %v: %q", r.Code, st.Codes, r.Body)
	case st.Outcome == "no-match" && (r.Code != 0 || entries > 0):
		return fmt.Errorf("result %d with %d entries, want none: %q", r.Code, entries, r.Body)
	}
	return nil
}

// inUse is the resident memory of a server but for what a collection gives back
// to the runtime, which returns that to the kernel when it finds the time. How
// much garbage there is at some moment says nothing about what was kept.
func inUse(t *testing.T, u *harness.Utdsd) int {
	t.Helper()
	if _, err := scrape(u, "/debug/pprof/heap?gc=1"); err != nil {
		t.Fatal(err)
	}
	kept := figure(t, u, "go_memstats_heap_idle_bytes") - figure(t, u, "go_memstats_heap_released_bytes")
	return memory(t, u.Pid(), "VmRSS") - int(kept)
}

// memory is a figure of a process in bytes, as /proc has it in KiB.
func memory(t *testing.T, pid int, name string) int {
	t.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(status), name+":")
	fields := strings.Fields(line)
	if len(fields) == 0 {
		t.Fatalf("no %s", name)
	}
	kib, err := strconv.Atoi(fields[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// checkLog wants no secrets, no raw control characters and no endless lines in
// what the servers logged.
func checkLog(t *testing.T, log string) {
	t.Helper()
	if strings.Contains(log, harness.Password) || strings.Contains(log, "corpus-secret") {
		t.Error("a password is in the log")
	}
	for line := range strings.Lines(log) {
		line = strings.TrimSuffix(line, "\n")
		if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) && r != '\t' }); i >= 0 {
			t.Errorf("the log has a control character: %q", line)
		}
		if len(line) > maxLogLine {
			t.Errorf("the log has a line of %d bytes: %.200q...", len(line), line)
		}
		if strings.Contains(line, "panic") {
			t.Errorf("something panicked: %s", line)
		}
	}
}
