// config.go: the keys, their defaults and how the file is read.

package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server"
	"github.com/sunray-ds/utdsd/server/password"
)

// Config is the whole file. Names of fields are those of the keys.
type Config struct {
	Listen  []string `toml:"listen"`  // URLs, see ParseURL
	Metrics string   `toml:"metrics"` // host:port; "" is no metrics listener
	Suffix  string   `toml:"suffix"`
	Writers []string `toml:"writers"` // DNs of entries that may write

	Admin     Admin     `toml:"admin"`
	TLS       TLS       `toml:"tls"`
	Limits    Limits    `toml:"limits"`
	Index     Index     `toml:"index"`
	Schema    Schema    `toml:"schema"`
	Password  Password  `toml:"password"`
	Store     Store     `toml:"store"`
	Changelog Changelog `toml:"changelog"`
	Log       Log       `toml:"log"`

	Replication Replication `toml:"replication"`

	Access []Access `toml:"access"` // the first rule that fits decides
}

// Access is server.AccessRule under the names of the file.
type Access struct {
	Who        string   `toml:"who"`
	Subtree    string   `toml:"subtree"`
	Attributes []string `toml:"attributes"`
	Right      string   `toml:"right"`
}

// Rules are the access rules as the server takes them.
func (c *Config) Rules() []server.AccessRule {
	rules := make([]server.AccessRule, len(c.Access))
	for i, a := range c.Access {
		rules[i] = server.AccessRule(a)
	}
	return rules
}

func defaultAccess() []Access {
	var rules []Access
	for _, r := range server.DefaultAccess() {
		rules = append(rules, Access(r))
	}
	return rules
}

// Admin is the root DN, which exists without an entry.
type Admin struct {
	DN       string `toml:"dn"`
	Password string `toml:"password"` // value of a userPassword, hashed
}

// TLS names PEM files; both or neither.
type TLS struct {
	Certificate string `toml:"certificate"`
	Key         string `toml:"key"`
}

// Limits are server.Limits under the names of the file: the same fields in
// the same order, so that one converts into the other.
type Limits struct {
	Connections    int           `toml:"connections"`
	Persistent     int           `toml:"persistent_searches"`
	UnboundPDU     int           `toml:"unbound_message"`
	BoundPDU       int           `toml:"bound_message"`
	UnboundOps     int           `toml:"unbound_operations"`
	BoundOps       int           `toml:"bound_operations"`
	MessageTimeout time.Duration `toml:"message_timeout"`
	UnboundIdle    time.Duration `toml:"unbound_idle"`
	BoundIdle      time.Duration `toml:"bound_idle"`
	WriteTimeout   time.Duration `toml:"write_timeout"`
	SizeLimit      int           `toml:"size_limit"`
	TimeLimit      time.Duration `toml:"time_limit"`
	SortLimit      int           `toml:"sort_memory"`

	FilterDepth int `toml:"filter_depth"`
	FilterItems int `toml:"filter_items"`
	Attributes  int `toml:"attributes_asked"`
	Values      int `toml:"values"`
	Controls    int `toml:"controls"`
}

// Index names the attributes that have an index.
type Index struct {
	Eq  []string `toml:"eq"`
	Sub []string `toml:"sub"`
}

// Schema says where further schema files are.
type Schema struct {
	Dir  string `toml:"dir"`  // "" is the folder schema beside the file
	Mode string `toml:"mode"` // strict or tolerant
}

// Definitions reads the schema that the configuration names.
func (c *Config) Definitions() (*schema.Schema, error) {
	s, err := schema.LoadDir(c.Schema.Dir)
	if err == nil && c.Schema.Mode == "tolerant" {
		s = s.Tolerant()
	}
	return s, err
}

// Password says how new passwords are stored.
type Password struct {
	Scheme    string `toml:"scheme"`
	HashClear bool   `toml:"hash_clear"` // also what add and modify bring in clear
}

// Store says how the store treats its disk.
type Store struct {
	Ballast int64 `toml:"ballast"` // bytes; 0 is none
}

// Changelog bounds the log of changes; beyond either bound the oldest go, and
// beyond Min those that every configured secondary has.
type Changelog struct {
	Keep int           `toml:"keep"` // changes
	Age  time.Duration `toml:"age"`
	Min  int           `toml:"min"` // changes
}

// Replication says how this server reaches the one that it follows. Which one
// that is stands in the role file, which utreplica writes.
type Replication struct {
	StartTLS bool   `toml:"starttls"`
	CA       string `toml:"ca"` // PEM file; "" is the system's
	// BindDN and PasswordFile are for a primary of another make, an OpenLDAP
	// slapd with syncprov; "" is one of ours, with the group signature.
	BindDN       string `toml:"binddn"`
	PasswordFile string `toml:"password_file"`
}

// Log says what is logged.
type Log struct {
	Level string `toml:"level"` // debug, info, warn or error
}

// Default is the configuration of an empty file.
func Default() Config {
	return Config{
		Listen:    []string{"ldap://:7012", "ldapi://"},
		Metrics:   "127.0.0.1:9712",
		Suffix:    "o=utdata",
		Admin:     Admin{DN: "cn=admin,o=utdata"},
		Limits:    Limits(server.DefaultLimits()),
		Index:     Index{Eq: []string{"objectClass", "utname", "uid", "cn", "uttoken", "utmac", "utserver", "utowner", "entryUUID"}},
		Password:  Password{Scheme: password.DefaultScheme},
		Store:     Store{Ballast: 4 << 20},
		Changelog: Changelog{Keep: 1_000_000, Age: 30 * 24 * time.Hour, Min: 100_000},
		Log:       Log{Level: "info"},
		Schema:    Schema{Mode: "strict"},
		Access:    defaultAccess(),
	}
}

// Load reads the file. Relative paths in it are made absolute, counted from
// the folder of the file. An error names file, line and key.
func Load(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read the configuration: %w", err)
	}
	c, err := Parse(string(text))
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	dir := filepath.Dir(path)
	if c.Schema.Dir == "" {
		c.Schema.Dir = "schema"
	}
	for _, p := range []*string{&c.Schema.Dir, &c.TLS.Certificate, &c.TLS.Key, &c.Replication.CA, &c.Replication.PasswordFile} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	return c, nil
}

// badTime begins the parser's message about a text that is no time.
const badTime = "invalid duration: "

// Parse reads the text of a configuration file.
func Parse(text string) (Config, error) {
	c := Default()
	c.Access = nil // rules of the file replace the default, none is mixed in
	meta, err := toml.Decode(text, &c)
	var syntax toml.ParseError
	switch {
	case errors.As(err, &syntax) && strings.HasPrefix(syntax.Message, badTime):
		return Config{}, fmt.Errorf("line %d: %s: %w, and not %s", syntax.Position.Line, syntax.LastKey, errUnit, strings.TrimPrefix(syntax.Message, badTime))
	case errors.As(err, &syntax):
		return Config{}, fmt.Errorf("line %d: %s", syntax.Position.Line, message(syntax))
	case err != nil:
		// A wrong type: the text begins with the line, after the library's name.
		return Config{}, errors.New(strings.TrimPrefix(err.Error(), "toml: "))
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return Config{}, unknownKey(text, unknown[0].String())
	}
	if !meta.IsDefined("access") {
		c.Access = defaultAccess()
	}
	if fault := c.check(); fault != nil {
		return Config{}, fmt.Errorf("%s%s: %w", at(text, fault.key), fault.key, fault.err)
	}
	return c, nil
}
