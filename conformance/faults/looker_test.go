// looker_test.go: makes one crash state after the other in a file and looks at
// each with the programs that a user has: the check and the dump.

package faults

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/conformance/group"
	"github.com/sunray-ds/utdsd/conformance/harness"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

// unserved is a root without a server, with what looks at its store.
type unserved struct {
	root        string
	check, dump string // the programs
}

func newUnserved(t testing.TB, root string) unserved {
	t.Helper()
	return unserved{root: root, check: harness.Binary(t, "utdsd"), dump: harness.Binary(t, "utldbmcat")}
}

// looker has a root of its own, whose store is put into one state after the other.
// It goes through the tape in one direction.
type looker struct {
	unserved
	tape      *tape
	histories []history
	file      *os.File
	image     []byte // what is durable, without zeros at the end
	size      int64  // of the file then
	at        int    // interval that begins with image
	firstSeq  int    // changes before the recording
	looked    int    // states
}

func newLooker(t testing.TB, s *subject, tp *tape, histories []history) *looker {
	t.Helper()
	k := &looker{unserved: newUnserved(t, t.TempDir()), tape: tp, histories: histories,
		image: bytes.Clone(bytes.TrimRight(tp.first, "\x00")), size: int64(len(tp.first))}
	k.check = s.program
	if err := os.CopyFS(filepath.Join(k.root, "etc"), os.DirFS(filepath.Join(s.Root, "etc"))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(k.root, harness.StoreFile)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	var err error
	if k.file, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.file.Close() })
	if _, err := k.file.WriteAt(k.image, 0); err != nil {
		t.Fatal(err)
	}
	if err := k.file.Truncate(k.size); err != nil {
		t.Fatal(err)
	}
	_, position, problem, err := k.read()
	if problem != "" || err != nil {
		t.Fatalf("before the recording: %s, %v", problem, err)
	}
	k.firstSeq = sequence(t, position)
	return k
}

// look puts the file into a state, looks at it and puts it back.
func (k *looker) look(c crashState) (problems []string, err error) {
	for ; k.at < c.interval; k.at++ {
		if err := k.apply(k.tape.intervals[k.at].writes, true); err != nil {
			return nil, err
		}
	}
	writes := k.tape.writesOf(c)
	if err := k.apply(writes, false); err != nil {
		return nil, err
	}
	if problems, err = k.judge(c); err == nil && len(problems) > 0 {
		err = k.keep(c)
	}
	if err != nil {
		return problems, err
	}
	return problems, k.revert(writes)
}

// keep copies the file as it is to FAULTS_KEEP.
func (k *looker) keep(c crashState) error {
	dir := os.Getenv("FAULTS_KEEP")
	if dir == "" {
		return nil
	}
	data, err := io.ReadAll(io.NewSectionReader(k.file, 0, 1<<40))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, strings.ReplaceAll(c.String(), " ", "-")+".dbb"), data, 0o600)
}

// apply writes to the file, and to the image if it is for good.
func (k *looker) apply(writes []writing, durable bool) error {
	for _, w := range writes {
		var err error
		if w.resize {
			err = k.file.Truncate(w.at)
		} else {
			_, err = k.file.WriteAt(w.data, w.at)
		}
		if err != nil {
			return err
		}
		if !durable {
			continue
		}
		end := w.at + int64(len(w.data))
		if w.resize {
			k.size, end = w.at, min(w.at, int64(len(k.image)))
			k.image = k.image[:end]
			continue
		}
		if k.size = max(k.size, end); end > int64(len(k.image)) {
			k.image = append(k.image, make([]byte, end-int64(len(k.image)))...)
		}
		copy(k.image[w.at:], w.data)
	}
	return nil
}

// revert undoes what apply wrote that was not for good, and what the check has done
// to the meta pages.
func (k *looker) revert(writes []writing) error {
	for _, w := range append(writes, writing{at: 0, data: k.image[:min(metaPages, len(k.image))]}) {
		if w.resize {
			continue
		}
		old := make([]byte, len(w.data))
		if w.at < int64(len(k.image)) {
			copy(old, k.image[w.at:])
		}
		if _, err := k.file.WriteAt(old, w.at); err != nil {
			return err
		}
	}
	return k.file.Truncate(k.size)
}

// judge looks at the file as it is. The check takes a commit back that was cut short:
// every second time the dump comes first and finds it in the file.
func (k *looker) judge(c crashState) (problems []string, err error) {
	check := func() {
		if p := k.faults(); p != "" {
			problems = append(problems, p)
		}
	}
	if k.looked++; k.looked%2 == 0 {
		check()
	} else {
		defer check()
	}
	have, position, problem, err := k.read()
	if problem != "" || err != nil {
		return append(problems, problem), err
	}
	var ledgers []*ledger
	changes := 0
	for i := range k.histories {
		h := &k.histories[i]
		l, err := h.at(k.tape.intervals[c.interval].told[h.client])
		if err != nil {
			return nil, err
		}
		changes += l.acked
		ledgers = append(ledgers, l)
	}
	v := judge(ledgers, have)
	for _, done := range v.done {
		if done {
			changes++
		}
	}
	seq, err := number(position)
	if err != nil {
		return nil, err
	}
	if problems = append(problems, v.problems...); seq-k.firstSeq != changes {
		problems = append(problems, fmt.Sprintf("%d changes are there and the changelog has %d records for them", changes, seq-k.firstSeq))
	}
	return problems, nil
}

// faults runs the check.
func (u unserved) faults() string {
	if out, err := exec.Command(u.check, "-R", u.root, "-check").CombinedOutput(); err != nil {
		return fmt.Sprintf("check: %v: %.500s", err, out)
	}
	return ""
}

// read dumps the store and gives the entries of the workload.
func (u unserved) read() (have []held, position, problem string, err error) {
	var out, errOut bytes.Buffer
	cmd := exec.Command(u.dump, "-R", u.root, "-n", filepath.Join(u.root, harness.StoreFile))
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		return nil, "", fmt.Sprintf("dump: %v: %.500s", err, errOut.String()), nil
	}
	if position = group.PositionOf(out.String()); position == "" {
		return nil, "", "no position in the dump", nil
	}
	r := ldif.NewReader(&out)
	for {
		e, err := r.Next()
		if err == io.EOF {
			return have, position, "", nil
		}
		if err != nil {
			return nil, "", "", err
		}
		h := held{dn: e.DN}
		token := false
		for _, a := range e.Attributes {
			var values []string
			for _, v := range a.Values {
				values = append(values, string(v))
				token = token || a.Attr == "objectClass" && string(v) == "utToken"
			}
			switch strings.ToLower(a.Attr) {
			case "description":
				h.description = values
			case "utotherinfo":
				h.other = values
			case "utport":
				h.port = values
			}
		}
		if token {
			have = append(have, h)
		}
	}
}

// lines are those of a text, without their ends.
func lines(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(text) {
			if !yield(strings.TrimSuffix(line, "\n")) {
				return
			}
		}
	}
}
