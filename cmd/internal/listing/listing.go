// Package listing has the forms in which the administration tools show things:
// tables as sites read them with awk, "Label = value" lines, and JSON.
//
// It knows nothing of what is shown and reads nothing; the lines that the tools
// read again are in cmd/internal/lines.
package listing

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Column is a column of a table of T: its heading, the width in columns of the
// terminal that shorter values are filled to (a longer one is shown whole), and
// what stands in it.
type Column[T any] struct {
	Title string
	Width int
	Cell  func(T) string
}

// Table writes the rows below headings and a dashed rule, then a blank line and
// how many there are of what noun names.
func Table[T any](w io.Writer, columns []Column[T], rows []T, noun string) error {
	out := bufio.NewWriter(w)
	line := func(cell func(Column[T]) string) {
		var b strings.Builder
		for i, c := range columns {
			text := clean(cell(c))
			b.WriteString(text)
			if i+1 < len(columns) {
				b.WriteString(strings.Repeat(" ", max(c.Width-columnsOf(text), 0)+1))
			}
		}
		fmt.Fprintln(out, strings.TrimRight(b.String(), " "))
	}
	line(func(c Column[T]) string { return c.Title })
	line(func(c Column[T]) string { return strings.Repeat("-", c.Width) })
	for _, r := range rows {
		line(func(c Column[T]) string { return c.Cell(r) })
	}
	fmt.Fprintf(out, "\n%d %s total.\n", len(rows), noun)
	return out.Flush()
}

// Label is a property with its name for people.
type Label struct{ Name, Value string }

// Labels writes one "Name = value" line for each.
func Labels(w io.Writer, labels []Label) error {
	var b strings.Builder
	for _, l := range labels {
		fmt.Fprintln(&b, strings.TrimRight(l.Name+" = "+clean(l.Value), " "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// JSON writes v for scripts.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// clean takes out of a value what would move the cursor of a terminal: values
// come from whoever may write to the store.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case unicode.IsControl(r) || r == unicode.ReplacementChar:
			return '?'
		}
		return r
	}, text)
}

// columnsOf is how much room a text takes on a terminal.
func columnsOf(text string) (n int) {
	for _, r := range text {
		switch k := width.LookupRune(r).Kind(); {
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r):
		case k == width.EastAsianWide || k == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}
