// daemon.go: the life of the server: open, listen, serve, shut down.

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sunray-ds/utdsd/backend"
	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/config"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server"
)

// shutdownTime is what connections get to end; the store is closed after it,
// and the whole must fit into the ten seconds that are promised.
const shutdownTime = 8 * time.Second

// daemon is utdsd after its command line is read.
type daemon struct {
	paths       site.Paths
	file        string // of the configuration
	conf        config.Config
	out, errOut io.Writer
}

// run serves until ctx ends or a listener fails. hangup asks for the
// certificate and the secrets to be read again.
func (d *daemon) run(ctx context.Context, hangup <-chan os.Signal) error {
	log, err := d.logger()
	if err != nil {
		return err
	}
	tune()
	raiseFileLimit(log)
	registry := newRegistry()
	o, err := d.options(backend.Options{WalkLater: true, Registry: registry, Log: log, Progress: d.progress})
	if err != nil {
		return err
	}
	store, err := backend.Serve(d.paths.Store, o)
	if err != nil {
		return d.named(err)
	}
	if err = d.belongs(store, o.Schema); err == nil {
		err = d.serve(ctx, hangup, store, o.Schema, registry, log)
	}
	return errors.Join(err, store.Close())
}

// belongs refuses a store of other data than the configuration speaks of.
func (d *daemon) belongs(store interface{ Suffix() string }, s *schema.Schema) error {
	want, err := s.AppendDNKey(nil, []byte(d.conf.Suffix))
	if err != nil {
		return fmt.Errorf("suffix = %q in %s: %w", d.conf.Suffix, d.file, err)
	}
	has, err := s.AppendDNKey(nil, []byte(store.Suffix()))
	if err == nil && !bytes.Equal(has, want) {
		err = fmt.Errorf("the store %s is of %s, and the configuration %s has suffix = %q: name the suffix of the store there, or load a dump of the other data with utldif2ldbm -c",
			d.paths.Store, store.Suffix(), d.file, d.conf.Suffix)
	}
	return err
}

// serve is run with the store open.
func (d *daemon) serve(ctx context.Context, hangup <-chan os.Signal, store *backend.Served, definitions *schema.Schema,
	registry *prometheus.Registry, log *slog.Logger) error {
	cert, err := loadCertificate(d.conf.TLS.Certificate, d.conf.TLS.Key)
	if err != nil {
		return err
	}
	sig := &signature{path: d.paths.Signature}
	if err := sig.reload(); err != nil {
		return err
	}
	root := newRootPassword(d.file, d.conf.Admin.Password)
	listeners, err := d.listen(log)
	if err != nil {
		return err
	}
	defer closeAll(listeners)
	recycle := &recycler{log: log, writers: func() []string { return d.writers(store, definitions) }}
	group, err := d.newGroup(store, definitions, sig, listeners, recycle.recycle, log)
	if err != nil {
		return err
	}
	registry.MustRegister(group.Collector())
	ldap, err := server.New(server.Options{
		Schema: definitions, Store: store, Holder: store, Changes: &changes{store}, Suffix: d.conf.Suffix,
		Admin: server.Admin{DN: d.conf.Admin.DN}, AdminPassword: root.get,
		Writers: recycle.writers(), PasswordScheme: d.conf.Password.Scheme,
		HashClear: d.conf.Password.HashClear, Access: d.conf.Rules(),
		TLS: cert.config(), Limits: server.Limits(d.conf.Limits),
		Registry: registry, Log: log, Version: command.Version(),
		Referral: group.ReferralURL, Fence: group.Fence, Syncer: group, Signature: sig.get, Extensions: extensions(group),
	})
	if err != nil {
		return fmt.Errorf("%s: %w", d.file, err)
	}
	recycle.server = ldap
	ctx, end := context.WithCancel(ctx)
	defer end()
	if err := group.Start(ctx); err != nil {
		return err
	}
	defer group.Stop()
	monitor, err := d.startMonitor(registry, log)
	if err != nil {
		return err
	}
	defer monitor.stop()
	ended := make(chan error, len(listeners))
	var serving sync.WaitGroup
	for _, l := range listeners {
		serving.Go(func() { ended <- l.serve(ldap) })
	}
	if err := d.writePID(); err != nil { // a full disk must not keep anybody from reading
		log.Warn("the process id could not be written", "error", err)
	}
	defer os.Remove(d.paths.PID)
	for _, l := range listeners {
		fmt.Fprintf(d.out, "utdsd: listening on %s\n", l.name)
	}
	if monitor != nil {
		fmt.Fprintf(d.out, "utdsd: metrics on http://%s/metrics\n", monitor.address)
	}
	monitor.setReady(true)
	notify("READY=1", log)
	again := reloaders{"group signature": sig.reload, "administrator's password": root.reload}
	if cert != nil {
		again["certificate"] = cert.reload
	}
	fault := await(ctx, hangup, ended, again, log)
	monitor.setReady(false)
	notify("STOPPING=1", log)
	err = errors.Join(fault, shutdown(ldap, log))
	serving.Wait()
	return err
}

// reloaders read files again, by what is in them.
type reloaders map[string]func() error

// await returns when it is time to end: nil if asked to, else the reason.
func await(ctx context.Context, hangup <-chan os.Signal, ended <-chan error, again reloaders, log *slog.Logger) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-ended:
			return err
		case <-hangup:
			for what, reload := range again {
				if err := reload(); err != nil {
					log.Error("the "+what+" was not changed", "error", err)
					continue
				}
				log.Info("the " + what + " has been read again")
			}
		}
	}
}

// shutdown lets connections end; those that do not in time are cut, which is
// no failure of the server.
func shutdown(ldap *server.Server, log *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	err := ldap.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("connections were cut at shutdown because they did not end in time", "time", shutdownTime)
		return nil
	}
	return err
}

// options completes o with what the configuration says about the store.
func (d *daemon) options(o backend.Options) (backend.Options, error) {
	definitions, err := d.conf.Definitions()
	if err != nil {
		return o, fmt.Errorf("read the schema: %w", err)
	}
	o.Schema = definitions
	o.Indexes = backend.Indexes{Eq: d.conf.Index.Eq, Sub: d.conf.Index.Sub}
	o.ChangelogKeep, o.ChangelogAge, o.ChangelogMin = d.conf.Changelog.Keep, d.conf.Changelog.Age, d.conf.Changelog.Min
	if o.Ballast = d.conf.Store.Ballast; o.Ballast == 0 {
		o.Ballast = -1
	}
	return o, nil
}

// named names the configuration in an error that is its fault.
func (d *daemon) named(err error) error {
	if errors.Is(err, backend.ErrIndex) {
		return fmt.Errorf("%s: %w; see the table [index]", d.file, err)
	}
	return err
}

// check verifies the store and says how it is.
func (d *daemon) check(ctx context.Context) error {
	o, err := d.options(backend.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	store, err := backend.Open(d.paths.Store, o)
	if err != nil {
		return d.named(err)
	}
	if err := d.belongs(store, o.Schema); err != nil {
		return errors.Join(err, store.Close())
	}
	problems := 0
	err = store.Check(ctx, func(problem string) {
		problems++
		fmt.Fprintln(d.out, problem)
	})
	if err := errors.Join(err, store.Close()); err != nil {
		return fmt.Errorf("check the store %s: %w", d.paths.Store, err)
	}
	if problems > 0 {
		return fmt.Errorf("the store %s has %d faults; put a copy or a dump in its place", d.paths.Store, problems)
	}
	fmt.Fprintf(d.out, "utdsd: the store %s is good\n", d.paths.Store)
	return nil
}

func (d *daemon) logger() (*slog.Logger, error) {
	level, err := d.conf.Log.SlogLevel()
	if err != nil {
		return nil, err
	}
	return slog.New(slog.NewTextHandler(d.errOut, &slog.HandlerOptions{Level: level})), nil
}

// progress tells on the terminal how far the building of an index is, which
// can take a while at the first start with it.
func (d *daemon) progress(done, total int) {
	if done == total || done%100_000 == 0 {
		fmt.Fprintf(d.errOut, "utdsd: building an index: %d of %d entries\n", done, total)
	}
}

// writePID leaves the process id for whoever starts and stops the server.
func (d *daemon) writePID() error {
	return site.WriteFile(d.paths.PID, []byte(strconv.Itoa(os.Getpid())+"\n"), site.ModePublic)
}
