package replica

import (
	"bytes"
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
)

// strictTree is a consumer that is a directory itself: it makes one change after
// the other and each must be possible. An entry needs its superior and a free
// name, one that is deleted has nothing below it, and one that is renamed takes
// along what is below it.
type strictTree struct {
	key    map[schema.UUID][]byte
	at     map[string]schema.UUID
	root   []byte
	faults []string
}

func newStrictTree(root []byte) *strictTree {
	return &strictTree{key: map[schema.UUID][]byte{}, at: map[string]schema.UUID{}, root: root}
}

func (s *strictTree) fault(format string, args ...any) {
	s.faults = append(s.faults, fmt.Sprintf(format, args...))
}

// replace makes it a copy of a state.
func (s *strictTree) replace(st *memState) {
	*s = *newStrictTree(s.root)
	for id, e := range st.entries {
		s.set(id, e.key)
	}
}

func (s *strictTree) put(v *schema.View) {
	was, there := s.key[v.UUID]
	if there && bytes.Equal(was, v.Key) {
		return
	}
	if other, taken := s.at[string(v.Key)]; taken {
		s.fault("%s: the name is that of %x", v.DN, other[:2])
	}
	if _, ok := s.at[string(schema.KeyParent(v.Key))]; !ok && !bytes.Equal(v.Key, s.root) {
		s.fault("%s has no superior", v.DN)
	}
	if !there {
		s.set(v.UUID, v.Key)
		return
	}
	if schema.KeyUnder(v.Key, was) {
		s.fault("%s comes below itself", v.DN)
		return
	}
	moved := map[schema.UUID][]byte{}
	for id, key := range s.key {
		if bytes.Equal(key, was) || schema.KeyUnder(key, was) {
			moved[id] = append(bytes.Clone(v.Key), key[len(was):]...)
			delete(s.at, string(key))
		}
	}
	for id, key := range moved {
		s.set(id, key)
	}
}

func (s *strictTree) set(id schema.UUID, key []byte) {
	s.key[id] = bytes.Clone(key)
	s.at[string(key)] = id
}

func (s *strictTree) drop(id schema.UUID) {
	was, ok := s.key[id]
	if !ok {
		return
	}
	for key := range s.at {
		if schema.KeyUnder([]byte(key), was) {
			s.fault("%x is deleted and has %q below it", id[:2], key)
		}
	}
	delete(s.at, string(was))
	delete(s.key, id)
}
