package lines

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestLineIsTakenApartAndPutTogether(t *testing.T) {
	for _, c := range []struct {
		line  string
		want  []string
		fault string
	}{
		{"a,b,c", []string{"a", "b", "c"}, ""},
		{` a ,, b c ,`, []string{"a", "", "b c", ""}, ""},
		{`a,"b, c","say ""no"""`, []string{"a", "b, c", `say "no"`}, ""},
		{`a,Jo "x" Doe`, []string{"a", `Jo "x" Doe`}, ""},
		{`Tok9,,,"Smith,other`, nil, "quotation mark is open"},
		{`Tok9,,,"Smith" ,other`, nil, "quotation mark is open"},
		{`a,"b"c,d`, nil, "quotation mark is open"},
		{`a,"`, nil, "quotation mark is open"},
		{"佐藤,1", []string{"佐藤", "1"}, ""},
		{"", nil, "empty line"},
		{"a\nb", nil, "more than one line"},
		{"a,\xff", nil, "UTF-8"},
	} {
		got, err := Parse(c.line)
		if !slices.Equal(got, c.want) || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%q: %q, %v", c.line, got, err)
		}
		if err != nil {
			continue
		}
		var b strings.Builder
		if err := Format(&b, [][]string{got}); err != nil {
			t.Fatal(err)
		}
		if again, err := Parse(strings.TrimSuffix(b.String(), "\n")); err != nil || !slices.Equal(again, got) {
			t.Errorf("%q does not come back: %q, %v", b.String(), again, err)
		}
	}
}

func TestEditsKeepReplaceAndTakeAway(t *testing.T) {
	for _, c := range []struct {
		fields []string
		want   []Edit
		fault  string
	}{
		{nil, []Edit{{Keep: true}, {Keep: true}}, ""},
		{[]string{"", "x"}, []Edit{{Keep: true}, {Value: "x"}}, ""},
		{[]string{"x", "-"}, []Edit{{Value: "x"}, {}}, ""},
		{[]string{"-"}, nil, "the name cannot be taken away"},
		{[]string{"a", "b", "c"}, nil, "3 fields; at most 2"},
	} {
		got, err := Edits(c.fields, "=name", "info")
		if !reflect.DeepEqual(got, c.want) || (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%q: %v, %v", c.fields, got, err)
		}
	}
}
