package server

import (
	"encoding/binary"
	"io"
	"testing"
	"time"
)

// TestOutboxNeverWaits posts more than a client takes that does not read:
// neither way of posting waits, and when the client reads, everything comes in order.
func TestOutboxNeverWaits(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			ours, theirs := socketPair(t, network)
			m, err := newMetrics(nil)
			if err != nil {
				t.Fatal(err)
			}
			o := newOutbox(ours, time.Minute, m)
			const messages, size = 4000, 4096 // 16 MB: more than the kernel's buffers
			for i := range uint32(messages) {
				add := func(dst []byte) []byte {
					message := make([]byte, size)
					for at := 0; at < size; at += 4 {
						binary.BigEndian.PutUint32(message[at:], i)
					}
					return append(dst, message...)
				}
				if i%7 == 3 {
					o.post(add)
				} else {
					o.postNow(add)
				}
			}
			got := make([]byte, size)
			for i := range uint32(messages) {
				if _, err := io.ReadFull(theirs, got); err != nil {
					t.Fatal(err)
				}
				if first, last := binary.BigEndian.Uint32(got), binary.BigEndian.Uint32(got[size-4:]); first != i || last != i {
					t.Fatalf("message %d begins with %d and ends with %d", i, first, last)
				}
			}
			o.close()
			o.postNow(func(dst []byte) []byte { return append(dst, 1) }) // dropped
			ours.Close()
			if n, err := theirs.Read(got); n > 0 || err != io.EOF {
				t.Errorf("%d bytes after the end, %v", n, err)
			}
		})
	}
}

// TestOutboxAnswersAtOnceWithoutAGoroutine: that is what it is for.
func TestOutboxAnswersAtOnceWithoutAGoroutine(t *testing.T) {
	ours, theirs := socketPair(t, "tcp")
	m, err := newMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	o := newOutbox(ours, time.Minute, m)
	o.postNow(func(dst []byte) []byte { return append(dst, "answer"...) })
	got := make([]byte, 6)
	if _, err := io.ReadFull(theirs, got); err != nil || string(got) != "answer" {
		t.Errorf("%q, %v", got, err)
	}
	if o.wake != nil || len(o.posted) > 0 {
		t.Error("a goroutine was started for what the kernel took at once")
	}
	o.close()
}
