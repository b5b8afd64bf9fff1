// replication.go: the server's part in its failover group, between the store,
// the protocol and the role file.

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/config"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/replica"
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server"
)

// recycleTime is what connections get to end after the store was replaced.
const recycleTime = 10 * time.Second

// groupStore is the store as package replica wants it.
type groupStore struct {
	*backend.Served
	replaced func() // called when a refresh has put another store in place
}

// Hold implements replica.Source.
func (s *groupStore) Hold() (replica.State, error) {
	h, err := s.Served.Hold()
	if err != nil {
		return nil, err // a nil *backend.Held would be a State
	}
	return h, nil
}

// ApplyBatch implements replica.Applier.
func (s *groupStore) ApplyBatch(ctx context.Context, b *schema.Batch) error {
	return asReplica(s.Served.ApplyBatch(ctx, b))
}

// Refresh implements replica.Applier.
func (s *groupStore) Refresh(ctx context.Context, src io.Reader, o replica.RefreshOptions) error {
	return asReplica(s.Served.Refresh(ctx, src, backend.RefreshOptions{
		From: o.From, Position: o.Position, Epochs: o.Epochs, ContextCSN: o.ContextCSN, ForeignProvider: o.ForeignProvider,
	}, s.replaced))
}

// asReplica gives an error of the store the name that package replica knows.
func asReplica(err error) error {
	for _, pair := range [...][2]error{
		{backend.ErrPosition, replica.ErrPosition}, {backend.ErrHash, replica.ErrHash}, {backend.ErrStructure, replica.ErrStructure},
	} {
		if errors.Is(err, pair[0]) {
			return fmt.Errorf("%w: %w", pair[1], err)
		}
	}
	if damage := (*backend.DamageError)(nil); errors.As(err, &damage) {
		return fmt.Errorf("%w: %w", replica.ErrDamaged, err)
	}
	return err
}

// signature is the group signature, read again when the server is told to.
type signature struct {
	path string
	text atomic.Pointer[string]
}

// get is "" where there is no signature.
func (s *signature) get() string { return *s.text.Load() }

// reload reads the file. A server without one belongs to no group.
func (s *signature) reload() error {
	text, err := site.ReadSignature(s.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	s.text.Store(&text)
	return nil
}

// newGroup makes the server's part in its group. replaced is called after a
// refresh.
func (d *daemon) newGroup(store *backend.Served, definitions *schema.Schema, sig *signature, all []listener, replaced func(), log *slog.Logger) (*replica.Group, error) {
	role, err := d.paths.ReadRole()
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("find the name of this host: %w", err)
	}
	secure, err := trusted(d.conf.Replication)
	if err != nil {
		return nil, err
	}
	o := replica.GroupOptions{
		Store: &groupStore{store, replaced}, Host: host, Port: plainPort(all), Listen: plainAddresses(all), Version: command.Version(),
		Schema: definitions, Suffix: d.conf.Suffix, Folder: filepath.Dir(d.paths.Store), Signature: sig.get, TLS: secure,
		SaveRole: d.paths.WriteRole, Log: log,
	}
	if r := d.conf.Replication; r.BindDN != "" {
		o.Foreign = &replica.ForeignProvider{BindDN: r.BindDN, PasswordFile: r.PasswordFile, Schema: definitions}
	}
	return replica.NewGroup(role, o)
}

// plainPort is where other members find this server.
func plainPort(all []listener) string {
	for _, address := range plainAddresses(all) {
		if _, port, err := net.SplitHostPort(address); err == nil {
			return port
		}
	}
	return replica.DefaultPort
}

// plainAddresses are where the server takes plain LDAP over TCP.
func plainAddresses(all []listener) []string {
	var list []string
	for _, l := range all {
		if l.socket == "" && !l.secure {
			list = append(list, l.Addr().String())
		}
	}
	return list
}

// trusted is how a secondary checks its primary's certificate; nil is no TLS.
func trusted(r config.Replication) (*tls.Config, error) {
	if !r.StartTLS {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.CA == "" {
		return c, nil
	}
	text, err := os.ReadFile(r.CA)
	if err != nil {
		return nil, fmt.Errorf("read the certificates of the group: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("read the certificates of the group: %s has none", r.CA)
	}
	return c, nil
}

// extensions are the operations by which members and tools talk to the group.
func extensions(g *replica.Group) map[string]server.Extension {
	return map[string]server.Extension{
		replica.OIDStatus: func(_ context.Context, c server.Caller, _ []byte) ([]byte, error) {
			if !c.Local && !c.Admin && !c.Member {
				return nil, forMembers()
			}
			return g.StatusJSON()
		},
		replica.OIDSurvey: func(ctx context.Context, c server.Caller, _ []byte) ([]byte, error) {
			if !c.Local && !c.Admin {
				return nil, forMembers()
			}
			return g.SurveyJSON(ctx)
		},
		replica.OIDConfirm: func(_ context.Context, c server.Caller, value []byte) ([]byte, error) {
			if !c.Member {
				return nil, forMembers()
			}
			return nil, g.Confirm(value, c.Peer)
		},
		replica.OIDSetRole: func(ctx context.Context, c server.Caller, value []byte) ([]byte, error) {
			if !c.Local {
				return nil, schema.Refuse(schema.InsufficientAccessRights, "this is for the administrator on the local socket")
			}
			return nil, g.SetRoleJSON(ctx, value)
		},
	}
}

func forMembers() error {
	return schema.Refuse(schema.InsufficientAccessRights, "this is for members of the failover group and administrators")
}

// recycler ends the connections of clients that have read data which a refresh
// has replaced.
type recycler struct {
	server  *server.Server // set before the first refresh can happen
	writers func() []string
	log     *slog.Logger
}

// recycle returns when they have ended, so that their searches find the data
// that they began with until then. It is called by the store, in a goroutine of
// its own.
func (r *recycler) recycle() {
	if err := r.server.SetWriters(r.writers()); err != nil {
		r.log.Error("who may write is as before", "error", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), recycleTime)
	defer cancel()
	if err := r.server.Recycle(ctx); err != nil {
		r.log.Warn("connections were cut because they did not end in time after the data was replaced", "time", recycleTime)
	}
}

// changes is the store's log as the server shows it.
type changes struct {
	*backend.Served
}

// Range implements server.ChangeLog.
func (c *changes) Range() (first, last uint64) {
	s := c.Stats()
	return s.FirstChange, s.LastChange
}
