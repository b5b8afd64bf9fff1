// print.go: what an entry holds as one number.

package dataset

// Print is the fingerprint of the content of entries: it does not depend on the
// order of attributes and values, nor on the case of types and names. Those of
// several entries add up to that of all.
type Print uint64

// Pair is what one value adds to the print of its entry; name and value are not
// changed. The name of the entry itself is the value of "dn".
func Pair(name, value []byte) Print {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	h := uint64(offset)
	for _, c := range name {
		h = (h ^ uint64(lower(c))) * prime
	}
	h = (h ^ ':') * prime
	for _, c := range value {
		h = (h ^ uint64(c)) * prime
	}
	// Sums of FNV's own results would tell too little apart.
	h ^= h >> 31
	h *= 0x9fb21c651e98df25
	return Print(h ^ h>>28)
}

// Name is what the name of an entry adds.
func Name(dn []byte) Print {
	low := make([]byte, 0, 128)
	for _, c := range dn {
		low = append(low, lower(c))
	}
	return Pair([]byte("dn"), low)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// Print is the fingerprint of e.
func (e Entry) Print() Print {
	p := Name([]byte(e.DN))
	for _, a := range e.Attributes {
		for _, v := range a.Values {
			p += Pair([]byte(a.Name), []byte(v))
		}
	}
	return p
}
