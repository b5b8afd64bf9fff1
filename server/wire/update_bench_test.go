// update_bench_test.go: what it takes to read a bind and the requests that write.

package wire_test

import (
	"testing"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
	"github.com/sunray-ds/utdsd/server/wire/wiretest"
)

const benchDN = "utname=usr0000001,utname=users,utname=farm,o=v1,o=utdata"

// benchDecode measures the decoding of a message and of the request in it.
func benchDecode(b *testing.B, pdu []byte, decode func(body []byte) error) {
	var m wire.Message
	b.SetBytes(int64(len(pdu)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.FrameLength(pdu, 1<<20); err != nil {
			b.Fatal(err)
		}
		if err := m.Decode(pdu); err != nil {
			b.Fatal(err)
		}
		if err := decode(m.Body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeBind(b *testing.B) {
	var q wire.BindRequest
	op := wiretest.Op(&wire.BindRequest{Version: 3, Name: []byte(benchDN), AuthTag: wire.AuthSimple, Password: []byte("open sesame")})
	benchDecode(b, wiretest.Message(300, op, nil), q.Decode)
}

func BenchmarkDecodeModify(b *testing.B) {
	var q wire.ModifyRequest
	op := wiretest.Modify(&wire.ModifyRequest{DN: []byte(benchDN), Mods: []schema.Modification{
		{Op: schema.ModReplace, Attr: "description", Values: [][]byte{[]byte("Changed by the benchmark 00000001")}},
	}})
	benchDecode(b, wiretest.Message(300, op, nil), q.Decode)
}

func BenchmarkDecodeAdd(b *testing.B) {
	var q wire.AddRequest
	var list []schema.RawAttribute
	for rest := usualEntry(); len(rest) > 0; {
		a, more, ok := schema.NextAttribute(rest)
		if !ok {
			b.Fatal("the entry cannot be read")
		}
		value, _, _ := schema.NextValue(a.Values)
		list, rest = append(list, schema.RawAttribute{Attr: string(a.Desc), Values: [][]byte{value}}), more
	}
	op := wiretest.Add(&wire.AddRequest{DN: []byte(benchDN), Attributes: list})
	benchDecode(b, wiretest.Message(300, op, nil), q.Decode)
}

func BenchmarkDecodePagedResults(b *testing.B) {
	control := wire.AppendControl(nil, "1.2.840.113556.1.4.319", true, (&wire.PagedResults{Size: 500, Cookie: []byte("cookie")}).Append(nil))
	pdu := wiretest.Message(1, wiretest.Op(wire.UnbindRequest{}), control)
	var m wire.Message
	var p wire.PagedResults
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Decode(pdu); err != nil {
			b.Fatal(err)
		}
		if err := p.Decode(m.Controls[0].Value); err != nil {
			b.Fatal(err)
		}
	}
}
