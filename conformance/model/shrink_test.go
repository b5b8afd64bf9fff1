// shrink_test.go: makes a failing sequence of requests short.

package model

import (
	"slices"
	"testing"
	"time"
)

// shrink returns a short part of list that still fails: delta debugging, by
// leaving out pieces of half the size each time nothing more can go. It ends
// at the deadline with the best that it has.
func shrink[T any](list []T, deadline time.Time, fails func([]T) bool) []T {
	for size := (len(list) + 1) / 2; size > 0 && len(list) > 1; {
		smaller := false
		for from := 0; from < len(list); {
			if time.Now().After(deadline) {
				return list
			}
			rest := slices.Concat(list[:from], list[min(from+size, len(list)):])
			if len(rest) > 0 && fails(rest) {
				list, smaller = rest, true
				continue
			}
			from += size
		}
		if !smaller || size > len(list) {
			size /= 2
		}
	}
	return list
}

func TestShrinkingKeepsWhatIsNeeded(t *testing.T) {
	list := make([]int, 1000)
	for i := range list {
		list[i] = i
	}
	tries := 0
	got := shrink(list, time.Now().Add(time.Minute), func(part []int) bool {
		tries++
		return slices.Contains(part, 3) && slices.Contains(part, 700) && slices.Contains(part, 999)
	})
	if !slices.Equal(got, []int{3, 700, 999}) {
		t.Errorf("shrunk to %v", got)
	}
	if tries > 200 {
		t.Errorf("%d tries", tries)
	}
}
