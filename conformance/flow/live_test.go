// live_test.go: dumps while the server serves and takes writes.

package flow

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// loaded is a server with n entries.
func loaded(t testing.TB, n int) *harness.Utdsd {
	t.Helper()
	u := harness.NewUtdsd(t, harness.Options{Plain: true})
	load(t, u.Root, data(n)).want(t, 0)
	u.Restart(t)
	return u
}

const counterDN = "cn=counter," + farm

// count writes in a fixed order until stop: the counter is set to n, then entry n
// is added, then entry n-5 is deleted. done is called after each change.
func count(t *testing.T, c *ldap.Conn, stop *atomic.Bool, done func(n int)) (last int) {
	add := func(dn string, attrs ...string) error {
		r := ldap.NewAddRequest(dn, nil)
		r.Attribute("objectClass", []string{"top", "applicationProcess"})
		for i := 0; i < len(attrs); i += 2 {
			r.Attribute(attrs[i], []string{attrs[i+1]})
		}
		return c.Add(r)
	}
	if err := add(counterDN, "cn", "counter", "description", "0"); err != nil {
		t.Errorf("add the counter: %v", err)
		return 0
	}
	for n := 1; !stop.Load(); n++ {
		set := ldap.NewModifyRequest(counterDN, nil)
		set.Replace("description", []string{strconv.Itoa(n)})
		err := c.Modify(set)
		if err == nil {
			err = add(fmt.Sprintf("cn=n%d,%s", n, farm), "cn", fmt.Sprint("n", n), "description", strings.Repeat("x", 200))
		}
		if err == nil && n > 5 {
			err = c.Del(ldap.NewDelRequest(fmt.Sprintf("cn=n%d,%s", n-5, farm), nil))
		}
		if err != nil {
			t.Errorf("change %d: %v", n, err)
			return n
		}
		last = n
		done(n)
	}
	return last
}

// sequence gives the change number that a dump of the counted store must have,
// from what is in it, and fails the test if no moment had that.
func sequence(t *testing.T, text string, first uint64) uint64 {
	t.Helper()
	m := regexp.MustCompile(`dn: ` + counterDN + `\n(?:.+\n)*description: (\d+)\n`).FindStringSubmatch(text)
	if m == nil {
		if strings.Contains(text, "\ndn: cn=n") {
			t.Fatal("counted entries without the counter")
		}
		return first
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	there := map[int]bool{}
	for _, m := range regexp.MustCompile(`(?m)^dn: cn=n(\d+),`).FindAllStringSubmatch(text, -1) {
		k, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		there[k] = true
	}
	seq := first + 1 // the counter
	for k := 1; k <= n; k++ {
		seq++ // the counter is k
		if k == n && !there[n] {
			break
		}
		seq++ // k is there
		gone := k - 5
		if gone < 1 {
			continue
		}
		if k < n || !there[gone] {
			seq++
		}
	}
	for k := range there {
		if k > n || k < n-5 {
			t.Errorf("entry n%d is there while the counter is %d", k, n)
		}
	}
	for k := max(n-4, 1); k < n; k++ {
		if !there[k] {
			t.Errorf("entry n%d is missing while the counter is %d", k, n)
		}
	}
	return seq
}

func TestDumpUnderWritesIsOnePosition(t *testing.T) {
	u := loaded(t, 3000)
	start := positionLine.FindStringSubmatch(dump(t, u.Root))
	first, err := strconv.ParseUint(start[2], 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	c := bind(t, u.Endpoint())
	var stop atomic.Bool
	var writing sync.WaitGroup
	moved := make(chan int, 1)
	writing.Go(func() {
		count(t, c, &stop, func(n int) {
			select {
			case moved <- n:
			default:
			}
		})
	})
	seen := map[uint64]bool{}
	for range 12 {
		<-moved
		text := dump(t, u.Root)
		m := positionLine.FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("no position in\n%.300s", text)
		}
		seq, err := strconv.ParseUint(m[2], 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		if want := sequence(t, text, first); want != seq || m[1] != start[1] {
			t.Errorf("the dump says change %d of %s and has what was there after change %d of %s", seq, m[1], want, start[1])
		}
		seen[seq] = true
		// The state hash in the header is that of the entries: a load finds out.
		other := t.TempDir()
		load(t, other, text).want(t, 0)
		if dump(t, other) != text {
			t.Error("what is loaded from the dump is another state")
		}
	}
	stop.Store(true)
	writing.Wait()
	if len(seen) < 6 {
		t.Errorf("only %d positions were dumped", len(seen))
	}
	u.Stop(t)
	check(t, u.Root)
	for _, name := range files(t, u.Root) {
		if name != "id2entry.dbb" && name != "id2entry.dbb.previous" && name != "id2entry.dbb.ballast" {
			t.Errorf("%s is left", name)
		}
	}
}

// relay stands in place of the server's local socket and hands everything on,
// until the client sends its request number n, at which it calls stop.
func relay(t *testing.T, u *harness.Utdsd, n int, stop func()) {
	t.Helper()
	path := filepath.Join(filepath.Dir(filepath.Join(u.Root, storeFile)), "ldapi")
	behind := path + ".behind"
	if err := os.Rename(path, behind); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	running.Go(func() {
		client, err := l.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		server, err := net.Dial("unix", behind)
		if err != nil {
			t.Errorf("the server's socket: %v", err)
			return
		}
		defer server.Close()
		running.Go(func() {
			_, _ = io.Copy(client, server) // ends with the server
			client.Close()
		})
		buf := make([]byte, 4096)
		for i := 1; ; i++ { // a request is one write
			size, err := client.Read(buf)
			if err != nil {
				return
			}
			if i == n {
				stop()
			}
			if _, err := server.Write(buf[:size]); err != nil {
				return
			}
		}
	})
}

func TestServerThatIsGoneBeforeTheEndCutsTheDump(t *testing.T) {
	u := loaded(t, 2000)
	relay(t, u, 3, func() { u.Kill(t) }) // bind, hold, and the end of the holding
	file := filepath.Join(t.TempDir(), "dump")
	cmd := command(t, "utldbmcat", "-R", u.Root)
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout = out
	finish(t, cmd).want(t, 1, "the dump is cut off")
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	text := read(t, file)
	if strings.Contains(text, "# end:") || !strings.Contains(text, "\ndn: ") {
		t.Errorf("dump of %d bytes, with an end: %v", len(text), strings.Contains(text, "# end:"))
	}
}

func TestServerThatIsStoppedDuringADumpDoesNotWaitForIt(t *testing.T) {
	u := loaded(t, 2000)
	relay(t, u, 3, func() { u.Stop(t) })
	file := filepath.Join(t.TempDir(), "dump")
	begun := time.Now()
	run(t, "", "utldbmcat", "-R", u.Root, "-o", file).want(t, 1, "the dump is cut off")
	if took := time.Since(begun); took > 6*time.Second {
		t.Errorf("the stop took %v", took)
	}
	if list, err := os.ReadDir(filepath.Dir(file)); err != nil || len(list) != 0 {
		t.Errorf("files %v, %v", list, err)
	}
}

func TestServerWithoutLocalSocketIsExplained(t *testing.T) {
	u := harness.NewUtdsd(t, harness.Options{Plain: true})
	proc := command(t, "utdsd", "-R", u.Root, "-H", u.Endpoint().URL, "-metrics", "off")
	out, err := proc.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := proc.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil { // it says that it listens
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(u.Root, "var/opt/SUNWut/srds/dbm.ut/ldapi")); err != nil {
		t.Fatal(err)
	}
	run(t, "", "utldbmcat", "-R", u.Root).want(t, 1, "does not answer on its local socket", "ldapi://")
	if err := proc.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = proc.Wait()
}
