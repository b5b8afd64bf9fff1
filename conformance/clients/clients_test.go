// clients_test.go: the check files against both servers, and their count.

package clients

import (
	"os"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/harness"
)

// fewest is how many checks there are at least: a file that is lost or a
// parser that overlooks checks must not look like success.
const fewest = 450

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// TestChecks runs every check file against the project's own server.
func TestChecks(t *testing.T) {
	server := harness.StartUtdsd(t, harness.Options{})
	runStories(t, server.Endpoint())
}

// TestSlapdChecks runs every check file against slapd, which proves the
// checks and counts where this project differs on purpose.
func TestSlapdChecks(t *testing.T) {
	server := harness.StartSlapd(t)
	runStories(t, server.Endpoint())
}

func runStories(t *testing.T, server harness.Endpoint) {
	stories, err := readStories("testdata/checks")
	if err != nil {
		t.Fatal(err)
	}
	r := newRunner(t, server)
	checks, differences := count(stories)
	t.Logf("%d checks in %d files, %d deliberate differences between the servers", checks, len(stories), differences)
	if checks < fewest {
		t.Errorf("%d checks, at least %d are expected", checks, fewest)
	}
	t.Run("stories", func(t *testing.T) {
		for _, s := range stories {
			t.Run(s.Name, func(t *testing.T) {
				t.Parallel()
				r.story(t, s)
			})
		}
	})
}

// count counts checks and deliberate differences.
func count(stories []*story) (checks, differences int) {
	for _, s := range stories {
		for _, c := range s.Checks {
			checks++
			if c.Only != "" {
				differences++
			}
			for _, st := range c.Steps {
				differences += len(st.Differs)
			}
		}
	}
	return checks, differences
}
