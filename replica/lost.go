package replica

// Changes that the provider never had, saved before its state replaces them.

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

const (
	lostStep   = 512 // records read from the log at once
	maxLostTry = 1000
)

// lost says which changes are to be saved.
type lost struct {
	mine, theirs schema.Position
	from         uint64 // first change to be saved
	fork         uint64 // last change that both have
	forkKnown    bool
	none         bool   // the provider has all of them
	oldest       uint64 // first change of the log
}

// fork finds the last position that both histories have in common; ok is false
// if they have none, or if it cannot be known.
func fork(mine, theirs []schema.Epoch, my, their schema.Position) (at schema.Position, ok bool) {
	for i := len(mine) - 1; i >= 0; i-- {
		j := slices.IndexFunc(theirs, func(e schema.Epoch) bool { return e.ID == mine[i].ID })
		if j < 0 {
			continue
		}
		a, okA := epochEnd(mine, my, i)
		b, okB := epochEnd(theirs, their, j)
		switch {
		case !okA || !okB:
			return at, false
		case a.Seq < b.Seq:
			return a, true
		}
		return b, true
	}
	return at, false
}

// epochEnd is the last position of the i-th epoch of a history that is at now.
func epochEnd(history []schema.Epoch, now schema.Position, i int) (schema.Position, bool) {
	if i == len(history)-1 {
		return now, true
	}
	end, err := schema.ParsePosition(history[i+1].From)
	return end, err == nil && end.Epoch == history[i].ID
}

// findLost compares the held state with what the provider said about itself.
func findLost(held State, m *Meeting) lost {
	l := lost{mine: held.Position(), theirs: m.Position, oldest: held.Oldest()}
	at, ok := fork(held.Epochs(), m.Epochs, l.mine, m.Position)
	if ok {
		// The same number is the same change only if the state after it was
		// the same. Where the log does not tell any more, the number has to do.
		hash, told := held.HashAt(at.Seq)
		if at.Seq == l.mine.Seq {
			hash, told = l.mine.Hash, true
		}
		ok = !told || hash == at.Hash
	}
	l.none = ok && at.Seq >= l.mine.Seq
	// A provider that speaks of lost changes although there are none is not
	// believed in anything.
	ok = ok && !l.none
	if l.forkKnown = ok; ok {
		l.fork = at.Seq
	}
	l.from = max(l.fork+1, l.oldest)
	return l
}

// saveLost writes the changes that the provider of m never had into a new file
// in LostDir. The store must still be at the position that it presented.
func (c *Consumer) saveLost(at schema.Position, m *Meeting) error {
	held, err := c.o.Applier.Hold()
	if err != nil {
		return err
	}
	defer held.Release()
	if held.Position() != at {
		return ErrPosition
	}
	l := findLost(held, m)
	name, err := l.save(c.o.LostDir, held)
	if err != nil {
		return err
	}
	c.note(func(s *ConsumerState) { s.LostFile, s.LostChanges = name, l.mine.Seq+1-min(l.from, l.mine.Seq+1) })
	c.o.Log.Warn("changes that the provider never had are saved", "file", name, "from", l.from, "to", l.mine.Seq)
	return nil
}

// save writes them into a new file in dir and gives its name.
func (l *lost) save(dir string, held State) (name string, err error) {
	temp, err := newLost(dir)
	if err != nil {
		return "", err
	}
	defer os.Remove(temp.Name())
	out := bufio.NewWriterSize(temp, 64<<10)
	err = l.write(out, held)
	err = errors.Join(err, out.Flush(), temp.Chmod(0o600), temp.Sync(), temp.Close())
	if err != nil {
		return "", err
	}
	return putLost(temp.Name(), filepath.Join(dir, l.name()))
}

// newLost makes the file under a name of its own. One that a crash left is
// removed.
func newLost(dir string) (*os.File, error) {
	left, err := filepath.Glob(filepath.Join(dir, "lost-*.new"))
	if err != nil {
		return nil, err
	}
	for _, name := range left {
		os.Remove(name)
	}
	return os.CreateTemp(dir, "lost-*.new")
}

// name is that of the file, without anything that tells it from an earlier one
// of the same name.
func (l *lost) name() string {
	return fmt.Sprintf("lost-%.8s-%d-%d", l.mine.Epoch, l.from, l.mine.Seq)
}

// putLost gives the file at temp its name, which no other file has. The same
// changes are not kept twice: a refresh that fails is tried again.
func putLost(temp, base string) (string, error) {
	for n := 1; n <= maxLostTry; n++ {
		name := base + ".ldif"
		if n > 1 {
			name = fmt.Sprintf("%s.%d.ldif", base, n)
		}
		switch _, err := os.Lstat(name); {
		case errors.Is(err, os.ErrNotExist):
			if err := os.Rename(temp, name); err != nil {
				return "", err
			}
			return name, syncDir(filepath.Dir(name))
		case err != nil:
			return "", err
		}
		if same, err := sameContent(temp, name); err != nil || same {
			return name, err
		}
	}
	return "", fmt.Errorf("there are too many files of the name %s", base)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func sameContent(a, b string) (bool, error) {
	x, err := os.Open(a)
	if err != nil {
		return false, err
	}
	defer x.Close()
	y, err := os.Open(b)
	if err != nil {
		return false, err
	}
	defer y.Close()
	one, other := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, errX := io.ReadFull(x, one)
		m, errY := io.ReadFull(y, other)
		if !bytes.Equal(one[:n], other[:m]) {
			return false, nil
		}
		if errX != nil || errY != nil {
			// Both ended, or one had an error of another kind.
			return endOfFile(errX) && endOfFile(errY), errors.Join(unlessEnd(errX), unlessEnd(errY))
		}
	}
}

func endOfFile(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func unlessEnd(err error) error {
	if endOfFile(err) {
		return nil
	}
	return err
}

// write writes the whole file.
func (l *lost) write(out io.Writer, held State) error {
	if _, err := io.WriteString(out, l.head()); err != nil {
		return err
	}
	for next := l.from; next <= l.mine.Seq; {
		var part []schema.ChangeRecord
		err := held.Changes(next, func(rec schema.ChangeRecord) bool {
			part = append(part, rec)
			return len(part) < lostStep
		})
		if err != nil {
			return err
		}
		if len(part) == 0 {
			break
		}
		var text []byte
		for i := range part {
			text = appendLost(text, &part[i])
		}
		if _, err := out.Write(text); err != nil {
			return err
		}
		next = part[len(part)-1].Seq + 1
	}
	return nil
}

// head is the comment at the beginning.
func (l *lost) head() string {
	var b strings.Builder
	b.WriteString("Changes of this data store that its provider never had. They were saved before\n" +
		"the provider's state replaced them; nothing reads this file by itself.\n")
	fmt.Fprintf(&b, "position of this store: %s\nposition of the provider: %s\n", l.mine, l.theirs)
	if l.forkKnown {
		fmt.Fprintf(&b, "both have the changes up to %d\n", l.fork)
	} else {
		b.WriteString("where the two parted cannot be known: these are all changes of the log\n")
	}
	if first := l.fork + 1; l.oldest > first {
		fmt.Fprintf(&b, "The log does not reach back to the changes %d to %d, which are not in this file.\n"+
			"The whole store as it was is kept beside the new one, with the ending .previous.\n", first, min(l.oldest-1, l.mine.Seq))
	}
	return "# " + strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\n", "\n# ") + "\n\n"
}

// appendLost appends one change record. What LDIF has no line for is in the
// comment before it.
func appendLost(dst []byte, rec *schema.ChangeRecord) []byte {
	dst = fmt.Appendf(dst, "# change %d, %s, csn %s, entryUUID %x-%x-%x-%x-%x\n", rec.Seq, rec.Time.UTC().Format("2006-01-02T15:04:05.000000Z"),
		rec.CSN, rec.UUID[:4], rec.UUID[4:6], rec.UUID[6:8], rec.UUID[8:10], rec.UUID[10:])
	plain := *rec
	text, none := plainChange(rec)
	if plain.LDIF = text; !none {
		return ldif.AppendLogged(dst, &plain)
	}
	dst = fmt.Appendf(dst, "# The server alone changed %q:\n", rec.DN) // no change that anybody can make
	return append(append(dst, text...), '\n')
}
