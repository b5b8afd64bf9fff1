// check.go: values that the type alone does not rule out.

package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/sunray-ds/utdsd/server/password"
)

// fault is a value that cannot be, with its key as table.key.
type fault struct {
	key string
	err error
}

var errUnit = errors.New(`write a time with its unit, as "30s" or "1h"`)

func (c *Config) check() *fault {
	for _, check := range []func() *fault{c.checkListen, c.checkAdmin, c.checkLimits, c.checkRest} {
		if f := check(); f != nil {
			return f
		}
	}
	return nil
}

func (c *Config) checkListen() *fault {
	if len(c.Listen) == 0 {
		return &fault{"listen", errors.New("at least one URL is wanted")}
	}
	for _, text := range c.Listen {
		u, err := ParseURL(text)
		if err != nil {
			return &fault{"listen", err}
		}
		if u.Scheme == SchemeLDAPS && c.TLS.Certificate == "" {
			return &fault{"listen", fmt.Errorf("%s needs certificate and key in [tls]", text)}
		}
	}
	if c.Metrics != "" {
		if _, _, err := net.SplitHostPort(c.Metrics); err != nil {
			return &fault{"metrics", fmt.Errorf("%q is not host:port", c.Metrics)}
		}
	}
	if (c.TLS.Certificate == "") != (c.TLS.Key == "") {
		return &fault{"tls.certificate", errors.New("certificate and key belong together; give both or neither")}
	}
	return nil
}

func (c *Config) checkAdmin() *fault {
	switch {
	case c.Suffix == "":
		return &fault{"suffix", errors.New("must not be empty")}
	case c.Admin.DN == "":
		return &fault{"admin.dn", errors.New("must not be empty")}
	}
	return nil
}

func (c *Config) checkLimits() *fault {
	for _, n := range []struct {
		key   string
		value int
	}{
		{"connections", c.Limits.Connections}, {"persistent_searches", c.Limits.Persistent}, {"unbound_message", c.Limits.UnboundPDU}, {"bound_message", c.Limits.BoundPDU},
		{"unbound_operations", c.Limits.UnboundOps}, {"bound_operations", c.Limits.BoundOps},
		{"size_limit", c.Limits.SizeLimit}, {"sort_memory", c.Limits.SortLimit},
		{"filter_depth", c.Limits.FilterDepth}, {"filter_items", c.Limits.FilterItems}, {"attributes_asked", c.Limits.Attributes},
		{"values", c.Limits.Values}, {"controls", c.Limits.Controls},
	} {
		if n.value < 1 {
			return &fault{"limits." + n.key, fmt.Errorf("%d is too small; 1 is the least", n.value)}
		}
	}
	for _, d := range []struct {
		key   string
		value time.Duration
	}{
		{"limits.message_timeout", c.Limits.MessageTimeout}, {"limits.unbound_idle", c.Limits.UnboundIdle},
		{"limits.bound_idle", c.Limits.BoundIdle}, {"limits.write_timeout", c.Limits.WriteTimeout},
		{"limits.time_limit", c.Limits.TimeLimit}, {"changelog.age", c.Changelog.Age},
	} {
		// A bare number is read as nanoseconds: nobody means that.
		if d.value < time.Millisecond {
			return &fault{d.key, errUnit}
		}
	}
	return nil
}

func (c *Config) checkRest() *fault {
	switch {
	case c.Store.Ballast < 0:
		return &fault{"store.ballast", fmt.Errorf("%d is too small; 0 is none", c.Store.Ballast)}
	case c.Changelog.Keep < 1:
		return &fault{"changelog.keep", fmt.Errorf("%d is too small; 1 is the least", c.Changelog.Keep)}
	case c.Changelog.Min < 1:
		return &fault{"changelog.min", fmt.Errorf("%d is too small; 1 is the least", c.Changelog.Min)}
	case c.Replication.CA != "" && !c.Replication.StartTLS:
		return &fault{"replication.ca", errors.New("is of no use without starttls = true")}
	case (c.Replication.BindDN == "") != (c.Replication.PasswordFile == ""):
		return &fault{"replication.binddn", errors.New("binddn and password_file belong together; give both or neither")}
	}
	for key, list := range map[string][]string{"index.eq": c.Index.Eq, "index.sub": c.Index.Sub, "writers": c.Writers} {
		if slices.Contains(list, "") {
			return &fault{key, errors.New("a name is empty")}
		}
	}
	if m := c.Schema.Mode; m != "strict" && m != "tolerant" {
		return &fault{"schema.mode", fmt.Errorf("%q is not strict or tolerant", m)}
	}
	if err := password.CheckScheme(c.Password.Scheme); err != nil {
		return &fault{"password.scheme", err}
	}
	if _, err := c.Log.SlogLevel(); err != nil {
		return &fault{"log.level", err}
	}
	return nil
}

// SlogLevel is the level for slog.
func (l Log) SlogLevel() (slog.Level, error) {
	switch l.Level {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn":
		return slog.LevelWarn, nil
	case "error":
		return slog.LevelError, nil
	}
	return 0, fmt.Errorf("%q is not one of debug, info, warn, error", l.Level)
}
