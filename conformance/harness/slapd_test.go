// slapd_test.go: the life of a server under the harness, shown with slapd.

package harness

import (
	"net"
	"os"
	"syscall"
	"testing"
)

func TestServerLivesUntilItIsStopped(t *testing.T) {
	s := StartSlapd(t)
	pid := s.Pid()
	if pid == 0 {
		t.Fatal("no process")
	}
	for _, end := range []struct {
		name string
		call func(testing.TB)
	}{{"killed", s.Kill}, {"stopped", s.Stop}} {
		end.call(t)
		<-s.Exited()
		if s.Pid() != 0 || syscall.Kill(pid, 0) == nil {
			t.Errorf("%s and still there", end.name)
		}
		if conn, err := net.Dial("tcp", s.Endpoint().Address); err == nil {
			conn.Close()
			t.Errorf("%s and still listening", end.name)
		}
		s.Restart(t)
		if err := anonymousBind(nil, s.Endpoint().Address); err != nil {
			t.Errorf("%s and started again: %v", end.name, err)
		}
		pid = s.Pid()
	}
}

func TestRootIsRemovedWhenTheTestEnds(t *testing.T) {
	var dir string
	t.Run("inner", func(t *testing.T) { dir = StartSlapd(t).Dir })
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", dir, err)
	}
}

func TestServerThatEndsByItselfIsSeen(t *testing.T) {
	s := StartSlapd(t)
	if err := syscall.Kill(s.Pid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := s.AwaitExit(t); code != 0 {
		t.Errorf("exit status %d\n%s", code, s.Log())
	}
}
