package backend

// Holding a state for another process, which reads it out of the file.

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
)

// maxHeld bounds the states held at once: each one makes the file grow.
const maxHeld = 4

// Holder holds states of a store.
type Holder struct {
	take func() (*Store, *snapshot)
	held atomic.Int32
}

// NewHolder makes a Holder for s.
func NewHolder(s *Store) *Holder {
	return &Holder{take: func() (*Store, *snapshot) { return s, s.take() }}
}

// HeldState says where in the store's file a state is, which is held: none of
// its pages is written over.
type HeldState struct {
	Root, Pages, PageSize uint64
	Device, Inode         uint64 // of the file
	Position              schema.Position
}

// HoldState holds the state of the last commit until release is called, once.
// The description is for OpenHeld. Errors are *schema.Result: unavailable, or
// busy if too many states are held.
func (h *Holder) HoldState() (description []byte, release func(), err error) {
	if h.held.Add(1) > maxHeld {
		h.held.Add(-1)
		return nil, nil, schema.Refuse(schema.Busy, fmt.Sprintf("%d dumps are being made already", maxHeld))
	}
	s, sn := h.take()
	if sn == nil {
		h.held.Add(-1)
		return nil, nil, schema.Refuse(schema.Unavailable, "the store is closed")
	}
	release = func() {
		s.drop(sn)
		h.held.Add(-1)
	}
	d := HeldState{
		Root: uint64(sn.tx.Cursor().Bucket().Root()), PageSize: uint64(s.db.Info().PageSize),
		Position: sn.position(),
	}
	d.Pages = uint64(sn.tx.Size()) / d.PageSize
	d.Device, d.Inode = s.identity[0], s.identity[1]
	return d.append(nil), release, nil
}

// identity tells files apart.
func identity(info os.FileInfo) (device, inode uint64) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return uint64(st.Dev), st.Ino
}

// append is SEQUENCE { root, pages, pageSize, device, inode INTEGER, position
// OCTET STRING }. Numbers beyond 63 bits do not occur.
func (d HeldState) append(dst []byte) []byte {
	dst, m := ber.Begin(dst, ber.TagSequence)
	for _, n := range [...]uint64{d.Root, d.Pages, d.PageSize, d.Device, d.Inode} {
		dst = ber.AppendInt(dst, ber.TagInteger, int64(n))
	}
	dst = ber.AppendString(dst, ber.TagOctetString, d.Position.String())
	return ber.End(dst, m)
}

// errDescription is returned for a description that is none.
var errDescription = errors.New("not the description of a state")

func readHeldState(b []byte) (d HeldState, err error) {
	content, _, err := ber.Expect(b, ber.TagSequence)
	if err != nil {
		return d, fmt.Errorf("%w: %w", errDescription, err)
	}
	for _, to := range [...]*uint64{&d.Root, &d.Pages, &d.PageSize, &d.Device, &d.Inode} {
		var one []byte
		if one, content, err = ber.Expect(content, ber.TagInteger); err != nil {
			return d, fmt.Errorf("%w: %w", errDescription, err)
		}
		n, err := ber.Int(one)
		if err != nil {
			return d, fmt.Errorf("%w: %w", errDescription, err)
		}
		*to = uint64(n)
	}
	text, _, err := ber.Expect(content, ber.TagOctetString)
	if err != nil {
		return d, fmt.Errorf("%w: %w", errDescription, err)
	}
	if d.Position, err = schema.ParsePosition(string(text)); err != nil {
		return d, fmt.Errorf("%w: %w", errDescription, err)
	}
	if d.PageSize < 512 || d.PageSize > maxPageSize || d.Pages > 1<<40 {
		return d, errDescription
	}
	return d, nil
}

// OpenHeld opens a state that the server which has the store at path open is
// holding. What is read from it counts only if the server still holds it when
// the reading is done.
func OpenHeld(path string, description []byte) (*State, error) {
	d, err := readHeldState(description)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open store: %w", err), f.Close())
	}
	if device, inode := identity(info); device != d.Device || inode != d.Inode {
		return nil, errors.Join(fmt.Errorf("open store %s: the server that answers beside it serves another file", path), f.Close())
	}
	s, err := openState(path, f, boltMeta{pageSize: d.PageSize, root: d.Root, pages: d.Pages})
	if err != nil {
		return nil, err
	}
	if s.head.position != d.Position {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", path, &DamageError{Bucket: bucketMeta, What: "it is not the state that the server holds"}), s.Close())
	}
	return s, nil
}
