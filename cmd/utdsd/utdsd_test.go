package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/cmd/internal/site"
)

const anyPort = "ldap://127.0.0.1:0 ldapi://"

// get is the answer of the metrics listener.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := http.Client{Timeout: within}
	answer, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestServerIsSetUpServesAndStops(t *testing.T) {
	root := configure(t, "7012")
	p := startDaemon(t, "-R", root, "-H", anyPort, "-metrics", "127.0.0.1:0")
	address := p.await(t, "utdsd: listening on ldap://")
	p.await(t, "utdsd: listening on ldapi://")
	monitor := strings.TrimSuffix(p.await(t, "utdsd: metrics on "), "/metrics")

	for _, who := range []string{"cn=admin,o=utdata", "cn=utadmin,utname=farm,o=v1,o=utdata"} {
		conn, err := ldap.DialURL("ldap://" + address)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Bind(who, testPassword); err != nil {
			t.Errorf("%s: %v", who, err)
		}
		add := ldap.NewAddRequest("utname="+who[3:7]+",utname=readers,utname=farm,o=v1,o=utdata", nil)
		add.Attribute("objectClass", []string{"utReader"})
		if err := conn.Add(add); err != nil {
			t.Errorf("%s: %v", who, err)
		}
		conn.Close()
	}
	for path, want := range map[string]string{
		"/healthz": "ok\n", "/readyz": "ready\n", "/metrics": "utds_build_info{", "/debug/pprof/cmdline": "utdsd",
	} {
		if code, body := get(t, monitor+path); code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d\n%.200s", path, code, body)
		}
	}
	if _, body := get(t, monitor+"/metrics"); !strings.Contains(body, "commits took, the flush included") || !strings.Contains(body, "go_goroutines") || !strings.Contains(body, "utds_ldap_") {
		t.Error("metrics of the runtime or of the server are missing")
	}

	paths, err := site.NewPaths(root)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := site.DialSocket(paths.Socket)
	if err != nil {
		t.Errorf("the local socket: %v", err)
	} else {
		conn.Close()
	}
	if pid, err := os.ReadFile(paths.PID); err != nil || strings.TrimSpace(string(pid)) != fmt.Sprint(p.cmd.Process.Pid) {
		t.Errorf("process id %q, %v", pid, err)
	}
	p.stop(t)
	for _, path := range []string{paths.PID, paths.Socket} {
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("%s is left behind", path)
		}
	}
	runProgram(t, "", "utdsd", "-R", root, "-check").want(t, 0, "is good")
}

func TestServerThatCannotServeSaysWhy(t *testing.T) {
	empty := t.TempDir()
	runProgram(t, "", "utdsd", "-R", empty).want(t, 1, filepath.Join(empty, "etc/opt/SUNWut/srds/utdsd.toml"), "not set up", "utconfig")

	root := configure(t, "7012")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	r := runProgram(t, "", "utdsd", "-R", root, "-H", "ldap://"+address)
	r.want(t, 1, "cannot listen on ldap://"+address, "in use", "choose another one with -H")
	if strings.Count(r.err, "\n") != 1 || r.out != "" {
		t.Errorf("not one sentence:\n%s%s", r.out, r.err)
	}
	r = runProgram(t, "", "utdsd", "-R", root, "-H", "ldap://127.0.0.1:0", "-metrics", address)
	r.want(t, 1, "http://"+address, "in use", "choose another one with -metrics or the key metrics")

	runProgram(t, "", "utdsd", "-R", root, "-H", "http://x").want(t, 2, "-H", "not an ldap, ldaps or ldapi URL")
	runProgram(t, "", "utdsd", "-R", root, "-H", "ldap://"+address, "-H", "ldap://127.0.0.1:0").want(t, 1, "cannot listen on ldap://"+address)
	runProgram(t, "", "utdsd", "-R", root, "-H", "ldaps://127.0.0.1:0").want(t, 1, "needs a certificate", "[tls]")
	runProgram(t, "", "utdsd", "-nosuch").want(t, 2, "utdsd -h")
	runProgram(t, "", "utdsd", "-h").want(t, 0, "Examples:", "-metrics", "/readyz is 200, too, on a")

	conf := filepath.Join(t.TempDir(), "utdsd.toml")
	if err := os.WriteFile(conf, []byte("\nport = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	runProgram(t, "", "utdsd", "-R", root, "-f", conf).want(t, 1, conf+": line 2: unknown key port")

	usual := filepath.Join(root, "etc/opt/SUNWut/srds/utdsd.toml")
	other := "suffix = \"o=other\"\n"
	if err := os.WriteFile(conf, append([]byte(other), read(t, usual)...), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-H", anyPort}, {"-check"}} {
		runProgram(t, "", "utdsd", append(args, "-R", root, "-f", conf)...).want(t, 1, "is of o=utdata", conf, "o=other")
	}

	good := string(read(t, usual))
	for mistake, says := range map[string]string{
		"[[access]]\nwho = \"nobody\"\nright = \"read\"\n": `access rule 1: unknown who "nobody"`,
		"[index]\neq = [\"nosuch\"]\n":                     `index of "nosuch": the schema has no such attribute type; see the table [index]`,
	} {
		if err := os.WriteFile(usual, []byte(good+"\n"+mistake), 0o600); err != nil {
			t.Fatal(err)
		}
		runProgram(t, "", "utdsd", "-R", root, "-H", anyPort, "-metrics", "off").want(t, 1, "utdsd: "+usual+": ", says)
	}
	if err := os.WriteFile(usual, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}

	if err := os.Remove(filepath.Join(root, "var/opt/SUNWut/srds/dbm.ut/id2entry.dbb")); err != nil {
		t.Fatal(err)
	}
	runProgram(t, "", "utdsd", "-R", root).want(t, 1, "id2entry.dbb", "utconfig")
}

func TestStoreBelongsToOneServer(t *testing.T) {
	root := configure(t, "7012")
	p := startDaemon(t, "-R", root, "-H", anyPort, "-metrics", "off")
	p.await(t, "listening on ldapi://")
	runProgram(t, "", "utdsd", "-R", root, "-H", "ldap://127.0.0.1:0", "-metrics", "off").want(t, 1, "in use", "id2entry.dbb", "with utstop")
	r := runProgram(t, testPassword, "utconfig", "-R", root, "-y", "-w", "-", "-force")
	r.want(t, 1, "in use and nothing was changed", "with utstop")
	p.stop(t)
}
