package backend

// What each read and each write does to one record.

import (
	"testing"
	"time"

	"github.com/sunray-ds/utdsd/schema"
)

// benchView is an entry as a site has them, and the same one after a modify.
func benchView(b *testing.B) (s *schema.Schema, before, after *schema.View) {
	b.Helper()
	s, err := schema.Default()
	if err != nil {
		b.Fatal(err)
	}
	const dn = "utname=usr0000001,utname=users,utname=farm,o=v1,o=utdata"
	key, err := s.AppendDNKey(nil, []byte(dn))
	if err != nil {
		b.Fatal(err)
	}
	list := []schema.RawAttribute{{Attr: "objectClass", Values: [][]byte{[]byte("top"), []byte("utUser")}}}
	for _, a := range [][2]string{
		{"utname", "usr0000001"}, {"cn", "Person 0000001 Bonetti"}, {"sn", "Bonetti"}, {"uid", "usr0000001"}, {"utserver", "ray07.example.com"},
		{"utlastseen", "20250102030405Z"}, {"utflags", "17"}, {"userPassword", "open-0000001-sesame"},
		{"description", "Account opened by the help desk on request 12345678 of the department; badge handed out"},
	} {
		list = append(list, schema.RawAttribute{Attr: a[0], Values: [][]byte{[]byte(a[1])}})
	}
	e, err := s.NewEntry(dn, list, false)
	if err != nil {
		b.Fatal(err)
	}
	e.ID, e.UUID = 7, schema.UUID{1, 2}
	s.SetOperational(e, "modifyTimestamp", []byte("20251122101010Z"))
	before = s.View(e, key)
	mods := []schema.Modification{{Op: schema.ModReplace, Attr: "description", Values: [][]byte{[]byte("Changed by the benchmark 00000001")}}}
	if err := s.ApplyMods(e, mods); err != nil {
		b.Fatal(err)
	}
	s.SetOperational(e, "modifyTimestamp", []byte("20251122101011Z"))
	return s, before, s.View(e, key)
}

func BenchmarkRecord(b *testing.B) {
	_, v, _ := benchView(b)
	key, seal := idKey(v.ID), newSeal(bucketEntries)
	b.Run("make", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			rec := seal.close(key, appendRecord(make([]byte, 0, recordSize(v)), v))
			if len(rec) != recordSize(v) {
				b.Fatalf("%d bytes, not %d", len(rec), recordSize(v))
			}
		}
	})
	stored := seal.close(key, appendRecord(nil, v))
	b.Run("check and read", func(b *testing.B) {
		var got schema.View
		b.ReportAllocs()
		for b.Loop() {
			rec, err := seal.open(key, stored)
			if err != nil || !readRecord(rec, &got) {
				b.Fatal("the record cannot be read")
			}
		}
	})
}

func BenchmarkEntryHash(b *testing.B) {
	_, v, _ := benchView(b)
	var h schema.StateHash
	b.ReportAllocs()
	for b.Loop() {
		addHash(&h, entryHash(v))
	}
}

// BenchmarkIndexKeys makes the keys of an entry in one index of each kind.
func BenchmarkIndexKeys(b *testing.B) {
	s, v, _ := benchView(b)
	list, err := makeIndexes(s, Indexes{Eq: []string{"objectClass", "uid"}, Sub: []string{"cn"}})
	if err != nil {
		b.Fatal(err)
	}
	for _, ix := range list {
		b.Run(ix.name, func(b *testing.B) {
			var k indexKeys
			b.ReportAllocs()
			for b.Loop() {
				if len(k.of(s, ix, v)) == 0 {
					b.Fatal("no keys")
				}
			}
		})
	}
}

func BenchmarkChangedAttributes(b *testing.B) {
	_, before, after := benchView(b)
	var changed [][]byte
	b.ReportAllocs()
	for b.Loop() {
		if changed = changedAttributes(changed[:0], before, after); len(changed) == 0 {
			b.Fatal("nothing has changed")
		}
	}
}

// BenchmarkPosting reads, counts and writes what a key of an index lists: 128 ids of a
// term that every 400th entry has.
func BenchmarkPosting(b *testing.B) {
	ids := make([]uint64, maxPosting)
	for i := range ids {
		ids[i] = uint64(i+1) * 400
	}
	gaps := appendGaps(nil, ids)
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		var got []uint64
		for b.Loop() {
			if got, _ = appendIDs(got[:0], ids[0], gaps); len(got) != len(ids) {
				b.Fatal(len(got))
			}
		}
	})
	b.Run("count", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if countIDs(gaps) != len(ids) {
				b.Fatal("wrong")
			}
		}
	})
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		var dst []byte
		for b.Loop() {
			if dst = appendGaps(dst[:0], ids); len(dst) != len(gaps) {
				b.Fatal(len(dst))
			}
		}
	})
}

// BenchmarkDraft is what a modify of one value takes but for its place in the
// transaction.
func BenchmarkDraft(b *testing.B) {
	sc, old, _ := benchView(b)
	s := &Store{schema: sc, seals: seals{entries: newSeal(bucketEntries)}}
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	c := &schema.Change{Kind: schema.ChangeModify, DN: string(old.DN), Actor: "cn=admin,o=utdata",
		Mods: []schema.Modification{{Op: schema.ModReplace, Attr: "description", Values: [][]byte{[]byte("Changed by the benchmark 00000001")}}}}
	b.ReportAllocs()
	for b.Loop() {
		if d, err := s.work(c, old, csn{now.UnixMicro(), 0}, now); err != nil || len(d.changed) == 0 {
			b.Fatal("no draft", err)
		}
	}
}
