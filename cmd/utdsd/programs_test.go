package main

// Starting the built programs, for the tests of what a user sees of them.

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// within bounds everything that a program is waited for.
const within = 20 * time.Second

const testPassword = "Heron-5-of-the-tests"

// binEnv tells the tests where TestMain has built the programs.
const binEnv = "UTDSD_TEST_PROGRAMS"

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "utdsd-programs")
	if err == nil {
		build := exec.Command("go", "build", "-o", dir+"/", "../utdsd", "../utconfig", "../utuser", "../utsample")
		var out []byte
		if out, err = build.CombinedOutput(); err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "build the programs:", err)
		os.Exit(1)
	}
	if err := os.Setenv(binEnv, dir); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func program(name string, args ...string) *exec.Cmd {
	return exec.Command(filepath.Join(os.Getenv(binEnv), name), args...)
}

// result is what a program that ended has left.
type result struct {
	code     int
	out, err string
}

// runProgram runs a program to its end. stdin may be empty.
func runProgram(t *testing.T, stdin, name string, args ...string) result {
	t.Helper()
	cmd := program(name, args...)
	var out, errOut bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errOut
	timer := time.AfterFunc(within, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%s: %v", name, err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

// want fails the test unless the program ended with the code and its output
// (either stream) has every text.
func (r result) want(t *testing.T, code int, texts ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d\n%s%s", r.code, code, r.out, r.err)
	}
	for _, text := range texts {
		if !strings.Contains(r.out+r.err, text) {
			t.Errorf("no %q in\n%s%s", text, r.out, r.err)
		}
	}
	if strings.Contains(r.out+r.err, testPassword) {
		t.Errorf("the password is told:\n%s%s", r.out, r.err)
	}
}

// configure sets up a new root for the port; "0" is good for a root that is
// only served on addresses of -H.
func configure(t *testing.T, port string) (root string) {
	t.Helper()
	root = t.TempDir()
	r := runProgram(t, testPassword+"\n", "utconfig", "-R", root, "-y", "-w", "-", "-port", port, "-group", "farm")
	r.want(t, 0, "Added 14 new LDAP entries.")
	return root
}

// daemonProcess is a running utdsd.
type daemonProcess struct {
	cmd   *exec.Cmd
	lines chan string // every line of both streams
	done  chan error

	mu  sync.Mutex
	log strings.Builder
}

// startDaemon starts utdsd and ends it with the test.
func startDaemon(t *testing.T, args ...string) *daemonProcess {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &daemonProcess{cmd: program("utdsd", args...), lines: make(chan string, 1000), done: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = w, w
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	read := make(chan struct{})
	go func() {
		defer close(read)
		for s := bufio.NewScanner(r); s.Scan(); {
			p.mu.Lock()
			p.log.WriteString(s.Text() + "\n")
			p.mu.Unlock()
			p.lines <- s.Text()
		}
		r.Close()
	}()
	go func() {
		<-read
		p.done <- p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // an error says that it has ended
		<-read
		if strings.Contains(p.text(), testPassword) {
			t.Errorf("the password is in the log:\n%s", p.text())
		}
	})
	return p
}

func (p *daemonProcess) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// await reads lines until one has the text, and gives what follows it there.
func (p *daemonProcess) await(t *testing.T, text string) string {
	t.Helper()
	timeout := time.After(within)
	for {
		select {
		case line := <-p.lines:
			if _, rest, ok := strings.Cut(line, text); ok {
				return rest
			}
		case <-timeout:
			t.Fatalf("no %q in\n%s", text, p.text())
		}
	}
}

// stop sends SIGTERM and wants a clean end in the promised time.
func (p *daemonProcess) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.done:
		if err != nil {
			t.Errorf("%v\n%s", err, p.text())
		}
	case <-time.After(10 * time.Second):
		t.Errorf("does not end within ten seconds\n%s", p.text())
	}
}
