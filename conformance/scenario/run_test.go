// run_test.go: every story of testdata, from its first command to the last.

package scenario

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

// rewrite is the flag that makes what is printed what is expected.
func rewrite() bool { return flag.Lookup("rewrite").Value.String() == "true" }

func TestMain(m *testing.M) {
	flag.Bool("rewrite", false, "write what the programs print into the stories")
	flag.Parse()
	os.Exit(harness.Main(m))
}

// story is a story that is being told.
type story struct {
	t       *testing.T
	group   *group.Group
	members map[string]*group.Member
	readers map[string]*group.Reader
	foreign string // file with another group signature
	host    string // name of this machine
	dir     string // of the files that the story names
	written int    // times that write was called
}

func newStory(t *testing.T) *story {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	return &story{
		t: t, host: host, group: group.New(t, nil), dir: t.TempDir(),
		members: make(map[string]*group.Member), readers: make(map[string]*group.Reader),
	}
}

func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no stories", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			tell(t, file)
		})
	}
}

// tell runs a story. It goes on after a step that prints something else, so
// that one run shows all of them.
func tell(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	steps, after, err := parse(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	s := newStory(t)
	var told strings.Builder
	for i := range steps {
		begun := time.Now()
		printed := s.mask(s.do(file, &steps[i]))
		t.Logf("%6.2f s  %s", time.Since(begun).Seconds(), steps[i].command)
		if printed != steps[i].want && !rewrite() {
			t.Errorf("%s:%d: %s\nprinted\n%sexpected\n%s", file, steps[i].line, steps[i].command, printed, steps[i].want)
		}
		told.WriteString(steps[i].text(printed))
	}
	s.end()
	if rewrite() && !t.Failed() {
		if err := os.WriteFile(file, []byte(told.String()+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// end stops all servers and checks their stores: no story ends with a bad one.
func (s *story) end() {
	for _, m := range s.group.Members() {
		m.Stop(s.t)
		if p := m.Check(s.t); p != "" {
			s.t.Errorf("the store of %s at the end: %s", m.Name, p)
		}
	}
}
