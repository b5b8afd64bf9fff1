// A damaged page loses only the entries on it, whichever page and whatever the damage.

package berkeley_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend/berkeley"
)

// damages are what can happen to page n of an image. They return the new image
// and the first page behind those that are hit.
var damages = map[string]func(image []byte, n, pageSize int, r *rand.Rand) ([]byte, int){
	"zeros": func(image []byte, n, pageSize int, _ *rand.Rand) ([]byte, int) {
		clear(image[n*pageSize:][:pageSize])
		return image, n + 1
	},
	"noise": func(image []byte, n, pageSize int, r *rand.Rand) ([]byte, int) {
		noise(image[n*pageSize:][:pageSize], r)
		return image, n + 1
	},
	"noise behind the header": func(image []byte, n, pageSize int, r *rand.Rand) ([]byte, int) {
		noise(image[n*pageSize+32:][:pageSize-32], r)
		return image, n + 1
	},
	"zeros in the second half": func(image []byte, n, pageSize int, _ *rand.Rand) ([]byte, int) {
		clear(image[n*pageSize+pageSize/2:][:pageSize/2])
		return image, n + 1
	},
	"noise in the number of the page": func(image []byte, n, pageSize int, r *rand.Rand) ([]byte, int) {
		noise(image[n*pageSize:][:12], r)
		return image, n + 1
	},
	"another page": func(image []byte, n, pageSize int, _ *rand.Rand) ([]byte, int) {
		copy(image[n*pageSize:][:pageSize], image[(n+2)*pageSize%len(image):])
		return image, n + 1
	},
	"end of the file": func(image []byte, n, pageSize int, _ *rand.Rand) ([]byte, int) {
		return image[:n*pageSize], len(image) / pageSize
	},
	"end of the file in the page": func(image []byte, n, pageSize int, _ *rand.Rand) ([]byte, int) {
		return image[:n*pageSize+pageSize/3], len(image) / pageSize
	},
}

func noise(b []byte, r *rand.Rand) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
}

// places are the entries that have a piece on each page: of their text, or the
// pointer to a chain with their text.
type places []map[uint64]bool

func placesOf(image []byte, list []record, pageSize int) places {
	where := make(places, len(image)/pageSize)
	for n := range where {
		where[n] = map[uint64]bool{}
		page := image[n*pageSize : (n+1)*pageSize]
		for _, r := range list {
			if bytes.Contains(page, []byte(mark(r.id))) {
				where[n][r.id] = true
			}
		}
	}
	for _, r := range list {
		begin := fmt.Appendf(nil, "%d\ndn:", r.id) // behind the header of an overflow page
		for n := range where {
			if i := bytes.Index(image[n*pageSize:(n+1)*pageSize], begin); i < 20 || i > 32 {
				continue
			}
			for _, name := range []string{"x86", "sparc"} {
				pointer := machines[name].order.AppendUint32(nil, uint32(n))
				pointer = machines[name].order.AppendUint32(pointer, uint32(len(r.stored())))
				for m := range where { // an old copy may be on other pages too
					if bytes.Contains(image[m*pageSize:(m+1)*pageSize], pointer) {
						where[m][r.id] = true
					}
				}
			}
		}
	}
	return where
}

// hit is the entries that have a piece on pages from to to-1.
func (where places) hit(from, to int) map[uint64]bool {
	all := map[uint64]bool{}
	for n := from; n < to; n++ {
		maps.Copy(all, where[n])
	}
	return all
}

// wantRest says what is wrong, if not all entries are there but those that are
// hit, each as it was, and if a loss is not told.
func wantRest(c collected, list []record, hit map[uint64]bool) string {
	want, lost := map[uint64]string{}, 0
	for _, r := range list {
		want[r.id] = r.text
		got, found := c.text[r.id]
		for _, other := range c.again { // damage has made another entry of the same id
			if other == r {
				got = r.text
			}
		}
		switch {
		case !found && !hit[r.id]:
			return fmt.Sprintf("entry %d is missing, it is on another page; problems: %q", r.id, c.problems)
		case !found:
			lost++
		case got != r.text && !hit[r.id]:
			return fmt.Sprintf("entry %d: %.80q, want %.80q", r.id, got, r.text)
		}
	}
	wrong := len(c.again)
	for id, text := range c.text {
		if want[id] != text {
			wrong++
		}
	}
	if lost+wrong > 0 && len(c.problems) == 0 {
		return fmt.Sprintf("%d entries are lost and %d are wrong, and nothing is reported", lost, wrong)
	}
	return ""
}

// damagedFiles are the files whose pages are damaged one by one.
func damagedFiles(t *testing.T, pageSize int) map[string][]byte {
	list := damagedEntries()
	files := map[string][]byte{}
	for name, b := range builders(pageSize) {
		if strings.HasSuffix(name, "/x86") || strings.HasSuffix(name, "/sparcv9") {
			files[name] = b.build(list)
		}
	}
	x86, sparc := machines["x86"], machines["sparc"]
	files["1.85 itself/x86"] = db185(t, x86, pageSize, puts(x86, list))
	files["1.85 itself/sparc"] = db185(t, sparc, pageSize, puts(sparc, list))
	files["5.3 itself/x86"] = db5(t, x86, pageSize, list)
	files["5.3 itself/sparc"] = perl5(t, sparc, pageSize, puts(sparc, list))
	return files
}

// damagedEntries have chains of a few pages of 512 bytes, so that each page of
// a file can be damaged in each way.
func damagedEntries() []record {
	list := entries(120)
	for i := range list {
		if i%7 == 3 {
			list[i].text += "description: " + strings.Repeat(mark(list[i].id), 80+i) + "\n"
		} else if len(list[i].text) > 1000 {
			list[i].text = list[i].text[:5000] + mark(list[i].id) + "\n"
		}
	}
	return list
}

func TestDamagedPageLosesOnlyItsEntries(t *testing.T) {
	const pageSize = 512
	for name, image := range damagedFiles(t, pageSize) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := recordsOf(collect(t, open(t, image).Entries))
			if len(list) != len(damagedEntries()) {
				t.Fatalf("%d entries before the damage", len(list))
			}
			where := placesOf(image, list, pageSize)
			for what, damage := range damages {
				for n := range len(image) / pageSize {
					damaged, end := damage(bytes.Clone(image), n, pageSize, rand.New(rand.NewPCG(1, uint64(n))))
					f, err := berkeley.OpenDamaged(bytes.NewReader(damaged), int64(len(damaged)))
					if err != nil && len(damaged) < 2*pageSize {
						continue // there is no page to find anything out from
					}
					if err != nil {
						t.Fatalf("%s on page %d: OpenDamaged: %v", what, n, err)
					}
					fault := wantRest(collect(t, f.Salvage), list, where.hit(n, end))
					if fault != "" {
						t.Errorf("%s on page %d: %s", what, n, fault)
					}
				}
			}
		})
	}
}

// recordsOf is what was collected from an intact file.
func recordsOf(c collected) []record {
	list := make([]record, 0, len(c.order))
	for _, id := range c.order {
		list = append(list, record{id, c.text[id]})
	}
	return list
}

// TestFlippedBits damages single bits anywhere.
func TestFlippedBits(t *testing.T) {
	const pageSize = 512
	for name, image := range damagedFiles(t, pageSize) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(2, 3))
			list := recordsOf(collect(t, open(t, image).Entries))
			where := placesOf(image, list, pageSize)
			for range 400 {
				bit := r.IntN(8 * len(image))
				damaged := bytes.Clone(image)
				damaged[bit/8] ^= 1 << (bit % 8)
				f, err := berkeley.OpenDamaged(bytes.NewReader(damaged), int64(len(damaged)))
				if err != nil {
					if bit/8 < pageSize {
						continue // a bit by which the file is of another kind
					}
					t.Fatalf("OpenDamaged: %v", err)
				}
				n := bit / 8 / pageSize
				c := collect(t, f.Salvage)
				if len(c.text) < len(list) && len(c.problems) == 0 {
					t.Errorf("bit %d: entries are lost and nothing is reported", bit)
				}
				c.problems = append(c.problems, "a bit in a value shows only by a checksum")
				if fault := wantRest(c, list, where.hit(n, n+1)); fault != "" {
					t.Errorf("bit %d on page %d: %s", bit, n, fault)
				}
			}
		})
	}
}
