package site

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// newSite is a root with its folders.
func newSite(t *testing.T) Paths {
	t.Helper()
	p, err := NewPaths(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.MakeFolders(); err != nil {
		t.Fatal(err)
	}
	return p
}

func wantMode(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != mode {
		t.Errorf("%s has mode %o, want %o", path, got, mode)
	}
}

func TestRootStandsInFrontOfEveryPath(t *testing.T) {
	t.Setenv(RootEnv, "/srv/one")
	p, err := NewPaths("")
	if err != nil {
		t.Fatal(err)
	}
	if p.Store != "/srv/one/var/opt/SUNWut/srds/dbm.ut/id2entry.dbb" || p.Signature != "/srv/one/etc/opt/SUNWut/gmSignature" {
		t.Errorf("from the environment: %+v", p)
	}
	if p, err = NewPaths("/srv/two/"); err != nil || p.Config != "/srv/two/etc/opt/SUNWut/srds/utdsd.toml" {
		t.Errorf("the option does not override the environment: %+v, %v", p, err)
	}
	t.Setenv(RootEnv, "")
	if p, err = NewPaths(""); err != nil || p.Password != "/etc/opt/SUNWut/utadmin.pw" {
		t.Errorf("without a root: %+v, %v", p, err)
	}
}

// The umask of the process must neither open a secret nor hide a public file.
func TestModesAreExactWhateverTheUmask(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077, 0o777} {
		p, err := NewPaths(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		old := syscall.Umask(umask)
		if err = p.MakeFolders(); err == nil {
			err = p.WritePassword([]byte("secret"))
		}
		if err == nil {
			_, err = p.EnsureSignature("")
		}
		if err == nil {
			err = p.WriteAdmin(Admin{"localhost", 7012, "cn=utadmin", "o=v1"})
		}
		if err == nil {
			var l interface{ Close() error }
			if l, err = ListenSocket(p.Socket); err == nil {
				wantMode(t, p.Socket, ModeSecret)
				err = l.Close()
			}
		}
		syscall.Umask(old)
		if err != nil {
			t.Fatalf("umask %o: %v", umask, err)
		}
		wantMode(t, p.Password, ModeSecret)
		wantMode(t, p.Signature, ModeSecret)
		wantMode(t, p.Admin, ModePublic)
		wantFolders(t, p)
	}
}

// wantFolders wants that everybody reaches what is for everybody.
func wantFolders(t *testing.T, p Paths) {
	t.Helper()
	for dir := p.SchemaDir; dir != p.Root; dir = filepath.Dir(dir) {
		wantMode(t, dir, 0o755)
	}
	for dir := filepath.Dir(p.PID); dir != p.Root; dir = filepath.Dir(dir) {
		wantMode(t, dir, 0o755)
	}
	wantMode(t, p.Log, 0o750)
	wantMode(t, filepath.Dir(p.Store), 0o700)
}

func TestFoldersThatNobodyPassesThroughAreMended(t *testing.T) {
	p := newSite(t)
	for _, dir := range []string{filepath.Dir(p.Admin), filepath.Dir(p.Config), p.SchemaDir, filepath.Dir(p.PID), filepath.Dir(filepath.Dir(p.PID))} {
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.MakeFolders(); err != nil {
		t.Fatal(err)
	}
	wantFolders(t, p)
	// What an administrator has chosen stays, as long as it does no harm.
	if err := os.Chmod(filepath.Dir(p.Admin), 0o711); err != nil {
		t.Fatal(err)
	}
	if err := p.MakeFolders(); err != nil {
		t.Fatal(err)
	}
	wantMode(t, filepath.Dir(p.Admin), 0o711)
}

func TestFailedWriteLeavesTheOldFileAndNothingElse(t *testing.T) {
	p := newSite(t)
	if err := p.WritePassword([]byte("old")); err != nil {
		t.Fatal(err)
	}
	// A folder in the way of the rename.
	blocked := filepath.Join(filepath.Dir(p.Password), "blocked")
	if err := os.MkdirAll(filepath.Join(blocked, "child"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(blocked, []byte("x"), ModeSecret); err == nil || !strings.Contains(err.Error(), blocked) {
		t.Errorf("error %v does not name the file", err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(p.Password), ".*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestPasswordIsTheFirstLine(t *testing.T) {
	for _, c := range []struct{ text, want, fault string }{
		{"secret\n", "secret", ""},
		{"secret", "secret", ""},
		{" with blanks \r\nnext", " with blanks ", ""},
		{"", "", "empty"},
		{"\nsecret", "", "empty"},
		{strings.Repeat("x", 2000), "", "longer"},
		{"\ufeffsecret\r\n", "secret", ""},
		{"\ufeff\n", "", "empty"},
		{"sec\x00ret\n", "", "NUL"},
	} {
		got, err := ReadSecret(strings.NewReader(c.text), APassword)
		if string(got) != c.want || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%.20q: %q, %v", c.text, got, err)
		}
	}
}

func TestSignatureIsMadeOnceKeptAndReplacedWithABackup(t *testing.T) {
	p := newSite(t)
	origin, err := p.EnsureSignature("")
	if err != nil || origin != SignatureGenerated {
		t.Fatal(origin, err)
	}
	first, err := ReadSignature(p.Signature)
	if err != nil || len(first) != 64 {
		t.Fatal(first, err)
	}
	if err := os.Chmod(p.Signature, 0o644); err != nil {
		t.Fatal(err)
	}
	if origin, err = p.EnsureSignature(""); err != nil || origin != SignatureKept {
		t.Fatal(origin, err)
	}
	wantMode(t, p.Signature, ModeSecret)
	if again, err := ReadSignature(p.Signature); err != nil || again != first {
		t.Errorf("not kept: %q %v", again, err)
	}

	from := filepath.Join(t.TempDir(), "sig")
	if err := os.WriteFile(from, []byte("the group's own\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if origin, err = p.EnsureSignature(from); err != nil || origin != SignatureInstalled {
		t.Fatal(origin, err)
	}
	if got, err := ReadSignature(p.Signature); err != nil || got != "the group's own" {
		t.Errorf("not installed: %q %v", got, err)
	}
	if got, err := ReadSignature(p.Signature + ".bak"); err != nil || got != first {
		t.Errorf("no backup: %q %v", got, err)
	}
	wantMode(t, p.Signature+".bak", ModeSecret)
}

func TestUnusableSignaturesAreRefusedAndChangeNothing(t *testing.T) {
	p := newSite(t)
	for _, text := range []string{"", "\n", "short", "two\nlines of text", strings.Repeat("x", 2000)} {
		from := filepath.Join(t.TempDir(), "sig")
		if err := os.WriteFile(from, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := p.EnsureSignature(from); err == nil {
			t.Errorf("%.20q is taken", text)
		}
	}
	if _, err := p.EnsureSignature(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing file is taken")
	}
	if _, err := os.Stat(p.Signature); !os.IsNotExist(err) {
		t.Error("a signature was written")
	}
}

func TestAdminFileComesBackAsWritten(t *testing.T) {
	p := newSite(t)
	if _, err := p.ReadAdmin(); err == nil || !strings.Contains(err.Error(), "utconfig") {
		t.Errorf("a missing file: %v", err)
	}
	want := Admin{"localhost", 7112, "cn=utadmin,utname=a=b,o=v1,o=utdata", "utname=a=b,o=v1,o=utdata"}
	if err := p.WriteAdmin(want); err != nil {
		t.Fatal(err)
	}
	if got, err := p.ReadAdmin(); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	for text, fault := range map[string]string{
		"server = a\nport = 99999\n":      "line 2",
		"server = a\nhost = b\n":          `unknown name "host"`,
		"server\n":                        "line 1",
		"# nothing\n":                     "must all be there",
		"server = a\n\n#c\nsubtree =  \n": "line 4",
	} {
		if _, err := parseAdmin(text); err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestGroupNamesNeedNoQuotingAnywhere(t *testing.T) {
	for name, good := range map[string]bool{
		"farm": true, "ray-1.example.com": true, "a_b": true, "9": true,
		"": false, "-R": false, ".x": false, "a b": false, "a,b": false, "a/b": false, "ü": false, strings.Repeat("x", 65): false,
	} {
		if err := CheckGroup(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Root who writes to /dev/null wants nothing less than a file there.
func TestWhatIsNoFileIsLeftAlone(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(fifo, []byte("x"), ModeSecret); err == nil || !strings.Contains(err.Error(), fifo+": that is no file") {
		t.Error(err)
	}
	if after, err := os.Lstat(fifo); err != nil || after.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("it became %v (%v)", after, err)
	}
}

// The folder above the store's is the account's of utdsd, and root prepares it.
func TestLinkInThePlaceOfTheStoresFolderIsNotFollowed(t *testing.T) {
	p, other := newSite(t), filepath.Join(t.TempDir(), "other")
	if err := os.Mkdir(other, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Dir(p.Store)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, filepath.Dir(p.Store)); err != nil {
		t.Fatal(err)
	}
	if err := p.MakeFolders(); err != nil {
		t.Fatal(err)
	}
	wantMode(t, other, 0o755)
}
