// utdsd.go: the project's own server, configured with utconfig and started.

package harness

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Files below a root.
const (
	ConfigFile = "etc/opt/SUNWut/srds/utdsd.toml"
	StoreFile  = "var/opt/SUNWut/srds/dbm.ut/id2entry.dbb"
	PIDFile    = "var/opt/SUNWut/srds/utdsd.pid"
)

// Ports of a server in a place of its own.
const (
	DefaultPort = 7012
	MetricsPort = 9712
)

// Options vary the server that StartUtdsd makes. The zero value is a
// configured server with the default tree and TLS.
type Options struct {
	Group     string    // failover group; empty is the constant Group
	Plain     bool      // without certificate, ldaps and StartTLS
	Config    []Setting // written into the configuration before the start
	Args      []string  // further arguments of utdsd
	Env       []string  // further NAME=value of utdsd's environment
	Program   string    // utdsd to run; empty is the one that is tested
	Signature string    // file with the group signature; empty makes one
	Place     Place     // where the server runs; nil is this machine's loopback
}

// Place is where a server runs: it has a network of its own.
type Place interface {
	// IP is the server's address there.
	IP() string
	// Start starts a program there.
	Start(*exec.Cmd) error
	// Dial connects from there.
	Dial(ctx context.Context, network, address string) (net.Conn, error)
}

// Utdsd is a server of the project on a root of its own.
type Utdsd struct {
	daemon
	Root    string // what -R names
	Metrics string // address of the metrics listener, host:port
	Port    int
	options Options
}

// StartUtdsd configures a root with utconfig, starts utdsd on it and waits
// until it answers. The server is stopped and its root removed when the test
// ends; an unclean end fails the test.
func StartUtdsd(tb testing.TB, o Options) *Utdsd {
	tb.Helper()
	u := NewUtdsd(tb, o)
	u.Restart(tb)
	return u
}

// NewUtdsd is StartUtdsd without the start: a configured root, for tests that
// prepare it further and then call Restart.
func NewUtdsd(tb testing.TB, o Options) *Utdsd {
	tb.Helper()
	if o.Group == "" {
		o.Group = Group
	}
	if o.Program == "" {
		o.Program = Binary(tb, "utdsd")
	}
	u := &Utdsd{Root: tempRoot(tb), options: o}
	u.place = o.Place
	host := "127.0.0.1"
	if o.Place == nil {
		u.Port, u.Metrics = FreePort(tb), fmt.Sprintf("127.0.0.1:%d", FreePort(tb))
	} else {
		host, u.Port = o.Place.IP(), DefaultPort
		u.Metrics = fmt.Sprintf("%s:%d", host, MetricsPort)
	}
	u.endpoint = Endpoint{
		Kind: Ours, Group: o.Group,
		Address: fmt.Sprintf("%s:%d", host, u.Port),
		URL:     fmt.Sprintf("ldap://%s:%d", host, u.Port),
	}
	u.configure(tb)
	urls := u.endpoint.URL + " ldapi://"
	if !o.Plain {
		c := NewCertificate(tb, u.Root)
		u.endpoint.CAFile = c.CAFile
		u.endpoint.SecureURL = fmt.Sprintf("ldaps://127.0.0.1:%d", FreePort(tb))
		urls += " " + u.endpoint.SecureURL
		u.options.Config = append(o.Config, Setting{"tls", "certificate", c.CertFile}, Setting{"tls", "key", c.KeyFile})
	}
	u.Configure(tb, u.options.Config...)
	args := append([]string{"-R", u.Root, "-H", urls, "-metrics", u.Metrics}, o.Args...)
	u.command = func() *exec.Cmd {
		cmd := exec.Command(o.Program, args...)
		cmd.Env = append(os.Environ(), o.Env...)
		return cmd
	}
	tb.Cleanup(func() { u.Stop(tb) })
	return u
}

// Reinstall replaces the root by a new one as if the machine was lost and
// another one stood in its place: name and address, the passwords and the group
// signature are the same, the data is gone. The server must not run.
func (u *Utdsd) Reinstall(tb testing.TB) {
	tb.Helper()
	for _, dir := range []string{"etc", "var"} {
		if err := os.RemoveAll(filepath.Join(u.Root, dir)); err != nil {
			tb.Fatal(err)
		}
	}
	u.configure(tb)
	u.Configure(tb, u.options.Config...)
}

// configure runs utconfig on the root.
func (u *Utdsd) configure(tb testing.TB) {
	tb.Helper()
	o := u.options
	passwordFile := filepath.Join(u.Root, "password")
	if err := os.WriteFile(passwordFile, []byte(Password+"\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
	args := []string{"-R", u.Root, "-y", "-w", passwordFile, "-port", fmt.Sprint(u.Port), "-group", o.Group}
	if o.Signature != "" {
		args = append(args, "-g", o.Signature)
	}
	cmd := exec.Command(Binary(tb, "utconfig"), args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("utconfig: %v\n%s", err, out)
	}
}

// Configure changes the server's configuration file; a running server sees
// it after its next start.
func (u *Utdsd) Configure(tb testing.TB, settings ...Setting) {
	tb.Helper()
	path := filepath.Join(u.Root, ConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		tb.Fatalf("read the configuration: %v", err)
	}
	changed := string(text)
	for _, s := range settings {
		changed = s.apply(changed)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		tb.Fatalf("write the configuration: %v", err)
	}
}

// tempRoot makes a folder with a short name, which a testing.TB's own is not:
// the path of a UNIX socket below it has to fit into 107 bytes.
func tempRoot(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "utdsd")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Errorf("remove the root: %v", err)
		}
	})
	return dir
}
