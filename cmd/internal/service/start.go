package service

// start.go: a utdsd of its own session that outlives whoever started it.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// logName is the file in the folder of the logs.
const logName = "utdsd.log"

// fileLimit is the number of files that utdsd may have open: one for each
// connection.
const fileLimit = 65536

// maxTold bounds what is read of the log to find a reason.
const maxTold = 64 << 10

// openLog opens the log to be written at its end. Its owner may read it, and
// the group.
func (s *Service) openLog() (*os.File, error) {
	defer syscall.Umask(syscall.Umask(0o027))
	f, err := os.OpenFile(filepath.Join(s.Paths.Log, logName), os.O_RDWR|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW, 0o640)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return f, nil
}

// startProcess starts utdsd and waits until it answers.
func (s *Service) startProcess() (int, error) {
	log, err := s.openLog()
	if err != nil {
		return 0, err
	}
	defer log.Close()
	begin, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, fmt.Errorf("open the log: %w", err)
	}
	cmd, err := s.command(log)
	if err != nil {
		return 0, err
	}
	told, err := newNotice()
	if err != nil {
		return 0, err
	}
	defer told.close()
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+told.name())
	defer syscall.Umask(syscall.Umask(0o077)) // that of the new process
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // the log tells more
	}()
	p, err := newProcess(cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	if p == nil {
		p = &process{pid: cmd.Process.Pid}
	}
	err = s.awaitAnswer(p, told.ready, ended)
	if err == nil || !errors.Is(err, errEnded) {
		return p.pid, err
	}
	// Somebody else may have been faster: then ours has found the store in use.
	if server, _ := s.find(); server != nil && s.awaitAnswer(server, answering(), nil) == nil {
		return server.pid, nil
	}
	return 0, fmt.Errorf("utdsd did not start: %s", reason(log, begin))
}

// command is utdsd in a session of its own, under its own account and with an
// environment that tells nothing of whoever starts it.
func (s *Service) command(log *os.File) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find utdsd: %w", err)
	}
	path := filepath.Join(filepath.Dir(self), program)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("find utdsd, which must lie beside this program: %w", err)
	}
	cmd := exec.Command(path)
	if s.Paths.Root != "/" {
		cmd.Args = append(cmd.Args, "-R", s.Paths.Root)
	}
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	for _, name := range []string{"TZ", "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GODEBUG"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	owner, err := s.Paths.ServiceOwner()
	if err != nil {
		return nil, err
	}
	if owner != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: owner.UID, Gid: owner.GID, Groups: owner.Groups}
	}
	var limit syscall.Rlimit
	if os.Geteuid() == 0 && syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && limit.Max < fileLimit {
		limit.Cur, limit.Max = fileLimit, fileLimit
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) // fewer connections, and utdsd says so
	}
	return cmd, nil
}

// reason is what utdsd said last before it ended: the last line that begins
// with its name, else the last line.
func reason(log *os.File, begin int64) string {
	text, err := io.ReadAll(io.NewSectionReader(log, begin, maxTold))
	text = bytes.TrimSpace(text)
	if err != nil || len(text) == 0 {
		return log.Name() + " does not say why"
	}
	lines := strings.Split(string(text), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if told, ok := strings.CutPrefix(lines[i], program+": "); ok {
			return told
		}
	}
	return lines[len(lines)-1]
}
