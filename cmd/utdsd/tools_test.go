package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// freePort is a port that nobody uses now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func TestUsersAreAddedAndShown(t *testing.T) {
	port := freePort(t)
	root := configure(t, port)
	runProgram(t, "", "utuser", "-R", root, "-l").want(t, 1, "localhost:"+port+" is not running", "start it with utstart")
	runProgram(t, "", "utuser", "-R", t.TempDir(), "-l").want(t, 1, "utadmin.conf is not there", "utconfig")
	runProgram(t, "", "utuser", "-R", root).want(t, 2, "exactly one of")

	// The tools look for localhost, the server listens on what is configured.
	p := startDaemon(t, "-R", root, "-metrics", "off")
	p.await(t, "listening on ldapi://")
	const card, mondex = "MicroPayflex.00004f0065000100", "mondex.9998007668077709"
	runProgram(t, "", "utuser", "-R", root, "-l").want(t, 0, "\n0 tokens total.\n")
	runProgram(t, "", "utuser", "-R", root, "-a", mondex+",localhost,7007,Jane Doe").want(t, 0, "Added 1 user.\n")
	runProgram(t, "", "utuser", "-R", root, "-a", card+",localhost,7007,John Smith,E421").want(t, 0, "Added 1 user.\n")
	runProgram(t, "", "utuser", "-R", root, "-a", card+",localhost,7007,Somebody Else").want(t, 1, card+" is registered already")
	runProgram(t, "", "utuser", "-R", root, "-a", card+",localhost").want(t, 2, "2 fields")

	list := runProgram(t, "", "utuser", "-R", root, "-l")
	const want = `Token ID                       User Name                      Other Info
------------------------------ ------------------------------ ---------------
MicroPayflex.00004f0065000100  John Smith                     E421
mondex.9998007668077709        Jane Doe

2 tokens total.
`
	if list.code != 0 || list.out != want {
		t.Errorf("code %d\n%s%s", list.code, list.out, list.err)
	}
	runProgram(t, "", "utuser", "-R", root, "-p", card).want(t, 0, "User Name = John Smith\n", "Other Info = E421\n")
	runProgram(t, "", "utuser", "-R", root, "-p", "none").want(t, 1, "no user has this token: none")
	dump := filepath.Join(t.TempDir(), "users")
	runProgram(t, "", "utuser", "-R", root, "-o", dump).want(t, 0)
	if got := string(read(t, dump)); got != card+",localhost,7007,John Smith,E421\n"+mondex+",localhost,7007,Jane Doe\n" {
		t.Errorf("dump:\n%s", got)
	}

	runProgram(t, "", "utsample", "-R", root).want(t, 0, "Added 481 sample entries, 0 were there already.")
	runProgram(t, "", "utsample", "-R", root).want(t, 0, "Added 0 sample entries, 481 were there already.")
	runProgram(t, "", "utuser", "-R", root, "-L").want(t, 0, "202 tokens total.")
	p.stop(t)

	if err := os.WriteFile(filepath.Join(root, "etc/opt/SUNWut/utadmin.pw"), []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p = startDaemon(t, "-R", root, "-metrics", "off")
	p.await(t, "listening on ldapi://")
	r := runProgram(t, "", "utuser", "-R", root, "-l")
	r.want(t, 1, "cn=utadmin,utname=farm", "utadmin.pw", "run utpw with the new one here", "\"Invalid Credentials\"\n")
	if strings.Count(r.err, "\n") != 1 {
		t.Errorf("not one sentence:\n%s", r.err)
	}
	p.stop(t)
}
