package schema

// Keys: the normalised form of a name in which the store orders entries.
//
// A key has the normalised RDNs from the root down with 0x00 between them, so
// that a subtree is its base's key K and the range of keys that begin with
// K 0x00, parents first. An RDN is "type=value", several AVAs sorted and joined
// with '+'. In values the bytes 0x00, 0x01 and '+' are written 0x01 0x01,
// 0x01 0x02 and 0x01 0x03.

import (
	"bytes"
	"fmt"
	"slices"
)

// AppendDNKey appends the key of the name dn to dst. The empty name appends
// nothing. On an error, which wraps ErrDN, dst is returned as it came. It does
// not allocate for plain ASCII names when dst has room for about twice the
// length of dn.
func (s *Schema) AppendDNKey(dst, dn []byte) ([]byte, error) {
	if err := checkDNText(dn); err != nil || isBlank(dn) {
		return dst, err
	}
	var (
		scan  = dnScanner{in: dn}
		start = len(dst)
		rdns  int
		at    [maxAVAs + 1]int // where the AVAs of this RDN begin
		avas  int
	)
	out := dst
	if out == nil { // not to grow with each RDN
		out = make([]byte, 0, 2*len(dn))
	}
	for {
		a, err := scan.next()
		if err != nil {
			return dst, err
		}
		if avas == maxAVAs {
			return dst, fmt.Errorf("%w: too many values in one RDN", ErrDN)
		}
		at[avas] = len(out)
		avas++
		if out, err = s.appendAVAKey(out, &a); err != nil {
			return dst, err
		}
		if a.next == '+' {
			out = append(out, '+')
			continue
		}
		if avas > 1 && !sortAVAKeys(out, at[:avas]) {
			return dst, fmt.Errorf("%w: attribute type twice in one RDN", ErrDN)
		}
		if rdns++; rdns > maxRDNs {
			return dst, fmt.Errorf("%w: too many RDNs", ErrDN)
		}
		if a.next == 0 {
			break
		}
		out, avas = append(out, 0), 0
	}
	if rdns > 1 {
		reverseParts(out[start:])
	}
	return out, nil
}

// AppendRDNKey appends the last part of a key, that of r.
func (s *Schema) AppendRDNKey(dst []byte, r RDN) []byte {
	var at [maxAVAs + 1]int
	n := min(len(r), maxAVAs)
	for i := range n {
		if i > 0 {
			dst = append(dst, '+')
		}
		at[i] = len(dst)
		name := r[i].Desc.Name
		dst = append(appendLower(dst, name), '=')
		mark := len(dst)
		out, err := s.appendNameForm(dst, r[i].Desc.Type, r[i].Value)
		if err != nil { // not from ParseDN: at least unambiguous
			out = append(dst, r[i].Value...)
		}
		dst = escapeKey(out, mark)
	}
	if n > 1 {
		sortAVAKeys(dst, at[:n])
	}
	return dst
}

// appendAVAKey appends "type=value" of a.
func (s *Schema) appendAVAKey(dst []byte, a *avaText) ([]byte, error) {
	t := s.AttributeType(a.typ)
	if t != nil {
		dst = appendLower(dst, t.Name)
	} else {
		dst = appendLower(dst, a.typ)
	}
	dst = append(dst, '=')
	mark := len(dst)
	if a.form == plainValue {
		out, err := s.appendNameForm(dst, t, a.value)
		if err != nil {
			return dst, err
		}
		return escapeKey(out, mark), nil
	}
	// The value without escapes is put behind dst for a moment: a scratch of
	// its own would have to be allocated.
	dst, err := a.appendValue(dst)
	if err != nil {
		return dst, err
	}
	end := len(dst)
	dst, err = s.appendNameForm(dst, t, dst[mark:end:end])
	if err != nil {
		return dst, err
	}
	n := copy(dst[mark:], dst[end:])
	return escapeKey(dst[:mark+n], mark), nil
}

// appendNameForm appends the normal form of a naming value.
func (s *Schema) appendNameForm(dst []byte, t *AttributeType, value []byte) ([]byte, error) {
	if t != nil && t.Equality != nil && t.Equality.Normalize != nil {
		out, err := t.Equality.Normalize(s, dst, value)
		if err != nil {
			return dst, fmt.Errorf("%w: value of %s: %w", ErrDN, t.Name, err)
		}
		return out, nil
	}
	out, err := normalizeIgnore(s, dst, value)
	if err != nil { // nothing is known about the value: its bytes will do
		return append(dst, value...), nil
	}
	return out, nil
}

// appendLower appends ASCII text in lower case.
func appendLower[T string | []byte](dst []byte, text T) []byte {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

// escapeKey escapes the bytes of dst from mark on that have a meaning in keys.
func escapeKey(dst []byte, mark int) []byte {
	extra := 0
	for _, c := range dst[mark:] {
		if c <= 1 || c == '+' {
			extra++
		}
	}
	if extra == 0 {
		return dst
	}
	from := len(dst) - 1
	for range extra {
		dst = append(dst, 0)
	}
	for to := len(dst) - 1; to > from; to-- {
		c := dst[from]
		from--
		if c <= 1 || c == '+' {
			code := byte(3)
			if c <= 1 {
				code = c + 1
			}
			dst[to] = code
			to--
			c = 1
		}
		dst[to] = c
	}
	return dst
}

// sortAVAKeys sorts the AVAs of an RDN that begin in b at the given places,
// the last one ending with b. It reports whether all types differ (X.501 9.3).
func sortAVAKeys(b []byte, at []int) bool {
	base := at[0]
	for n := 2; n <= len(at); n++ { // insert AVA n-1 into those before it
		from, end := at[n-1], len(b)
		if n < len(at) {
			end = at[n] - 1
		}
		for pos := base; pos < from; {
			next := pos + bytes.IndexByte(b[pos:], '+')
			if bytes.Compare(b[from:end], b[pos:next]) < 0 {
				rotate(b[pos:end], from-pos)
				break
			}
			pos = next + 1
		}
	}
	for rest := b[base:]; ; {
		one, more, found := bytes.Cut(rest, []byte{'+'})
		if !found {
			return true
		}
		if typ := bytes.IndexByte(one, '='); bytes.HasPrefix(more, one[:typ+1]) {
			return false
		}
		rest = more
	}
}

// rotate turns "a+b+x" with x at the given place into "x+a+b".
func rotate(b []byte, at int) {
	slices.Reverse(b[:at-1])
	slices.Reverse(b[at:])
	slices.Reverse(b)
}

// reverseParts turns the order of the parts between zero bytes around.
func reverseParts(b []byte) {
	slices.Reverse(b)
	for {
		n := bytes.IndexByte(b, 0)
		if n < 0 {
			slices.Reverse(b)
			return
		}
		slices.Reverse(b[:n])
		b = b[n+1:]
	}
}

// KeyParent is the key of the parent; the parent of a key with one part, and
// of the empty key, is the empty key. The result is a part of key.
func KeyParent(key []byte) []byte {
	return key[:max(bytes.LastIndexByte(key, 0), 0)]
}

// KeyLeaf is the last RDN of key.
func KeyLeaf(key []byte) []byte { return key[bytes.LastIndexByte(key, 0)+1:] }

// KeyDepth counts the RDNs of key.
func KeyDepth(key []byte) int {
	if len(key) == 0 {
		return 0
	}
	return bytes.Count(key, []byte{0}) + 1
}

// KeyUnder tells whether key lies strictly below base. Every key but the empty
// one lies below the empty key.
func KeyUnder(key, base []byte) bool {
	if len(base) == 0 {
		return len(key) > 0
	}
	return len(key) > len(base) && key[len(base)] == 0 && bytes.HasPrefix(key, base)
}

// KeyInScope tells whether key lies in a search's scope.
func KeyInScope(key, base []byte, scope Scope) bool {
	switch scope {
	case ScopeBase:
		return bytes.Equal(key, base)
	case ScopeOne:
		return KeyUnder(key, base) && len(KeyParent(key)) == len(base)
	case ScopeSub:
		return bytes.Equal(key, base) || KeyUnder(key, base)
	case ScopeChildren:
		return KeyUnder(key, base)
	}
	return false
}
