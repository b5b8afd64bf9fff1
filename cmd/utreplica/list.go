// list.go: how the group is doing, for people, programs and scripts.

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/daemon"
	"github.com/sunray-ds/utdsd/replica"
)

// exitBehind is the exit code of -i when a member is behind or out of reach.
const exitBehind = 3

// status asks the server, once more if it has ended the connection: those that are
// opened after its data was replaced stay. Without a server only the role is known.
func (g *group) status() (s replica.Status, running bool, err error) {
	s, running, err = g.ask()
	if errors.Is(err, daemon.ErrEnded) {
		s, running, err = g.ask()
	}
	return s, running, err
}

func (g *group) ask() (s replica.Status, running bool, err error) {
	server, err := daemon.Dial(g.paths)
	if errors.Is(err, daemon.ErrDown) {
		if _, err := g.paths.ReadAdmin(); err != nil {
			return s, false, err
		}
		r, err := g.paths.ReadRole()
		return replica.Status{Role: r.Kind, Members: r.Members}, false, err
	}
	if err != nil {
		return s, false, err
	}
	defer server.Close()
	s, err = server.Status()
	return s, true, err
}

func (g *group) list(asJSON bool) error {
	s, running, err := g.status()
	if err != nil {
		return err
	}
	if asJSON {
		if !running {
			return fmt.Errorf("%w: its role is %s, and nothing else is known", daemon.ErrDown, s.Role)
		}
		text, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(g.out, "%s\n", text)
		return err
	}
	_, err = io.WriteString(g.out, table(s, running))
	return err
}

// table is what people see.
func table(s replica.Status, running bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Role:      %s\n", roleText(s))
	if !running {
		b.WriteString("utdsd does not run; utstart starts it.\n")
		return b.String()
	}
	fmt.Fprintf(&b, "Server:    %s:%s, version %s\n", s.Host, s.Port, s.Version)
	fmt.Fprintf(&b, "Position:  change %d, %s\n", s.LastChange, count(int(s.Entries), "entry", "entries"))
	fmt.Fprintf(&b, "History:   %s, the last one %s\n", count(len(s.Epochs), "epoch", "epochs"), s.EpochKind)
	if s.Fenced != "" {
		fmt.Fprintf(&b, "Fenced:    %s\n", s.Fenced)
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if up := s.Upstream; up != nil {
		fmt.Fprintln(w, "\nPrimary\tState\tBehind\tLag\tLast contact")
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\n", up.Address, up.State(), up.LagChanges, seconds(up.LagSeconds), when(up.LastHeard))
		if why := explanation(up); why != "" {
			fmt.Fprintf(w, "\n%s\n", why)
		}
		if lost := lostText(up); lost != "" {
			fmt.Fprintf(w, "\n%s\n", lost)
		}
	}
	if len(s.Secondaries) > 0 {
		fmt.Fprintln(w, "\nSecondary\tState\tBehind\tLag\tLast contact")
		for _, f := range s.Secondaries {
			behind, lag := "-", "-" // what it has is not known before it was heard
			if f.Position != "" {
				behind, lag = strconv.FormatUint(f.LagChanges, 10), seconds(f.LagSeconds)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", f.Member, f.State(), behind, lag, when(f.LastHeard))
		}
	}
	_ = w.Flush() // to a builder
	return b.String()
}

// explanation is the sentence below the table of a secondary. What the last meeting
// came to is no news when the primary cannot be met.
func explanation(up *replica.UpstreamStatus) string {
	switch {
	case up.Connected || up.Error == "" || up.Refused():
		return up.Reason
	case up.LastHeard.IsZero():
		return up.Error + "; this server goes on trying"
	}
	return up.Error + "; this server serves what it has and goes on trying"
}

// lostText says where the changes are that the primary never had.
func lostText(up *replica.UpstreamStatus) string {
	switch {
	case up.LostFile == "":
		return ""
	case up.LostChanges == 0: // the log did not have them any more
		return "This server had changes that the primary never had: " + up.LostFile + " tells of them."
	case up.LostChanges == 1:
		return "1 change that the primary never had is in " + up.LostFile + ": apply it with ldapmodify on the primary if it is wanted."
	}
	return fmt.Sprintf("%d changes that the primary never had are in %s: apply them with ldapmodify on the primary if they are wanted.", up.LostChanges, up.LostFile)
}

// count is a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func roleText(s replica.Status) string {
	switch s.Role {
	case replica.RolePrimary:
		return "primary of " + strings.Join(s.Members, ", ")
	case replica.RoleSecondary:
		return "secondary of " + strings.Join(s.Members, ", ")
	}
	return "none: this server belongs to no failover group"
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond).String()
}

func when(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format(time.DateTime)
}

// info is the state in one line, with an exit code.
func (g *group) info() error {
	s, running, err := g.status()
	if err != nil {
		return err
	}
	if !running {
		fmt.Fprintf(g.out, "%s down\n", s.Role)
		return daemon.ErrDown
	}
	line, well := oneLine(s)
	if _, err := fmt.Fprintln(g.out, line); err != nil {
		return err
	}
	if !well {
		return command.Exit(exitBehind, "not all is well; -l tells more")
	}
	return nil
}

// oneLine is ROLE STATE and a few figures.
func oneLine(s replica.Status) (line string, well bool) {
	switch {
	case s.Fenced != "":
		return "primary fenced", false
	case s.Upstream != nil:
		up := s.Upstream
		return fmt.Sprintf("secondary %s behind=%d lag=%s", strings.ReplaceAll(up.State(), " ", "-"), up.LagChanges, seconds(up.LagSeconds)), up.Connected && up.Level
	case s.Role == replica.RolePrimary:
		level := 0
		for _, f := range s.Secondaries {
			if f.State() == replica.StateLevel {
				level++
			}
		}
		return fmt.Sprintf("primary secondaries=%d level=%d", len(s.Members), level), level >= len(s.Members)
	}
	return "none", true
}
