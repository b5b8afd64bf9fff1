package service

// ready.go: whether the data store answers.

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/cmd/internal/answer"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

// answerWithin bounds one question.
const answerWithin = 5 * time.Second

// errEnded tells that the process ended before the data store answered.
var errEnded = errors.New("utdsd has ended")

// answering is for a server that is known to listen.
func answering() <-chan struct{} {
	ready := make(chan struct{})
	close(ready)
	return ready
}

// awaitAnswer waits until the data store answers. ready is closed when utdsd
// listens: what answers before that is another server on its port. ended is
// closed when the process ends; it may be nil for one that is no child.
func (s *Service) awaitAnswer(p *process, ready, ended <-chan struct{}) error {
	begin := time.Now()
	dot := begin.Add(dotEvery)
	for {
		err := errors.New("it does not listen yet")
		select {
		case <-ready:
			err = answers(s.Paths)
		default:
		}
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return errEnded
		case <-time.After(every):
		}
		now := time.Now()
		switch {
		case !p.alive():
			return errEnded
		case now.Sub(begin) > startWithin:
			return fmt.Errorf("process %d runs and does not answer within %s: %w", p.pid, startWithin, err)
		case now.After(dot):
			fmt.Fprint(s.Out, ".")
			dot = now.Add(dotEvery)
		}
	}
}

// answers asks for the root DSE: over the local socket, or over TCP where there is
// none, as on a full disk, and where this user may not use it.
func answers(p site.Paths) error {
	nc, err := site.DialSocket(p.Socket)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		nc, err = dialTCP(p)
	}
	if err != nil {
		return err
	}
	conn := ldap.NewConn(nc, false)
	conn.Start()
	defer conn.Close()
	conn.SetTimeout(answerWithin)
	q := ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 1, 0, false, "(objectClass=*)", []string{"namingContexts"}, nil)
	found, err := conn.Search(q)
	switch {
	case answer.TimedOut(err):
		return fmt.Errorf("it takes a question and does not answer it within %s", answerWithin)
	case err != nil:
		return answer.Text(err)
	}
	if len(found.Entries) != 1 {
		return errors.New("there is no root DSE")
	}
	return nil
}

func dialTCP(p site.Paths) (net.Conn, error) {
	conf, err := p.ReadAdmin()
	if err != nil {
		return nil, err
	}
	return net.DialTimeout("tcp", net.JoinHostPort(conf.Server, strconv.Itoa(conf.Port)), answerWithin)
}
