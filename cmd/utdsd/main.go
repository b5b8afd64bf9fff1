// Command utdsd is the Sun Ray data store: an LDAP server in the foreground.
// This file is its command line; daemon.go is its life.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/sunray-ds/utdsd/cmd/internal/command"
	"github.com/sunray-ds/utdsd/cmd/internal/config"
	"github.com/sunray-ds/utdsd/cmd/internal/site"
	_ "github.com/sunray-ds/utdsd/cmd/internal/sysmon" // its init is all that it is for
)

const usage = `Usage: utdsd [-R DIR] [-f FILE] [-H "URL ..."] [-metrics ADDRESS]
       utdsd [-R DIR] [-f FILE] -check
       utdsd -version

Serves the Sun Ray data store over LDAP until SIGTERM or SIGINT. SIGHUP reads
the certificate, the group signature and the administrator's password again. The
server must have been set up with utconfig.

Beside /metrics the address of -metrics has /healthz, which is 200 as long as the
process runs, and /readyz, which is 200 from when the server listens on all its
addresses until it is told to end, and 503 otherwise. /readyz is 200, too, on a
secondary that does not reach its primary, on a full disk and with damaged values:
the metrics tell of those.

Exit status:
  0  it was told to end; with -check: the store is good
  1  failed; with -check: the store has faults
  2  the command line is wrong
  3  the store could not be written; what was acknowledged is on the disk

Examples:
  utdsd
  utdsd -R $HOME/ray -H "ldap://127.0.0.1:7112 ldapi://" -metrics 127.0.0.1:9812
  utdsd -R $HOME/ray -check`

func main() {
	command.Program{Name: "utdsd", Usage: usage, ForRoot: true, Define: define}.Main()
}

func define(f *flag.FlagSet) func([]string) error {
	root := f.String("R", "", "put `DIR` in front of every path (default $UTROOT)")
	file := f.String("f", "", "configuration `FILE` (default etc/opt/SUNWut/srds/utdsd.toml below the root)")
	var urls string
	f.Func("H", "listen on these `URLs`, separated by blanks or each with an -H, instead of the configured ones", func(more string) error {
		urls += " " + more
		return nil
	})
	metrics := f.String("metrics", "", "`ADDRESS` (host:port) of the metrics instead of the configured one, \"off\" for none")
	check := f.Bool("check", false, "check the store, which must not be served, and end")
	version := f.Bool("version", false, "print the version")
	return func(args []string) error {
		if *version {
			fmt.Println("utdsd", command.Version())
			return nil
		}
		if err := command.NoArguments(args); err != nil {
			return err
		}
		paths, err := site.NewPaths(*root)
		if err != nil {
			return err
		}
		if *file == "" {
			*file = paths.Config
		}
		conf, err := load(paths, *file)
		if err != nil {
			return err
		}
		if err := override(&conf, urls, *metrics); err != nil {
			return err
		}
		d := daemon{paths: paths, file: *file, conf: conf, out: os.Stdout, errOut: os.Stderr}
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
		defer stop()
		// A second signal finds the default action again: the process ends.
		context.AfterFunc(ctx, stop)
		if *check {
			return d.check(ctx)
		}
		hangup := make(chan os.Signal, 1)
		signal.Notify(hangup, syscall.SIGHUP)
		return d.run(ctx, hangup)
	}
}

// load reads the configuration and explains a missing one.
func load(paths site.Paths, file string) (config.Config, error) {
	if _, err := os.Stat(file); file == paths.Config && os.IsNotExist(err) {
		return config.Config{}, fmt.Errorf("%s is not there: the server below %s is not set up; run utconfig first, or name another root with -R",
			paths.Config, paths.Root)
	}
	return config.Load(file)
}

// override puts what the command line says in place of what the file says.
func override(conf *config.Config, urls, metrics string) error {
	if list := strings.Fields(urls); len(list) > 0 {
		for _, text := range list {
			u, err := config.ParseURL(text)
			if err != nil {
				return command.Misuse("-H: %s", err)
			}
			if u.Scheme == config.SchemeLDAPS && conf.TLS.Certificate == "" {
				return fmt.Errorf("%s needs a certificate and a key: name them under [tls] in the configuration", text)
			}
		}
		conf.Listen = list
	}
	switch metrics {
	case "":
	case "off":
		conf.Metrics = ""
	default:
		conf.Metrics = metrics
	}
	return nil
}
