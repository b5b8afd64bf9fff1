// life_test.go: what killed servers through the number of connections and
// requests rather than through what these said (rows L1, L2 and L4 to L6).

package corpus

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

const (
	comers      = 256 // clients that connect, bind, search and close
	comings     = 20  // of each
	pipelined   = 10_000
	fewFiles    = 160 // descriptors of the server, see TestDescriptorsRunOut
	manyClients = 250
	busyClients = 64
	writing     = 16
	endWithin   = 10 * time.Second // from SIGTERM
)

// anonymous binds and asks for the suffix.
func anonymous(p *peer) error {
	if err := p.send([]byte("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00")); err != nil {
		return err
	}
	if r, _, err := p.final(); err != nil || r.Code != 0 {
		return fmt.Errorf("bind: %+v, %w", r, err)
	}
	return p.ping(harness.Suffix)
}

// scrape reads one path of the metrics' listener.
func scrape(s *harness.Utdsd, path string) (string, error) {
	client := http.Client{Timeout: bystanderWithin, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + s.Metrics + path)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, answer.Status)
	}
	return string(text), err
}

// figure is one metric without labels.
func figure(t *testing.T, s *harness.Utdsd, name string) float64 {
	t.Helper()
	text, err := scrape(s, "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no metric %s", name)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// awaitFigure waits until a metric is at most so much.
func awaitFigure(t *testing.T, s *harness.Utdsd, name string, most float64) {
	t.Helper()
	deadline := time.After(answerWithin)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		v := figure(t, s, name)
		if v <= most {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s is %v after %s, more than %v", name, v, answerWithin, most)
		case <-tick.C:
		}
	}
}

// checkStore runs the server's own check of the store, which must not be served.
func checkStore(t *testing.T, s *harness.Utdsd) (string, error) {
	t.Helper()
	out, err := exec.Command(harness.Binary(t, "utdsd"), "-R", s.Root, "-check").CombinedOutput()
	return string(out), err
}

// TestConnectionsComeAndGoTogether: maps that connections share without a lock
// end a Go process (glauth 198, authentik 13446). What connections need is given
// back.
func TestConnectionsComeAndGoTogether(t *testing.T) {
	s := harness.StartUtdsd(t, harness.Options{Plain: true})
	goroutines, files := figure(t, s, "go_goroutines"), figure(t, s, "process_open_fds")
	var wait sync.WaitGroup
	var done atomic.Int64
	for range comers {
		wait.Go(func() {
			for range comings {
				p, err := dial(s.Endpoint().Address)
				if err == nil {
					err = anonymous(p)
					p.conn.Close()
				}
				if err != nil {
					t.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	wait.Wait()
	t.Logf("%d connections", done.Load())
	awaitFigure(t, s, "utds_ldap_connections", 0)
	awaitFigure(t, s, "go_goroutines", goroutines+5)
	awaitFigure(t, s, "process_open_fds", files+5)
	checkLog(t, s.Log())
}

// TestTenThousandRequestsAtOnce: a goroutine for each request is what gldap and
// vjeantet/ldapserver have. Here they are read as others are finished, and each
// is answered once.
func TestTenThousandRequestsAtOnce(t *testing.T) {
	s := harness.StartUtdsd(t, harness.Options{Plain: true})
	before := figure(t, s, "go_goroutines")
	p, err := dial(s.Endpoint().Address)
	if err != nil {
		t.Fatal(err)
	}
	defer p.conn.Close()
	tail := append(nest(0x04, 1, []byte(harness.Suffix)),
		"\x0a\x01\x02\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass\x30\x00"...)
	var all []byte
	for i := range pipelined {
		id := []byte{2, 3, byte((i + 1) >> 16), byte((i + 1) >> 8), byte(i + 1)}
		all = append(all, nest(0x30, 1, append(id, nest(0x63, 1, tail)...))...)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := p.conn.Write(all) // the server stops reading until answers are taken
		sent <- err
	}()
	if err := askBeside(s.Endpoint().Address); err != nil {
		t.Error(err)
	}
	if n := figure(t, s, "go_goroutines"); n > before+50 {
		t.Errorf("%v goroutines, %v before", n, before)
	}
	seen := map[int64]bool{} // searches may overtake each other
	for range pipelined {
		r, entries, err := p.final()
		if err != nil || r.ID < 1 || r.ID > pipelined || seen[r.ID] || r.Code != 0 || entries == 0 {
			t.Fatalf("after %d answers: %+v behind %d entries, %v", len(seen), r, entries, err)
		}
		seen[r.ID] = true
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	if err := askBeside(s.Endpoint().Address); err != nil {
		t.Error(err)
	}
}

// TestDescriptorsRunOut: the server goes on serving who is connected, counts what
// it could not take and takes the next ones as soon as others have gone.
func TestDescriptorsRunOut(t *testing.T) {
	s := harness.StartUtdsd(t, harness.Options{Plain: true})
	first, err := dial(s.Endpoint().Address)
	if err != nil {
		t.Fatal(err)
	}
	defer first.conn.Close()
	if err := anonymous(first); err != nil {
		t.Fatal(err)
	}
	few := unix.Rlimit{Cur: fewFiles, Max: fewFiles}
	if err := unix.Prlimit(s.Pid(), unix.RLIMIT_NOFILE, &few, nil); err != nil {
		t.Fatal(err)
	}
	var crowd []*peer
	defer func() {
		for _, p := range crowd {
			p.conn.Close()
		}
	}()
	for range manyClients { // those that are not taken wait in the kernel's queue
		p, err := dial(s.Endpoint().Address)
		if err != nil {
			t.Fatal(err)
		}
		crowd = append(crowd, p)
	}
	deadline := time.Now().Add(answerWithin)
	for !strings.Contains(s.Log(), "cannot accept a connection") {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections and no failure to accept one", manyClients)
		}
		if err := first.ping(harness.Suffix); err != nil {
			t.Fatalf("who was connected before: %v", err)
		}
	}
	if err := first.ping(harness.Suffix); err != nil {
		t.Errorf("who was connected before: %v", err)
	}
	for _, p := range crowd {
		p.conn.Close()
	}
	crowd = nil
	last, err := dial(s.Endpoint().Address)
	if err != nil {
		t.Fatal(err)
	}
	defer last.conn.Close()
	if err := anonymous(last); err != nil {
		t.Errorf("after the others have gone: %v", err)
	}
	if n := figure(t, s, "utds_ldap_accept_errors_total"); n == 0 {
		t.Error("failures to accept are not counted")
	}
	checkLog(t, s.Log())
}

// TestMetricsWhileAllAreBusy: who looks after a server has to see it exactly
// when it is overloaded (389-ds 7633).
func TestMetricsWhileAllAreBusy(t *testing.T) {
	s := harness.StartUtdsd(t, harness.Options{Plain: true})
	scan := nest(0x30, 1, append([]byte("\x02\x01\x01"), nest(0x63, 1, append(nest(0x04, 1, []byte(harness.Suffix)),
		"\x0a\x01\x02\x0a\x01\x00\x02\x01\x00\x02\x01\x00\x01\x01\x00\x87\x0bobjectClass\x30\x06\x04\x01*\x04\x01+"...))...))
	var wait sync.WaitGroup
	stalled := make(chan error, busyClients)
	for range busyClients {
		p, err := dial(s.Endpoint().Address)
		if err != nil {
			t.Fatal(err)
		}
		defer p.conn.Close()
		wait.Go(func() {
			for {
				if r, _, err := p.ask(scan); err != nil || r.Code != 0 {
					stalled <- err
					return
				}
			}
		})
		defer p.conn.Close()
	}
	for range 20 {
		for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
			if _, err := scrape(s, path); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	select {
	case err := <-stalled:
		t.Errorf("a busy client: %v", err)
	default:
	}
}

// TestEndUnderLoad: SIGTERM among writers ends the process in time with a sound
// store that was closed in order; who had asked gets an answer or the end.
func TestEndUnderLoad(t *testing.T) {
	s := harness.StartUtdsd(t, harness.Options{Plain: true})
	write := nest(0x30, 1, append([]byte("\x02\x01\x01"), nest(0x66, 1, append(nest(0x04, 1, []byte(harness.Suffix)),
		"\x30\x19\x30\x17\x0a\x01\x02\x30\x12\x04\x0bdescription\x31\x03\x04\x01x"...))...))
	var wait sync.WaitGroup
	var made atomic.Int64
	for range writing {
		p, err := dial(s.Endpoint().Address)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.bind(harness.AdminDN, harness.Password); err != nil {
			t.Fatal(err)
		}
		wait.Go(func() {
			defer p.conn.Close()
			for {
				r, _, err := p.ask(write)
				switch {
				case err != nil || r.ID == 0: // the end, with or without notice
					return
				case r.Code != 0:
					t.Errorf("result %d: %q", r.Code, r.Body)
					return
				}
				made.Add(1)
			}
		})
	}
	deadline := time.Now().Add(answerWithin)
	for made.Load() < 10*writing && time.Now().Before(deadline) {
		if err := askBeside(s.Endpoint().Address); err != nil {
			t.Fatal(err)
		}
	}
	begun := time.Now()
	if err := syscall.Kill(s.Pid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := s.AwaitExit(t); code != 0 || time.Since(begun) > endWithin {
		t.Errorf("exit status %d after %v\n%s", code, time.Since(begun), s.Log())
	}
	wait.Wait()
	if made.Load() < 10*writing {
		t.Errorf("%d changes were made", made.Load())
	}
	if out, err := checkStore(t, s); err != nil {
		t.Errorf("check: %v\n%s", err, out)
	}
	s.Restart(t)
	if strings.Contains(s.Log(), "not closed in order") {
		t.Errorf("the store was not closed in order:\n%s", s.Log())
	}
}

// ask sends a request and waits for its final response.
func (p *peer) ask(request []byte) (response, int, error) {
	if err := p.send(request); err != nil {
		return response{}, 0, err
	}
	return p.final()
}
