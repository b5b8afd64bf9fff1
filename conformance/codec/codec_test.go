// codec_test.go: what two codecs accept means the same to both.

// Package codec holds server/wire against two codecs that others wrote: goldap
// and go-asn1-ber. It is the one place of conformance that sees the inside of
// the server, it has tests only, and it is no place for expectations of our
// own: those stand beside server/wire. goldap may be imported here alone,
// because no shipped program may contain it.
package codec_test

import (
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

var (
	seedFlag = flag.Uint64("seed", 0, "seed of the random messages; 0 takes a new one and prints it")
	messages = flag.Int("messages", 20000, "number of random messages")
)

// reading is what a codec understood of a message.
type reading struct {
	ID       int32
	Op       byte
	Controls []wire.Control
	// Request is *wire.BindRequest, ..., for a response *wiretest.Response,
	// and nil for an unbind.
	Request any
}

// A codec reads a whole message or refuses it.
type codec struct {
	name string
	read func(pdu []byte) (*reading, error)
	// takes tells of a valid message whether the codec is able to read it.
	takes func(*reading) bool
}

var others = []codec{
	{"go-asn1-ber", readASN1BER, func(*reading) bool { return true }},
	{"goldap", readGoldap, goldapTakes},
}

func newRandom(t *testing.T) *wiretest.Random {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat with -seed %d", seed)
	return wiretest.NewRandom(seed)
}

// randomRequest is a valid request with its meaning.
func randomRequest(r *wiretest.Random) ([]byte, *reading) {
	r.Plain = r.IntN(2) == 0
	op := r.Operation()
	want := &reading{ID: r.MessageID(), Op: op.Encoded[0], Request: op.Request}
	controls, encoded := r.Controls()
	want.Controls = controls
	return wiretest.Message(want.ID, op.Encoded, encoded), want
}

func TestAllReadRandomRequestsAlike(t *testing.T) {
	r := newRandom(t)
	read := map[string]int{}
	for i := range *messages {
		pdu, want := randomRequest(r)
		if got, err := readOurs(pdu); err != nil || !wiretest.Same(got, want) {
			t.Fatalf("request %d: got %+v, %v\nwant %+v\n% x", i, got, err, want, pdu)
		}
		for _, c := range others {
			got, err := c.read(pdu)
			switch {
			case err != nil && c.takes(want):
				t.Fatalf("request %d: %s refuses it: %v\n% x", i, c.name, err, pdu)
			case err == nil && !wiretest.Same(got, want):
				t.Fatalf("request %d: %s reads %+v %+v\nwant %+v %+v\n% x", i, c.name, got, got.Request, want, want.Request, pdu)
			case err == nil:
				read[c.name]++
			}
		}
	}
	t.Logf("of %d requests: %v", *messages, read)
	for _, c := range others {
		if read[c.name] < *messages/4 {
			t.Errorf("%s read only %d of %d requests: this compares nothing", c.name, read[c.name], *messages)
		}
	}
}

func TestWhatOthersEncodeWeRead(t *testing.T) {
	r := newRandom(t)
	rewritten := 0
	for i := range *messages / 2 {
		pdu, want := randomRequest(r)
		foreign := encodeASN1BER(want)
		if got, err := readOurs(foreign); err != nil || !wiretest.Same(got, want) {
			t.Fatalf("request %d of go-asn1-ber: got %+v, %v\nwant %+v\n% x", i, got, err, want, foreign)
		}
		if foreign, ok := rewriteGoldap(pdu, want); ok {
			rewritten++
			if got, err := readOurs(foreign); err != nil || !wiretest.Same(got, want) {
				t.Fatalf("request %d of goldap: got %+v, %v\nwant %+v\n% x", i, got, err, want, foreign)
			}
		}
	}
	if rewritten < *messages/20 {
		t.Errorf("goldap wrote only %d messages: this compares nothing", rewritten)
	}
}

func TestOthersReadOurResponses(t *testing.T) {
	r := newRandom(t)
	read := map[string]int{}
	for i := range *messages / 2 {
		r.Plain = i%2 == 0
		pdu, want := randomResponse(r)
		for _, c := range append(others, codec{"wiretest", readOurs, func(*reading) bool { return true }}) {
			got, err := c.read(pdu)
			switch {
			case err != nil && c.takes(want):
				t.Fatalf("response %d: %s refuses it: %v\n% x", i, c.name, err, pdu)
			case err == nil && !wiretest.Same(got, want):
				t.Fatalf("response %d: %s reads %+v %+v\nwant %+v %+v\n% x", i, c.name, got, got.Request, want, want.Request, pdu)
			case err == nil:
				read[c.name]++
			}
		}
	}
	t.Logf("of %d responses: %v", *messages/2, read)
	for _, c := range others {
		if read[c.name] < *messages/8 {
			t.Errorf("%s read only %d responses: this compares nothing", c.name, read[c.name])
		}
	}
}

// mutate changes 1 to 3 places of what is within the outer SEQUENCE and puts a
// fitting SEQUENCE around it again, so that the damage is inside.
func mutate(r *wiretest.Random, pdu []byte) []byte {
	b := append([]byte(nil), pduContent(pdu)...)
	for range 1 + r.IntN(3) {
		if len(b) == 0 {
			break
		}
		at := r.IntN(len(b))
		switch r.IntN(5) {
		case 0:
			b[at] ^= 1 << r.IntN(8)
		case 1:
			b[at] = byte(r.Uint32())
		case 2:
			b = append(b[:at], b[at+1:]...)
		case 3:
			b = append(b[:at], append([]byte{byte(r.Uint32())}, b[at:]...)...)
		case 4: // lengths are where the damage is worst
			b[at] = []byte{0, 1, 0x7f, 0x80, 0x81, 0x84, 0x88, 0xff}[r.IntN(8)]
		}
	}
	return pduAround(b)
}

func TestMutatedMessagesReadAlikeWhereBothAccept(t *testing.T) {
	r := newRandom(t)
	both := map[string]int{}
	for i := range *messages {
		pdu, _ := randomRequest(r)
		pdu = mutate(r, pdu)
		ours, err := readOurs(pdu)
		if err != nil {
			continue
		}
		for _, c := range others {
			theirs, err := c.read(pdu)
			if err != nil {
				continue
			}
			both[c.name]++
			if !wiretest.Same(ours, theirs) {
				t.Fatalf("mutation %d:\nwe read %+v %+v\n%s reads %+v %+v\n% x", i, ours, ours.Request, c.name, theirs, theirs.Request, pdu)
			}
		}
	}
	t.Logf("of %d mutations both accepted: %v", *messages, both)
	for _, c := range others {
		if both[c.name] < *messages/50 {
			t.Errorf("%s and we accepted only %d mutations: this compares nothing", c.name, both[c.name])
		}
	}
}
