package backend_test

// Each job of a load is a goroutine at work.

import (
	"context"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/sunray-ds/utdsd/backend"
)

func TestEachJobIsAWorker(t *testing.T) {
	const worker = "backend.(*pipeline).make("
	for _, jobs := range []int{1, 2, 5} {
		s := newLoadPlace(t)
		reader, writer := io.Pipe()
		told := make(chan struct{})
		o := s.options(func(o *backend.LoadOptions) {
			o.Jobs = jobs
			o.Report = func(p backend.LoadProblem) { close(told) }
		})
		ended := make(chan error, 1)
		go func() {
			_, err := backend.Load(context.Background(), s.path, reader, o)
			ended <- err
		}()
		// The bad line is told when the first part of the input has been through all
		// hands; the workers wait for more then.
		part := top + "no colon\n\n" + strings.Repeat("# so that it is a part of its own\n", 40_000) + "\n"
		if _, err := io.WriteString(writer, part); err != nil {
			t.Fatal(err)
		}
		<-told
		stacks := make([]byte, 4<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if n := strings.Count(string(stacks), worker); n != jobs {
			t.Errorf("%d workers for %d jobs", n, jobs)
		}
		if err := writer.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
