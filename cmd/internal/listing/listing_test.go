package listing

import (
	"strings"
	"testing"
)

type row struct {
	A string `json:"a"`
	B string `json:"b,omitempty"`
}

var columns = []Column[row]{{"First", 8, func(r row) string { return r.A }}, {"Second", 6, func(r row) string { return r.B }}}

func TestTableFillsColumnsAndCounts(t *testing.T) {
	var b strings.Builder
	rows := []row{{"a", "b"}, {"longer than 8", "b"}, {"", ""}, {"佐藤", "wide"}, {"e\u0301te\u0301", "marks"}, {"\x1b[2Jx\ny", "\u009b1m"}}
	if err := Table(&b, columns, rows, "rows"); err != nil {
		t.Fatal(err)
	}
	const want = "First    Second\n" +
		"-------- ------\n" +
		"a        b\n" +
		"longer than 8 b\n" +
		"\n" +
		"佐藤     wide\n" +
		"e\u0301te\u0301      marks\n" +
		"?[2Jx y  ?1m\n" +
		"\n6 rows total.\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestLabelsAndJSON(t *testing.T) {
	var b strings.Builder
	if err := Labels(&b, []Label{{"Token ID", "x"}, {"Other Info", ""}}); err != nil {
		t.Fatal(err)
	}
	if err := JSON(&b, []row{{A: "<a>"}}); err != nil {
		t.Fatal(err)
	}
	if want := "Token ID = x\nOther Info =\n[\n  {\n    \"a\": \"<a>\"\n  }\n]\n"; b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
