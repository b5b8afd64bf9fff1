package backend

// The comment lines of a dump: the position of its state, the history of its
// epochs, and the end.
//
//	# Sun Ray data store o=utdata
//	# position EPOCH.SEQ.HASH
//	# state hash HASH
//	# epoch ID KIND [FROM]        one for each epoch, oldest first
//
//	# end: N entries, position EPOCH.SEQ.HASH

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/sunray-ds/utdsd/schema"
)

const (
	commentTitle    = "Sun Ray data store "
	commentPosition = "position "
	commentHash     = "state hash "
	commentEpoch    = "epoch "
	commentEnd      = "# end: "
)

// dumpHeader is what a dump says about itself.
type dumpHeader struct {
	found    bool
	suffix   string
	position schema.Position
	epochs   []schema.Epoch
}

// untouched gives the header of a dump. A store that was loaded and not changed
// since has the state, and so the position, of the dump that it was loaded
// from: its dump is the same to the last byte.
func (h dumpHeader) untouched() dumpHeader {
	n := len(h.epochs)
	if n < 2 || h.epochs[n-1].Kind != schema.EpochRestored {
		return h
	}
	from, err := schema.ParsePosition(h.epochs[n-1].From)
	if err == nil && from.Seq == h.position.Seq && from.Hash == h.position.Hash && from.Epoch == h.epochs[n-2].ID {
		h.position, h.epochs = from, h.epochs[:n-1]
	}
	return h
}

// text is the comment at the beginning of a dump.
func (h dumpHeader) text() string {
	var b strings.Builder
	b.WriteString(commentTitle + h.suffix + "\n")
	b.WriteString(commentPosition + h.position.String() + "\n")
	b.WriteString(commentHash + h.position.Hash.String() + "\n")
	for _, e := range h.epochs {
		b.WriteString(strings.TrimRight(commentEpoch+e.ID+" "+string(e.Kind)+" "+e.From, " ") + "\n")
	}
	return b.String()
}

// end is the last line of a dump.
func (h dumpHeader) end(entries uint64) string {
	return fmt.Sprintf("%s%d entries, position %s\n", commentEnd, entries, h.position)
}

// readDumpHeader reads the comment at the beginning of text. A comment of other
// origin is none of ours.
func readDumpHeader(text []byte) (h dumpHeader) {
	for {
		line, rest, ok := bytes.Cut(text, []byte{'\n'})
		comment, is := bytes.CutPrefix(bytes.TrimSuffix(line, []byte{'\r'}), []byte("# "))
		if !ok || !is {
			break
		}
		text = rest
		switch name, value := cutWord(string(comment)); name {
		case commentPosition:
			p, err := schema.ParsePosition(value)
			h.position, h.found = p, err == nil
		case commentEpoch:
			if e, ok := readEpoch(value); ok {
				h.epochs = append(h.epochs, e)
			}
		}
	}
	// A history that does not end with the position's epoch was edited.
	if n := len(h.epochs); h.found && (n == 0 || h.epochs[n-1].ID != h.position.Epoch) {
		return dumpHeader{}
	}
	if !h.found {
		return dumpHeader{}
	}
	return h
}

// cutWord cuts behind the first blank, which stays with the word.
func cutWord(text string) (word, rest string) {
	i := strings.IndexByte(text, ' ') + 1
	return text[:i], text[i:]
}

func readEpoch(text string) (e schema.Epoch, ok bool) {
	part := strings.Split(text, " ")
	if len(part) < 2 || len(part) > 3 {
		return e, false
	}
	e.ID, e.Kind = part[0], schema.EpochKind(part[1])
	// An epoch's id has the form of the first part of a position.
	if _, err := schema.ParsePosition((schema.Position{Epoch: e.ID}).String()); err != nil {
		return e, false
	}
	if len(part) == 3 {
		e.From = part[2]
		if _, err := schema.ParsePosition(e.From); err != nil {
			return e, false
		}
	}
	return e, e.Kind == schema.EpochInitial || e.Kind == schema.EpochRestored || e.Kind == schema.EpochPromoted
}

// readDumpEnd finds the last line of a dump in the tail of a file. ok is false
// if it is not there.
func readDumpEnd(tail []byte) (entries uint64, p schema.Position, ok bool) {
	tail = bytes.TrimRight(tail, "\r\n")
	line := string(tail[bytes.LastIndexByte(tail, '\n')+1:])
	count, rest, ok := strings.Cut(strings.TrimPrefix(line, commentEnd), " entries, position ")
	if !ok || !strings.HasPrefix(line, commentEnd) {
		return 0, p, false
	}
	entries, err := strconv.ParseUint(count, 10, 64)
	if err != nil {
		return 0, p, false
	}
	p, err = schema.ParsePosition(rest)
	return entries, p, err == nil
}
