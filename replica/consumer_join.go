package replica

// Batches that wait behind each other become one, so that a consumer that fell
// behind catches up with fewer commits.

import (
	"slices"

	"github.com/sunray-ds/utdsd/schema"
)

// joinItems makes one item of the first n of list, which has at least one.
func joinItems(list []item) (it item, n int) {
	n = 1
	if list[0].batch == nil {
		return list[0], n
	}
	for n < len(list) && list[n].batch != nil && joinable(list[n].batch) {
		n++
	}
	if n == 1 {
		return list[0], n
	}
	j := joiner{place: map[schema.UUID]int{}, gone: map[schema.UUID]bool{}, added: map[schema.UUID]bool{}}
	for _, i := range list[:n] {
		j.add(i.batch)
		it.size += i.size
	}
	it.batch = j.whole()
	return it, n
}

// joinable tells whether b can be put behind another batch. An entry below a
// renamed one moves with it without being listed; one that the batch before
// lists would be taken back to its old name.
func joinable(b *schema.Batch) bool {
	return b.To.Epoch != "" && !slices.ContainsFunc(b.Records, func(r schema.ChangeRecord) bool { return r.Kind == schema.ChangeModifyDN })
}

// joiner collects batches that follow each other: of each entry the last state
// counts.
type joiner struct {
	batch schema.Batch
	place map[schema.UUID]int  // in batch.Entries
	gone  map[schema.UUID]bool // deleted, and known to the store before
	added map[schema.UUID]bool // by one of the batches
}

func (j *joiner) add(b *schema.Batch) {
	if j.batch.From.Epoch == "" {
		j.batch.From = b.From
	}
	j.batch.To = b.To
	if b.Epochs != nil {
		j.batch.Epochs = b.Epochs
	}
	for i := range b.Records {
		if b.Records[i].Kind == schema.ChangeAdd {
			j.added[b.Records[i].UUID] = true
		}
	}
	j.batch.Records = append(j.batch.Records, b.Records...)
	for _, id := range b.Deleted {
		delete(j.place, id)
		if !j.added[id] {
			j.gone[id] = true
		}
	}
	for i := range b.Entries {
		id := b.Entries[i].UUID
		j.place[id] = len(j.batch.Entries)
		j.batch.Entries = append(j.batch.Entries, b.Entries[i])
	}
}

// whole is the joined batch. What was added and deleted again the store never
// hears of.
func (j *joiner) whole() *schema.Batch {
	kept := j.batch.Entries[:0]
	for i, v := range j.batch.Entries {
		if at, ok := j.place[v.UUID]; ok && at == i {
			kept = append(kept, v)
		}
	}
	clear(j.batch.Entries[len(kept):])
	j.batch.Entries = kept
	for id := range j.gone {
		if _, again := j.place[id]; !again {
			j.batch.Deleted = append(j.batch.Deleted, id)
		}
	}
	slices.SortFunc(j.batch.Deleted, func(a, b schema.UUID) int { return slices.Compare(a[:], b[:]) })
	return &j.batch
}
