package schema

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// StateHash is the sum of the hashes of all entries of a store: two stores
// with the same hash hold the same entries.
type StateHash [16]byte

// String is 32 hexadecimal digits.
func (h StateHash) String() string { return hex.EncodeToString(h[:]) }

// Position names one state of a replicated store: the epoch (a new one starts
// with every initial configuration, restore and promotion), the number of the
// last change of it, and the hash of the state after that change.
type Position struct {
	Epoch string // 32 hexadecimal digits, the id of the epoch
	Seq   uint64
	Hash  StateHash
}

// String is EPOCH.SEQ.HASH with fixed widths, so that positions of one epoch
// sort as text.
func (p Position) String() string {
	return fmt.Sprintf("%s.%016x.%s", p.Epoch, p.Seq, p.Hash)
}

// ErrPosition is returned for text that is not a position.
var ErrPosition = errors.New("not a position (EPOCH.SEQ.HASH in hexadecimal)")

// ParsePosition reads what String wrote.
func ParsePosition(s string) (Position, error) {
	var p Position
	part := strings.Split(s, ".")
	if len(part) != 3 || len(part[0]) != 32 || len(part[1]) != 16 || len(part[2]) != 32 {
		return p, ErrPosition
	}
	if _, err := hex.DecodeString(part[0]); err != nil {
		return p, ErrPosition
	}
	seq, err := strconv.ParseUint(part[1], 16, 64)
	if err != nil {
		return p, ErrPosition
	}
	if _, err := hex.Decode(p.Hash[:], []byte(part[2])); err != nil {
		return Position{}, ErrPosition
	}
	p.Epoch, p.Seq = part[0], seq
	return p, nil
}
