// descrypt.go: the traditional crypt(3), the only form that old Solaris knew.

package password

import "strings"

const (
	desLength   = 13 // two characters of salt, eleven of hash
	desPassword = 8  // characters that count
	desTimes    = 25
	alphabet64  = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// verifyDES compares in the form of text: 11 characters hold 66 bits, of which
// the last two are zero.
func verifyDES(text string, clear []byte) bool {
	s0, s1 := strings.IndexByte(alphabet64, text[0]), strings.IndexByte(alphabet64, text[1])
	if s0 < 0 || s1 < 0 {
		return false
	}
	return equal([]byte(text[2:]), desText(desCrypt(clear, s0|s1<<6)))
}

// desCrypt encrypts the zero block 25 times with DES (FIPS 46-3), the password
// as key and the twelve bits of salt each exchanging two bits of the expansion.
// Bits are bytes here: 25 blocks need no speed, and slowness is the point.
func desCrypt(clear []byte, salt int) []byte {
	key := make([]byte, 64)
	for i := 0; i < len(clear) && i < desPassword; i++ {
		for bit := range 7 {
			key[8*i+bit] = clear[i] >> (6 - bit) & 1
		}
	}
	expansion := make([]byte, 48)
	copy(expansion, desExpansion[:])
	for i := range 12 {
		if salt>>i&1 == 1 {
			expansion[i], expansion[i+24] = expansion[i+24], expansion[i]
		}
	}
	keys := desKeys(key)
	block := make([]byte, 64)
	for range desTimes {
		block = permute(block, desInitial[:])
		left, right := block[:32], block[32:]
		for _, k := range keys {
			left, right = right, xor(left, desRound(permute(right, expansion), k))
		}
		block = permute(append(append(make([]byte, 0, 64), right...), left...), desFinal[:])
	}
	return block
}

// desKeys is the key schedule: sixteen keys of 48 bits.
func desKeys(key []byte) (keys [16][]byte) {
	cd := permute(key, desChoice1[:])
	for i := range keys {
		for range desShifts[i] {
			cd = append(append(append(append(make([]byte, 0, 56), cd[1:28]...), cd[0]), cd[29:]...), cd[28])
		}
		keys[i] = permute(cd, desChoice2[:])
	}
	return keys
}

// desRound is the substitution of the expanded half, 48 bits in, 32 out.
func desRound(expanded, key []byte) []byte {
	in := xor(expanded, key)
	out := make([]byte, 0, 32)
	for box := range 8 {
		b := in[6*box : 6*box+6]
		row, column := b[0]<<1|b[5], b[1]<<3|b[2]<<2|b[3]<<1|b[4]
		v := desBoxes[box][16*row+column]
		out = append(out, v>>3&1, v>>2&1, v>>1&1, v&1)
	}
	return permute(out, desPermutation[:])
}

// permute picks bits by their position, counted from 1 as in the standard.
func permute(bits, table []byte) []byte {
	out := make([]byte, len(table))
	for i, from := range table {
		out[i] = bits[from-1]
	}
	return out
}

func xor(a, b []byte) []byte {
	out := make([]byte, len(a))
	for i := range a {
		out[i] = a[i] ^ b[i]
	}
	return out
}

// desText writes 64 bits as 11 characters, the most significant bit first.
func desText(block []byte) []byte {
	out := make([]byte, 0, desLength-2)
	for i := 0; i < 66; i += 6 {
		n := 0
		for j := i; j < i+6; j++ {
			n <<= 1
			if j < len(block) {
				n |= int(block[j])
			}
		}
		out = append(out, alphabet64[n])
	}
	return out
}
