// group.go: changing the role, through the server if it runs.

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/config"
	"github.com/sunray-ds/utdsd/cmd/internal/daemon"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/replica"
)

// resolveTimeout bounds the look-up of a member's name.
const resolveTimeout = 10 * time.Second

// group is utreplica after its command line is read.
type group struct {
	paths       site.Paths
	out, errOut io.Writer
}

func (g *group) run(r request) error {
	switch {
	case r.list:
		return g.list(r.json)
	case r.info:
		return g.info()
	case r.none:
		return g.set(replica.Role{Kind: replica.RoleNone})
	case r.secondary != "":
		return g.follow(r.secondary, !r.noWait)
	}
	old, err := g.role()
	if err != nil {
		return err
	}
	members := r.members
	if !r.primary {
		if members, err = changed(old, r); err != nil {
			return err
		}
	}
	role := replica.Role{Kind: replica.RolePrimary, Members: members}
	if err := role.Check(); err != nil {
		return command.Misuse("%s", err)
	}
	if err := g.known(r.members, r.drop); err != nil {
		return err
	}
	if err := g.set(role); err != nil {
		return err
	}
	if gone := without(old.Members, members); r.primary && old.Kind == replica.RolePrimary && len(gone) > 0 {
		fmt.Fprintf(g.out, "Not among them any more: %s; utreplica -a takes them back.\n", strings.Join(gone, ", "))
	}
	return nil
}

// without gives those members that are not in a list.
func without(members, list []string) (gone []string) {
	for _, m := range members {
		if indexOf(list, m) < 0 {
			gone = append(gone, m)
		}
	}
	return gone
}

// indexOf finds a member in a list, in whatever form it stands there.
func indexOf(list []string, member string) int {
	a, err := replica.Address(member)
	if err != nil {
		return -1
	}
	return slices.IndexFunc(list, func(have string) bool {
		b, err := replica.Address(have)
		return err == nil && a == b
	})
}

// changed gives the secondaries after -a or -d.
func changed(old replica.Role, r request) ([]string, error) {
	if old.Kind != replica.RolePrimary {
		return nil, fmt.Errorf("this server is no primary (its role is %s): -a and -d change the secondaries of a primary, -p makes it one", old.Kind)
	}
	members := slices.Clone(old.Members)
	for _, m := range r.members {
		if _, err := replica.Address(m); err != nil {
			return nil, command.Misuse("%s", err)
		}
		at := indexOf(members, m)
		switch {
		case r.add && at >= 0: // there already: nothing to do, and safe to repeat
		case r.add:
			members = append(members, m)
		case at < 0:
			return nil, fmt.Errorf("nothing was changed: %s is none of the secondaries (%s)", m, strings.Join(members, ", "))
		default:
			members = slices.Delete(members, at, at+1)
		}
	}
	return members, nil
}

// known refuses members that cannot be: a wrong form or a host that does not
// exist.
func (g *group) known(members []string, dropped bool) error {
	for _, m := range members {
		a, err := replica.Address(m)
		if err != nil {
			return command.Misuse("%s", err)
		}
		if dropped {
			continue
		}
		host, _, err := net.SplitHostPort(a)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
		_, err = net.DefaultResolver.LookupHost(ctx, host)
		cancel()
		var dns *net.DNSError
		switch {
		case errors.As(err, &dns) && dns.IsNotFound:
			return fmt.Errorf("the host %s is unknown: nothing was changed; look at its name, or give its address", host)
		case err != nil:
			return fmt.Errorf("look up the host %s: %w: nothing was changed", host, err)
		}
	}
	return nil
}

// role is the present role: the server's, or that of the file.
func (g *group) role() (replica.Role, error) {
	server, err := daemon.Dial(g.paths)
	if errors.Is(err, daemon.ErrDown) {
		return g.paths.ReadRole()
	}
	if err != nil {
		return replica.Role{}, err
	}
	defer server.Close()
	s, err := server.Status()
	return replica.Role{Kind: s.Role, Members: s.Members}, err
}

// set gives this server a role.
func (g *group) set(r replica.Role) error {
	if _, err := g.paths.ReadAdmin(); err != nil {
		return err
	}
	server, err := daemon.Dial(g.paths)
	switch {
	case errors.Is(err, daemon.ErrDown):
		return g.setOffline(r)
	case err != nil:
		return err
	}
	defer server.Close()
	if err := server.SetRole(r); err != nil {
		return err
	}
	g.tell(r)
	return nil
}

// setOffline writes the role for a server that does not run.
func (g *group) setOffline(r replica.Role) error {
	old, err := g.paths.ReadRole()
	if err != nil {
		return err
	}
	if err := replica.MayBecome(old, r); err != nil {
		return err
	}
	if err := g.notItself(r); err != nil {
		return err
	}
	if err := g.paths.WriteRole(r); err != nil {
		return err
	}
	g.tell(r)
	fmt.Fprintln(g.out, "utdsd does not run: it takes the role when it starts.")
	return nil
}

// notItself refuses a role in which this server is a member of its own. Where it
// will listen is in its configuration.
func (g *group) notItself(r replica.Role) error {
	conf, err := config.Load(g.paths.Config)
	if err != nil {
		return err
	}
	self := replica.Self{Resolve: net.DefaultResolver.LookupHost}
	if self.Host, err = os.Hostname(); err != nil {
		return fmt.Errorf("find the name of this host: %w", err)
	}
	for _, text := range conf.Listen {
		if u, err := config.ParseURL(text); err == nil && u.Scheme == config.SchemeLDAP {
			self.Listen = append(self.Listen, u.Address)
		}
	}
	return self.MayHave(context.Background(), r)
}

// tell says what this server is now.
func (g *group) tell(r replica.Role) {
	switch r.Kind {
	case replica.RolePrimary:
		fmt.Fprintf(g.out, "This server is the primary of %s.\n", count(len(r.Members), "secondary", "secondaries"))
	case replica.RoleSecondary:
		fmt.Fprintf(g.out, "This server is a secondary of %s.\n", r.Members[0])
	default:
		fmt.Fprintln(g.out, "This server belongs to no failover group.")
	}
}

// follow makes this server a secondary and waits until it is level.
func (g *group) follow(primary string, wait bool) error {
	if err := g.known([]string{primary}, false); err != nil {
		return err
	}
	if err := g.set(replica.Role{Kind: replica.RoleSecondary, Members: []string{primary}, Adopt: true}); err != nil {
		return err
	}
	if !wait {
		return nil
	}
	if _, running, err := g.status(); err != nil || !running {
		return err // that it does not run is told already
	}
	return g.await(primary)
}
