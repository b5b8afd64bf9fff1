package service

// service.go: start, stop and restart, as a user sees them.

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

// Bounds of the waits.
const (
	startWithin = 10 * time.Minute // a new index of a large store takes its time
	stopWithin  = 20 * time.Second // utdsd promises ten
	killWithin  = 5 * time.Second
	every       = 50 * time.Millisecond // between two looks
	dotEvery    = time.Second           // between two signs of life on Out
)

// Service is the utdsd of one installation.
type Service struct {
	Paths site.Paths
	Out   io.Writer // what is being done, line by line
}

// Start starts utdsd and waits until it answers. One that runs is left as it
// is, or with cold started anew. The error is a sentence for people.
func (s *Service) Start(cold bool) error {
	if err := s.mayManage(); err != nil {
		return err
	}
	if err := s.setUp(); err != nil {
		return err
	}
	p, err := s.find()
	switch {
	case err != nil:
		return err
	case p != nil && cold:
		return s.Restart()
	case p != nil:
		return s.confirm(p)
	}
	fmt.Fprint(s.Out, "Starting Sun Ray Data Store daemon .")
	pid, err := s.start()
	fmt.Fprintln(s.Out)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "Sun Ray Data Store daemon started (process %d)\n", pid)
	return nil
}

// setUp is the error of an installation that is none.
func (s *Service) setUp() error {
	if _, err := os.Stat(s.Paths.Config); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is not there: the server below %s is not set up; run utconfig first, or name another root with -R", s.Paths.Config, s.Paths.Root)
	}
	return nil
}

// confirm says that p runs, when it answers.
func (s *Service) confirm(p *process) error {
	if err := answers(s.Paths); err != nil {
		fmt.Fprintf(s.Out, "Sun Ray Data Store daemon is starting (process %d) .", p.pid)
		err := s.awaitAnswer(p, answering(), nil)
		fmt.Fprintln(s.Out)
		if err != nil {
			return err
		}
	}
	fmt.Fprintf(s.Out, "Sun Ray Data Store daemon is running already (process %d)\n", p.pid)
	return nil
}

// start gives the process id of the utdsd that answers.
func (s *Service) start() (int, error) {
	if s.unitEnabled() {
		return s.startUnit()
	}
	if err := s.Prepare(); err != nil {
		return 0, err
	}
	return s.startProcess()
}

// Stop ends utdsd and waits until it is gone. It is no error that none runs.
func (s *Service) Stop() error {
	if err := s.mayManage(); err != nil {
		return err
	}
	unit := s.unitActive()
	p, err := s.find()
	if err != nil {
		return err
	}
	if p == nil && !unit {
		fmt.Fprintln(s.Out, "Sun Ray Data Store daemon is not running")
		return nil
	}
	fmt.Fprintln(s.Out, "Stopping Sun Ray Data Store daemon")
	if unit {
		if err := systemctl("stop"); err != nil {
			return err
		}
	}
	if p != nil {
		if err := s.end(p); err != nil {
			return err
		}
	}
	fmt.Fprintln(s.Out, "Sun Ray Data Store daemon stopped")
	return nil
}

// StopNamed is Stop, and an error for a folder in which nothing runs and nothing is
// set up: its name is wrong. The machine itself may be without a server.
func (s *Service) StopNamed() error {
	if err := s.setUp(); err != nil && s.Paths.Root != "/" {
		quiet := Service{Paths: s.Paths, Out: io.Discard}
		if p, fault := quiet.find(); p == nil && fault == nil {
			return err
		}
	}
	return s.Stop()
}

// Restart is Stop and Start.
func (s *Service) Restart() error {
	if err := s.Stop(); err != nil {
		return err
	}
	return s.Start(false)
}

// Running gives the process id of the utdsd that serves this installation, 0 if
// none does.
func (s *Service) Running() (int, error) {
	p, err := s.find()
	if p == nil {
		return 0, err
	}
	return p.pid, nil
}

// Prepare makes the folders and gives utdsd's account its files. systemd has
// this done by utstart in front of each start.
func (s *Service) Prepare() error {
	if err := s.Paths.MakeFolders(); err != nil {
		return err
	}
	log, err := s.openLog()
	if err != nil {
		return err
	}
	log.Close()
	return s.Paths.GiveToService()
}

// mayManage refuses what would fail halfway.
func (s *Service) mayManage() error {
	if s.Paths.Root == "/" && os.Geteuid() != 0 {
		return errors.New("only root may start and stop the data store of this machine; one below a folder of your own is named with -R")
	}
	return nil
}

// end asks the process to end, and kills it if it does not: no acknowledged
// change is lost by that.
func (s *Service) end(p *process) error {
	if err := p.terminate(); err != nil {
		return err
	}
	if p.awaitEnd(stopWithin) {
		return nil
	}
	fmt.Fprintf(s.Out, "Process %d did not end within %s and is killed\n", p.pid, stopWithin)
	if err := p.kill(); err != nil {
		return err
	}
	if !p.awaitEnd(killWithin) {
		return fmt.Errorf("process %d does not end; a disk that does not answer may hold it", p.pid)
	}
	return nil
}
