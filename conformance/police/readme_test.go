package police

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section is the part of README below a heading.
func section(t *testing.T, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(read(t, "README.md"), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("README has no section %q", heading)
	}
	part, _, _ := strings.Cut(rest, "\n## ")
	return part
}

func TestReadmeBeginsWithTheTwoCommands(t *testing.T) {
	_, rest, _ := strings.Cut(read(t, "README.md"), "```sh\n")
	block, _, _ := strings.Cut(rest, "```")
	lines := strings.Split(strings.TrimSpace(block), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "make run") || !strings.HasPrefix(lines[1], "make test") {
		t.Errorf("the first commands are %q", lines)
	}
	makefile := read(t, "Makefile")
	for _, m := range regexp.MustCompile("`?make ([a-z]+)").FindAllStringSubmatch(read(t, "README.md"), -1) {
		if !regexp.MustCompile(`(?m)^` + m[1] + `:`).MatchString(makefile) {
			t.Errorf("README names make %s, which the Makefile has not", m[1])
		}
	}
}

func TestReadmeExamplesWork(t *testing.T) {
	u := harness.StartUtdsd(t, harness.Options{Group: "demo", Plain: true})
	bin := filepath.Dir(harness.Binary(t, "utdsd"))
	run(t, filepath.Join(bin, "utsample"), "-R", u.Root)
	_, rest, _ := strings.Cut(section(t, "Try it"), "```sh\n")
	block, _, _ := strings.Cut(rest, "```")
	password := "demo-password"
	for _, line := range strings.Split(strings.TrimSpace(block), "\n") {
		line = strings.NewReplacer("127.0.0.1:7012", "127.0.0.1:"+strconv.Itoa(u.Port), "demo/root", u.Root,
			"bin/", bin+"/", password, harness.Password).Replace(line)
		if out := run(t, "sh", "-c", line); len(out) < 40 {
			t.Errorf("%s prints only %q", line, out)
		}
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v: %s", strings.Join(cmd.Args, " "), err, out)
	}
	return string(out)
}

func TestReadmeListsTheProgramsThatThereAre(t *testing.T) {
	var have []string
	entries, err := os.ReadDir(filepath.Join(root(t), "cmd"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "internal" {
			have = append(have, e.Name())
		}
	}
	var told []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[a-z0-9]+`(?:, `[a-z0-9]+`)*) \\|").FindAllStringSubmatch(section(t, "Try it"), -1) {
		for _, name := range strings.Split(row[1], ", ") {
			told = append(told, strings.Trim(name, "`"))
		}
	}
	slices.Sort(told)
	if !slices.Equal(have, told) {
		t.Errorf("there are %v, README lists %v", have, told)
	}
}

func TestReadmeLimitsAreThoseOfTheConfiguration(t *testing.T) {
	u := harness.NewUtdsd(t, harness.Options{Plain: true})
	text, err := os.ReadFile(filepath.Join(u.Root, harness.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([a-z_]+)`[^|]* \\| `([^`]+)` \\|").FindAllStringSubmatch(section(t, "Configuration"), -1)
	if len(rows) < 10 {
		t.Errorf("README has only %d limits", len(rows))
	}
	for _, r := range rows {
		if !strings.Contains(string(text), "\n#"+r[1]+" = "+r[2]+"\n") {
			t.Errorf("README has %s = %s, the configuration file has not", r[1], r[2])
		}
	}
	limits, _, _ := strings.Cut(string(text[strings.Index(string(text), "#[limits]"):]), "#[index]")
	if n := len(regexp.MustCompile(`(?m)^#[a-z_]+ = `).FindAllString(limits, -1)); n != len(rows) {
		t.Errorf("the configuration file has %d limits, README %d", n, len(rows))
	}
}

// metricsOf reads the metrics of a server.
func metricsOf(t *testing.T, address string) string {
	t.Helper()
	r, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMetricsHaveGoodNamesAndStandInReadme(t *testing.T) {
	g := group.New(t, nil)
	first := g.Add(t, "primary", harness.Options{Plain: true})
	second := g.Add(t, "secondary", harness.Options{Plain: true})
	first.Restart(t)
	second.Restart(t)
	first.Must(t, "utreplica", "-p", second.Address())
	second.Must(t, "utreplica", "-s", first.Address())
	text := metricsOf(t, first.Metrics)
	both := text + metricsOf(t, second.Metrics)
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	more, err := promlint.New(strings.NewReader(metricsOf(t, second.Metrics))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(problems, more...) {
		if strings.HasPrefix(p.Metric, "utds_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	readme := section(t, "Metrics")
	served := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (utds_\w+) `).FindAllStringSubmatch(both, -1) {
		served[m[1]] = true
		if !strings.Contains(readme, "`"+m[1]+"`") {
			t.Errorf("README lacks %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile("`(utds_\\w+)`").FindAllStringSubmatch(readme, -1) {
		if !served[m[1]] {
			t.Errorf("README has %s, which is not served", m[1])
		}
	}
}

func TestNothingIsLeftUnfinished(t *testing.T) {
	words := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	for _, file := range append(files(t, ".go"), files(t, ".md")...) {
		if m := words.FindString(read(t, file)); m != "" {
			t.Errorf("%s says %s", file, m)
		}
	}
}
