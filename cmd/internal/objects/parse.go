package objects

// parse.go: lines of the usual forms.

import (
	"fmt"

	"github.com/sunray-ds/utdsd/cmd/internal/admin"
	"github.com/sunray-ds/utdsd/cmd/internal/lines"
)

// With makes a Parse of reading fields and of doing something with what they say.
func With[T any](parse func([]string) (T, error), do func(*admin.Client, T) error) Parse {
	return func(fields []string) (Action, error) {
		object, err := parse(fields)
		if err != nil {
			return nil, err
		}
		return func(c *admin.Client) error { return do(c, object) }, nil
	}
}

// Named is With for a line that has nothing but a name.
func Named(do func(*admin.Client, string) error) Parse {
	return With(func(fields []string) (string, error) {
		if len(fields) != 1 || fields[0] == "" {
			return "", fmt.Errorf("%s; want one name", lines.Count(fields))
		}
		return fields[0], nil
	}, do)
}
