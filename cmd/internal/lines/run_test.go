package lines

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// told collects what a run reports.
type told struct {
	lines []int
	texts []string
}

func (t *told) report(line int, err error) {
	t.lines, t.texts = append(t.lines, line), append(t.texts, err.Error())
}

func first(fields []string) string { return fields[0] }

func TestLinesAboutTheSameTakeEffectInTheirOrder(t *testing.T) {
	var file strings.Builder
	want := map[string][]string{}
	for i := range 5000 {
		key, value := fmt.Sprintf("k%d", i%37), fmt.Sprint(i)
		fmt.Fprintf(&file, "%s,%s\n", map[bool]string{true: key, false: strings.ToUpper(key)}[i%2 == 0], value)
		want[key] = append(want[key], value)
	}
	var mu sync.Mutex
	got := map[string][]string{}
	var last uint64
	var at int64
	r := Run{Lanes: 16, Key: first, Report: new(told).report, Do: func(f []string) error {
		mu.Lock()
		defer mu.Unlock()
		key := strings.ToLower(f[0])
		got[key] = append(got[key], f[1])
		return nil
	}, Progress: func(lines uint64, bytes int64) {
		if lines != last+1 || bytes <= at {
			t.Errorf("%d lines and %d bytes after %d and %d", lines, bytes, last, at)
		}
		last, at = lines, bytes
	}}
	result, err := r.File(strings.NewReader(file.String()))
	if err != nil || result != (Result{Done: 5000}) || at != int64(file.Len()) {
		t.Errorf("%+v, %v, %d of %d bytes", result, err, at, file.Len())
	}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Error("another order")
	}
}

func TestEachLineFailsByItself(t *testing.T) {
	var out told
	r := Run{Lanes: 4, Key: first, Report: out.report, Do: func(f []string) error {
		if f[0] == "bad" {
			return errors.New("refused")
		}
		return nil
	}}
	result, err := r.File(strings.NewReader("\ufeff# a comment\ngood\n\nbad\nbr\xffken\n  \ngood,2\r\nbad\nlast\ngood,\"x,y"))
	if err != nil || result != (Result{Done: 3, Failed: 4}) {
		t.Errorf("%+v, %v", result, err)
	}
	if !slices.Equal(out.lines, []int{4, 5, 8, 10}) || !slices.Equal(out.texts[:3], []string{"refused", "not in UTF-8", "refused"}) {
		t.Errorf("%v %q", out.lines, out.texts)
	}
}

func TestNothingIsBegunBehindALineThatStops(t *testing.T) {
	var out told
	begun := 0
	r := Run{Lanes: 1, Key: first, Report: out.report, Do: func([]string) error {
		if begun++; begun == 3 {
			return fmt.Errorf("the server is gone: %w", ErrStop)
		}
		return nil
	}}
	result, err := r.File(strings.NewReader(strings.Repeat("x\n", 100_000)))
	if err != nil || result != (Result{Done: 2, Failed: 1, NotBegun: 4}) || begun != 3 {
		t.Errorf("%+v, %v, %d begun", result, err, begun)
	}
}

// failing is a file that cannot be read to its end.
type failing struct{ io.Reader }

func (f failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = errors.New("medium error")
	}
	return n, err
}

func TestFileThatCannotBeRead(t *testing.T) {
	r := Run{Lanes: 2, Key: first, Report: new(told).report, Do: func([]string) error { return nil }}
	if result, err := r.File(failing{strings.NewReader("a\nb\n")}); err == nil || result.Done != 2 {
		t.Errorf("%+v, %v", result, err)
	}
	if _, err := r.File(strings.NewReader(strings.Repeat("x", 2*maxLine))); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a long line: %v", err)
	}
}
