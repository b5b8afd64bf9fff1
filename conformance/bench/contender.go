// contender.go: the two servers, set up alike.

package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/bench/dataset"
	"github.com/sunray-ds/utdsd/conformance/bench/load"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// indexed are the attributes with an equality index in both servers.
var indexed = names{"objectClass", "utname", "uid", "cn"}

// names is a list of names as TOML.
type names []string

// String is the list as TOML.
func (n names) String() string {
	quoted := make([]string, len(n))
	for i, s := range n {
		quoted[i] = strconv.Quote(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// contender is one of the servers with its tools.
type contender struct {
	harness.Server
	name     string
	metrics  string // address of our metrics listener
	entries  int    // that were loaded
	requests *load.Requests
	holds    load.Holds // after it was loaded

	empty func(testing.TB)            // makes room for loading
	load  func(file string) *exec.Cmd // loads LDIF into the stopped server
	dump  func(file string) *exec.Cmd // writes LDIF
	serve func(port int) *exec.Cmd    // serves on a port of loopback, without harness
}

// program prepares a command that dies with this process, in a session of its
// own like the servers.
func program(path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
	return cmd
}

// must runs a command.
func must(tb testing.TB, cmd *exec.Cmd) {
	tb.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}

// indexSettings are the indexes as utdsd's configuration has them.
func indexSettings(substrings names, more ...string) []harness.Setting {
	return []harness.Setting{{Table: "index", Key: "eq", Value: append(indexed[:len(indexed):len(indexed)], more...)}, {Table: "index", Key: "sub", Value: substrings}}
}

// newOurs is our server, not started and empty.
func newOurs(tb testing.TB, substrings names) *contender {
	tb.Helper()
	return ofUtdsd(tb, harness.NewUtdsd(tb, harness.Options{Plain: true, Config: indexSettings(substrings)}))
}

func ofUtdsd(tb testing.TB, u *harness.Utdsd) *contender {
	tb.Helper()
	tool := func(name string, args ...string) *exec.Cmd {
		return program(harness.Binary(tb, name), append([]string{"-R", u.Root}, args...)...)
	}
	return &contender{
		Server: u, name: string(harness.Ours), metrics: u.Metrics,
		empty: func(testing.TB) {}, // -c does that
		load:  func(file string) *exec.Cmd { return tool("utldif2ldbm", "-c", "-j", "2", "-i", file) },
		dump: func(file string) *exec.Cmd {
			return tool("utldbmcat", "-o", file)
		},
		serve: func(port int) *exec.Cmd {
			return tool("utdsd", "-H", fmt.Sprintf("ldap://127.0.0.1:%d", port), "-metrics", "127.0.0.1:0")
		},
	}
}

// slapdConf is slapd.conf(5). Commits are durable, which is slapd's default. What
// costs slapd time and is of no use here, its log and its monitor, is off.
const slapdConf = `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include %[1]s
modulepath /usr/lib/ldap
moduleload back_mdb
%[2]s
loglevel 0
sizelimit unlimited
timelimit unlimited
threads 4
serverID %[3]d
database mdb
monitoring off
suffix "%[4]s"
rootdn "%[5]s"
rootpw %[6]s
directory %[7]s
maxsize 8589934592
%[8]s%[9]s
`

// slapdOptions vary a slapd.
type slapdOptions struct {
	substrings names  // of indexed, with an index for parts, too
	id         int    // of a replicating server
	modules    string // lines before the database
	database   string // lines at the end
}

// newSlapd is a slapd, not started and empty.
func newSlapd(tb testing.TB, o slapdOptions) *contender {
	tb.Helper()
	dir := tb.TempDir()
	db, conf := filepath.Join(dir, "db"), filepath.Join(dir, "slapd.conf")
	definitions, err := filepath.Abs("../clients/testdata/sunray.schema")
	if err != nil {
		tb.Fatal(err)
	}
	indexes := ""
	for _, name := range indexed {
		kinds := "eq"
		if slices.Contains(o.substrings, name) {
			kinds = "eq,sub"
		}
		indexes += "index " + name + " " + kinds + "\n"
	}
	if o.id == 0 {
		o.id = 1
	}
	text := fmt.Sprintf(slapdConf, definitions, o.modules, o.id, dataset.Suffix, harness.AdminDN, harness.Password, db, indexes, o.database)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	c := &contender{
		Server: harness.NewSlapd(tb, conf), name: string(harness.Reference),
		empty: func(tb testing.TB) {
			tb.Helper()
			if err := os.RemoveAll(db); err != nil {
				tb.Fatal(err)
			}
			if err := os.Mkdir(db, 0o700); err != nil {
				tb.Fatal(err)
			}
		},
		load: func(file string) *exec.Cmd {
			return program(harness.Program(tb, "slapadd"), "-q", "-f", conf, "-b", dataset.Suffix, "-l", file)
		},
		dump: func(file string) *exec.Cmd {
			return program(harness.Program(tb, "slapcat"), "-f", conf, "-b", dataset.Suffix, "-l", file)
		},
		serve: func(port int) *exec.Cmd {
			return program(harness.Program(tb, "slapd"), "-d", "0", "-f", conf, "-h", fmt.Sprintf("ldap://127.0.0.1:%d", port))
		},
	}
	c.empty(tb)
	return c
}

// fill loads the stopped server.
func (c *contender) fill(tb testing.TB, file string, entries int) {
	tb.Helper()
	c.empty(tb)
	must(tb, c.load(file))
	c.entries = entries
}

// begin starts the server and compares everything it has with the data.
func (c *contender) begin(tb testing.TB, data load.Holds) {
	tb.Helper()
	c.Restart(tb)
	c.requests = load.NewRequests(c.entries)
	var err error
	if c.holds, err = c.requests.Verify(c.cell(8, 16), data); err != nil {
		tb.Fatalf("%s: %v", c.name, err)
	}
}

// cell is work for the server, to be completed. The administrator does it.
func (c *contender) cell(connections, outstanding int) load.Cell {
	return load.Cell{
		Address: c.Endpoint().Address, Process: c.Pid(), DN: harness.AdminDN, Password: harness.Password,
		Connections: connections, Outstanding: outstanding,
	}
}

// session is a connection of the administrator.
func (c *contender) session(tb testing.TB) *load.Session {
	tb.Helper()
	s, err := load.Open(c.Endpoint().Address, harness.AdminDN, harness.Password)
	if err != nil {
		tb.Fatalf("%s: %v", c.name, err)
	}
	return s
}

// dataFile writes the data with n entries.
func dataFile(tb testing.TB, n int) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "data.ldif")
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	if err := dataset.WriteLDIF(f, n); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	return path
}

// turns is the order of the servers in a round: each is first in every second.
func turns(round int, list []*contender) []*contender {
	k := round % len(list)
	return append(list[k:len(list):len(list)], list[:k]...)
}

// pause lets the disk finish what came before.
func pause() {
	syscall.Sync()
	time.Sleep(50 * time.Millisecond)
}
