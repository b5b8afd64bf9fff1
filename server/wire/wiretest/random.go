// random.go: random valid requests and responses, from a seed.

package wiretest

import (
	"math/rand/v2"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// Random makes valid messages; the same seed gives the same messages.
type Random struct {
	*rand.Rand
	// Plain keeps to what every known codec takes: text is ASCII and no
	// field is empty.
	Plain bool
}

// NewRandom starts a generator.
func NewRandom(seed uint64) *Random {
	return &Random{Rand: rand.New(rand.NewPCG(seed, 0))}
}

// Operation is one random request: the protocolOp as a client encodes it and
// the request value it was made from.
type Operation struct {
	Encoded []byte
	Request any // *wire.BindRequest, ...; nil for unbind
}

// MessageID is 1 to 2147483647, often at the edge of an encoding length.
func (r *Random) MessageID() int32 {
	if r.IntN(4) > 0 {
		return 1 + r.Int32N(1<<31-1)
	}
	edges := []int32{1, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 8388607, 8388608, 1<<31 - 1}
	return edges[r.IntN(len(edges))]
}

// Octets is any string of bytes, mostly short.
func (r *Random) Octets() []byte {
	n := r.IntN(20)
	if r.IntN(20) == 0 {
		n = 100 + r.IntN(200) // crosses the edges of the length encoding
	}
	if r.Plain && n == 0 {
		n = 1
	}
	b := make([]byte, n)
	for i := range b {
		if b[i] = byte(r.Uint32()); r.Plain {
			b[i] = 'a' + b[i]%26
		}
	}
	return b
}

// Text is a string of UTF-8.
func (r *Random) Text() []byte {
	if r.Plain {
		return r.Octets()
	}
	letters := []rune("abcXYZ019 ,=+\"\\;<>#äß€𝄞\x00\n")
	out := make([]rune, r.IntN(16))
	for i := range out {
		out[i] = letters[r.IntN(len(letters))]
	}
	return []byte(string(out))
}

// Attr is an attribute description.
func (r *Random) Attr() []byte {
	names := []string{"cn", "sn", "objectClass", "2.5.4.3", "cn;lang-de", "utname", "userCertificate;binary"}
	return []byte(names[r.IntN(len(names))])
}

// OID is one of a few object identifiers.
func (r *Random) OID() []byte {
	oids := []string{"1.2.840.113556.1.4.319", "2.16.840.1.113730.3.4.2", "1.3.6.1.4.1.4203.1.11.3", "1.1", "2.999.3"}
	return []byte(oids[r.IntN(len(oids))])
}

// list makes 0 to max things, at least one when plain.
func list[T any](r *Random, max int, one func() T) []T {
	n := r.IntN(max + 1)
	if r.Plain && n == 0 {
		n = 1
	}
	var out []T
	for range n {
		out = append(out, one())
	}
	return out
}

// Filter is a filter of at most the given depth.
func (r *Random) Filter(depth int) schema.Filter {
	var f schema.Filter
	r.filterNode(&f, depth)
	return f
}

func (r *Random) filterNode(f *schema.Filter, depth int) {
	at := len(f.Nodes)
	kind := schema.FilterKind(r.IntN(10))
	if depth <= 1 && kind <= schema.FilterNot {
		kind = schema.FilterEquality
	}
	n := schema.FilterNode{Kind: kind}
	if kind > schema.FilterNot {
		n.Attr = r.Attr()
	}
	switch kind {
	case schema.FilterSubstrings:
		n.PartsFrom = int32(len(f.Parts))
		r.parts(f)
		n.PartsTo = int32(len(f.Parts))
	case schema.FilterExtensible:
		n.Value, n.DN = r.Octets(), r.Plain || r.IntN(2) == 0
		switch r.IntN(3) {
		case 0:
			n.Attr, n.Rule = nil, r.OID()
		case 1:
			n.Rule = r.OID()
		}
	case schema.FilterEquality, schema.FilterGreaterOrEqual, schema.FilterLessOrEqual, schema.FilterApprox:
		n.Value = r.Octets()
	}
	f.Nodes = append(f.Nodes, n)
	switch kind {
	case schema.FilterNot:
		r.filterNode(f, depth-1)
	case schema.FilterAnd, schema.FilterOr:
		list(r, 3, func() bool { r.filterNode(f, depth-1); return true })
	}
	f.Nodes[at].End = int32(len(f.Nodes))
}

func (r *Random) parts(f *schema.Filter) {
	add := func(at schema.PartKind) {
		f.Parts = append(f.Parts, schema.SubstringPart{At: at, Value: r.Octets()})
	}
	shape := 1 + r.IntN(7) // bits: initial, any, final
	if shape&1 != 0 {
		add(schema.PartInitial)
	}
	for n := r.IntN(3); shape&2 != 0 && n >= 0; n-- {
		add(schema.PartAny)
	}
	if shape&4 != 0 {
		add(schema.PartFinal)
	}
}

// Search is a search request.
func (r *Random) Search() *wire.SearchRequest {
	return &wire.SearchRequest{
		Base: r.Text(), Scope: schema.Scope(r.IntN(3)), Deref: schema.Deref(r.IntN(4)),
		SizeLimit: r.Int32N(1 << 30), TimeLimit: r.MessageID(), TypesOnly: r.IntN(2) == 0,
		Filter: r.Filter(4), Attributes: list(r, 4, r.Attr),
	}
}

// Operation is any request.
func (r *Random) Operation() Operation {
	switch r.IntN(10) {
	case 0:
		return r.bind()
	case 1:
		q := &wire.ModifyRequest{DN: r.Text(), Mods: list(r, 4, func() schema.Modification {
			return schema.Modification{Op: schema.ModOp(r.IntN(3)), Attr: string(r.Attr()), Values: list(r, 3, r.Octets)}
		})}
		return Operation{Modify(q), q}
	case 2:
		q := &wire.AddRequest{DN: r.Text(), Attributes: list(r, 4, func() schema.RawAttribute {
			return schema.RawAttribute{Attr: string(r.Attr()), Values: append(list(r, 3, r.Octets), r.Octets())}
		})}
		return Operation{Add(q), q}
	case 3:
		q := &wire.DeleteRequest{DN: r.Text()}
		return Operation{Delete(q), q}
	case 4:
		q := &wire.ModifyDNRequest{DN: r.Text(), NewRDN: r.Text(), DeleteOldRDN: r.IntN(2) == 0}
		if q.HasNewSuperior = r.IntN(2) == 0; q.HasNewSuperior {
			q.NewSuperior = r.Text()
		}
		return Operation{ModifyDN(q), q}
	case 5:
		q := &wire.CompareRequest{DN: r.Text(), Attr: r.Attr(), Value: r.Octets()}
		return Operation{Compare(q), q}
	case 6:
		if r.IntN(3) == 0 {
			return Operation{Op(wire.UnbindRequest{}), nil}
		}
		q := &wire.AbandonRequest{ID: r.MessageID()}
		return Operation{Op(q), q}
	case 7:
		q := &wire.ExtendedRequest{Name: r.OID()}
		if q.HasValue = r.IntN(2) == 0; q.HasValue {
			q.Value = r.Octets()
		}
		return Operation{Op(q), q}
	}
	q := r.Search()
	return Operation{Op(q), q}
}

func (r *Random) bind() Operation {
	q := &wire.BindRequest{Version: 2 + r.IntN(2), Name: r.Text(), AuthTag: wire.AuthSimple}
	if r.IntN(2) == 0 {
		q.Password = r.Octets()
		return Operation{Op(q), q}
	}
	q.AuthTag, q.Mechanism = wire.AuthSASL, []byte("SCRAM-SHA-256")
	if q.HasCredentials = r.IntN(2) == 0; q.HasCredentials {
		q.Credentials = r.Octets()
	}
	return Operation{Op(q), q}
}

// Controls are 0 to 3 controls as wire decodes them, and encoded; nil if none.
func (r *Random) Controls() (controls []wire.Control, encoded []byte) {
	for range r.IntN(4) {
		c := wire.Control{OID: r.OID(), Critical: r.IntN(2) == 0, HasValue: r.IntN(2) == 0}
		if c.HasValue {
			c.Value = r.Octets()
		}
		encoded = wire.AppendControl(encoded, string(c.OID), c.Critical, c.Value)
		controls = append(controls, c)
	}
	return controls, encoded
}

// Result is an LDAPResult with a code that every codec knows.
func (r *Random) Result() *schema.Result {
	codes := []schema.ResultCode{0, 1, 2, 5, 6, 10, 32, 49, 68, 80}
	res := &schema.Result{Code: codes[r.IntN(len(codes))], MatchedDN: string(r.Text()), Diagnostic: string(r.Text())}
	if r.IntN(3) == 0 {
		res.Referrals = []string{"ldap://one.example/o=utdata", "ldap://two.example:7012/" + string(r.Attr())}
	}
	return res
}

// Attributes are those of an entry.
func (r *Random) Attributes() []schema.RawAttribute {
	return list(r, 5, func() schema.RawAttribute {
		return schema.RawAttribute{Attr: string(r.Attr()), Values: list(r, 4, r.Octets)}
	})
}
