package backend

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestListsOfIDsComeBack(t *testing.T) {
	random := rand.New(rand.NewPCG(rand.Uint64(), 0))
	for range 2000 {
		ids := []uint64{random.Uint64N(1 << random.IntN(63))}
		for range random.IntN(2 * maxPosting) {
			if last := ids[len(ids)-1]; last < math.MaxUint64>>1 {
				ids = append(ids, last+1+random.Uint64N(1<<random.IntN(60)))
			}
		}
		gaps := appendGaps(nil, ids)
		got, ok := appendIDs([]uint64{7}, ids[0], gaps)
		if !ok || !slices.Equal(got[1:], ids) || countIDs(gaps) != len(ids) {
			t.Fatalf("%d and % x: %d, %v, counted %d", ids, gaps, got, ok, countIDs(gaps))
		}
	}
	for what, c := range map[string]struct {
		id   uint64
		gaps []byte
	}{
		"the same id again":           {1, []byte{1, 0}},
		"a number that is cut":        {1, []byte{1, 0x80}},
		"a number that is too large":  {1, bytes.Repeat([]byte{0xff}, 11)},
		"ids that wrap":               {math.MaxUint64, []byte{1}},
		"ids that wrap by a long gap": {2, binary.AppendUvarint(nil, math.MaxUint64)},
	} {
		if got, ok := appendIDs(nil, c.id, c.gaps); ok {
			t.Errorf("%s: %d", what, got)
		}
	}
}

func TestPackedKeysAreThoseThatWereAdded(t *testing.T) {
	random := rand.New(rand.NewPCG(rand.Uint64(), 0))
	var want, got [][]byte
	for _, term := range []string{"a\x00", "a\x00\x00\x00\x00\x00\x00\x00\x00\x00", "b\x00", "c\x00"} {
		id := uint64(0)
		for range []int{1, maxPosting, maxPosting + 1, 5 * maxPosting}[random.IntN(4)] {
			id += 1 + random.Uint64N(300)
			want = append(want, binary.BigEndian.AppendUint64([]byte(term), id))
		}
	}
	slices.SortFunc(want, bytes.Compare)
	pack := packer{put: func(key, gaps []byte) error {
		ids, ok := appendIDs(nil, idOf(key), gaps)
		if !ok || len(ids) > maxPosting {
			t.Errorf("%q has %d ids, %v", key, len(ids), ok)
		}
		for _, id := range ids {
			got = append(got, keyWith(key, id))
		}
		return nil
	}}
	for _, key := range want {
		if err := pack.add(key); err != nil {
			t.Fatal(err)
		}
	}
	if err := pack.end(); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(got, bytes.Compare) // a list may begin before another one whose keys are longer, and end behind it
	if !slices.EqualFunc(got, want, bytes.Equal) || pack.all < 4 || pack.all > len(want) {
		t.Errorf("%d ids became %d in %d keys", len(want), len(got), pack.all)
	}
}
