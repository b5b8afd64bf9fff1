// add.go: adding entries and counting those that were really added.

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/sunray-ds/utdsd/schema"
)

// store is what adding needs of the backend.
type store interface {
	Apply(ctx context.Context, c *schema.Change, done func(schema.ChangeDone))
}

// addAll makes every change and waits for each. It goes on past one that is
// refused; the error then names all of them, with the reasons.
func addAll(to store, changes []*schema.Change) (added int, err error) {
	results := make(chan schema.ChangeDone, 1)
	var faults []error
	for _, c := range changes {
		to.Apply(context.Background(), c, func(d schema.ChangeDone) { results <- d })
		if d := <-results; d.Result.Code != schema.Success {
			faults = append(faults, fmt.Errorf("%s: %w", c.DN, &d.Result))
			continue
		}
		added++
	}
	if len(faults) > 0 {
		return added, fmt.Errorf("%d of %d entries were not added: %w", len(faults), len(changes), errors.Join(faults...))
	}
	return added, nil
}
