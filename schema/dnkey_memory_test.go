package schema

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// Whatever was asked before, a name has the key that it has without a memory.
func TestMemoryOfSuperiorsChangesNoKey(t *testing.T) {
	s := mustDefault(t)
	parts := []string{"o=utdata", "O = UTdata", "utname=a\\,b", "utname=\"q,r\"", "cn=x+uid=y", "utname=users", "utname=Users ", "uid= 7", "cn=", "=", "",
		"bad type=1", "cn=\xff", "cn=#0401", "cn=#04016", "cn=a;o=b", "1.2.3=z", "OID.2.5.4.3=Y", "cn=ä", "cn=\\C3\\A4", "cn=a\\",
		"cn=A  b ", "cn= a", "cn=<", "cn=>", "cn=a\x00", "CN=q", "cn =q", "cn=a=b", "unknown=X", "1.2.3=", "utname=plain", "cn=+"}
	r := rand.New(rand.NewPCG(1, 2))
	var m NameMemory
	for range 200_000 {
		var dn []byte
		for i := range 1 + r.IntN(4) {
			if i > 0 {
				dn = append(dn, ',')
			}
			dn = append(dn, parts[r.IntN(len(parts))]...)
		}
		want, wantErr := s.AppendDNKey([]byte("before"), dn)
		got, gotErr := m.AppendDNKey(s, []byte("before"), dn)
		if (gotErr == nil) != (wantErr == nil) || gotErr != nil && gotErr.Error() != wantErr.Error() || !bytes.Equal(got, want) {
			t.Fatalf("%q: %q %v, without memory %q %v", dn, got, gotErr, want, wantErr)
		}
	}
}

func BenchmarkDNKeyOfSiblings(b *testing.B) {
	s := mustDefault(b)
	dn := []byte("utname=MicroPayflex.00004f8c65000100,utname=users,utname=demo,o=v1,o=utdata")
	var m NameMemory
	dst := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = m.AppendDNKey(s, dst[:0], dn)
	}
}
