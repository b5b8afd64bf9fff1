package replica

// The text of a refresh: the entries as they come, as LDIF in the form of a
// dump of the store.

import (
	"fmt"
	"io"
	"strings"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ldif"
)

const (
	progressStep = 1024 // entries between two notes of the progress
	maxNames     = 4096 // attribute names remembered
)

// errAbandoned is what the writing side gets when nobody reads any more.
var errAbandoned = fmt.Errorf("the refresh was given up: %w", io.ErrClosedPipe)

// refreshText is a pipe: entries go in on the goroutine that receives, text
// comes out on the one that applies. Nothing of it is kept in memory.
type refreshText struct {
	reader  *io.PipeReader
	pipe    *io.PipeWriter
	c       *Consumer
	meeting *Meeting // nil: a provider of another make, which has no position
	out     *ldif.Writer
	begun   bool
	entries uint64
	attrs   []schema.RawAttribute
	values  [][]byte
	names   map[string]string
}

func newRefreshText(c *Consumer, m *Meeting) *refreshText {
	t := &refreshText{c: c, meeting: m, names: map[string]string{}}
	t.reader, t.pipe = io.Pipe()
	t.out = ldif.NewWriter(t.pipe)
	expected := uint64(0)
	if m != nil {
		expected = m.Entries
	}
	c.note(func(s *ConsumerState) { s.Received, s.Expected = 0, expected })
	return t
}

// head writes, once, what a dump says about itself.
func (t *refreshText) head() error {
	if t.begun {
		return nil
	}
	t.begun = true
	if t.meeting == nil {
		return t.out.Version()
	}
	var b strings.Builder
	at := t.meeting.Position
	fmt.Fprintf(&b, "Sun Ray data store %s\nposition %s\nstate hash %s\n", t.c.o.Suffix, at, at.Hash)
	for _, e := range t.meeting.Epochs {
		fmt.Fprintln(&b, strings.TrimRight("epoch "+e.ID+" "+string(e.Kind)+" "+e.From, " "))
	}
	return t.out.Comment(b.String())
}

// entry writes one entry. It waits until the other side reads.
func (t *refreshText) entry(v schema.View) error {
	t.attrs, t.values = t.attrs[:0], t.values[:0]
	for _, list := range [...][]byte{v.User, v.Operational} {
		for a, rest, ok := schema.NextAttribute(list); ok; a, rest, ok = schema.NextAttribute(rest) {
			from := len(t.values)
			for value, more, ok := schema.NextValue(a.Values); ok; value, more, ok = schema.NextValue(more) {
				t.values = append(t.values, value)
			}
			t.attrs = append(t.attrs, schema.RawAttribute{Attr: t.name(a.Desc), Values: t.values[from:len(t.values):len(t.values)]})
		}
	}
	return t.write(string(v.DN), t.attrs)
}

// write is entry for attributes as a list.
func (t *refreshText) write(dn string, attrs []schema.RawAttribute) error {
	if err := t.head(); err != nil {
		return err
	}
	if err := t.out.WriteEntry(0, dn, attrs); err != nil {
		return fmt.Errorf("text of the refresh: %w", err)
	}
	if t.entries++; t.entries%progressStep == 0 {
		t.c.note(func(s *ConsumerState) { s.Received = t.entries })
	}
	return nil
}

// name is one string for each name.
func (t *refreshText) name(desc []byte) string {
	if s, ok := t.names[string(desc)]; ok {
		return s
	}
	s := string(desc)
	if len(t.names) < maxNames {
		t.names[s] = s
	}
	return s
}

// end writes the last line and ends the text for the reader.
func (t *refreshText) end() error {
	if err := t.head(); err != nil {
		return err
	}
	if t.meeting != nil {
		if t.entries != t.meeting.Entries {
			return fmt.Errorf("%w: %d entries of %d in the refresh", ErrMember, t.entries, t.meeting.Entries)
		}
		if err := t.out.Comment(fmt.Sprintf("end: %d entries, position %s", t.entries, t.meeting.Position)); err != nil {
			return err
		}
	}
	if err := t.out.Flush(); err != nil {
		return fmt.Errorf("text of the refresh: %w", err)
	}
	t.c.note(func(s *ConsumerState) { s.Received = t.entries })
	return t.pipe.Close()
}

// fail ends the text with an error for the reader.
func (t *refreshText) fail(err error) { t.pipe.CloseWithError(err) }

// abandon ends the writing: nobody reads.
func (t *refreshText) abandon() { t.reader.CloseWithError(errAbandoned) }
