// await.go: waiting for a secondary to be level with its primary.

package main

import (
	"fmt"
	"os"
	"time"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/daemon"
	"github.com/sunray-ds/utdsd/cmd/internal/progress"
	"github.com/sunray-ds/utdsd/replica"
)

// Bounds of the wait: how often the server is asked, and how long it may have
// no connection to its primary.
const (
	askEvery     = 100 * time.Millisecond
	patienceDown = 30 * time.Second
)

// await asks until the secondary is level, or until it is clear that it will not
// be without somebody's help.
//
// It asks on a new connection each time: when the data is replaced the server
// ends those that are open.
func (g *group) await(primary string) error {
	bar := g.newBar(primary)
	defer bar.end()
	heard := time.Now()
	for {
		s, running, err := g.status()
		switch {
		case err != nil:
			return err
		case !running:
			return fmt.Errorf("%w any more; it goes on when it is started", daemon.ErrDown)
		}
		up := s.Upstream
		if s.Role != replica.RoleSecondary || up == nil {
			return fmt.Errorf("the role of this server was changed while it was waited for: it is %s now", s.Role)
		}
		if up.Connected {
			heard = time.Now()
		}
		switch {
		case up.Level:
			bar.end()
			fmt.Fprintf(g.out, "It is level with %s: %d entries.\n", primary, s.Entries)
			if lost := lostText(up); lost != "" {
				fmt.Fprintln(g.out, lost)
			}
			return nil
		case replica.NeedsPrimary(up.Outcome):
			return fmt.Errorf("%s does not replicate to this server: %s", primary, up.Reason)
		case time.Since(heard) > patienceDown:
			return fmt.Errorf("nothing comes from %s (%s): %s; this server stays its secondary and goes on trying", primary, up.State(), up.Error)
		}
		bar.show(up)
		time.Sleep(askEvery)
	}
}

// bar is the line on the terminal while it is waited.
type bar struct {
	line    *progress.Line
	primary string
}

func (g *group) newBar(primary string) *bar {
	b := &bar{primary: primary}
	if f, ok := g.errOut.(*os.File); ok && command.IsTerminal(f) {
		b.line = progress.New(f)
	}
	return b
}

func (b *bar) show(up *replica.UpstreamStatus) {
	switch {
	case up.Expected > 0:
		b.line.Show("receiving the data of "+b.primary, up.Received, int64(up.Received), int64(up.Expected))
	case up.Connected:
		b.line.Wait("waiting for " + b.primary)
	default:
		b.line.Wait("connecting to " + b.primary)
	}
}

func (b *bar) end() { b.line.Clear() }
