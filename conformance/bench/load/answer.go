// answer.go: what servers send, taken apart with every length checked.

package load

import (
	"errors"
	"fmt"

	"github.com/sunray-ds/utdsd/conformance/bench/dataset"
)

// errAnswer is the error of an answer that is not what LDAP allows.
var errAnswer = errors.New("an answer cannot be read")

// maxMessage bounds a message of a server.
const maxMessage = 64 << 20

// header reads tag and length: where the contents begin and how long they are.
// ok is false if b ends before that is known.
func header(b []byte) (begin, length int, ok bool, err error) {
	if len(b) < 2 {
		return 0, 0, false, nil
	}
	length = int(b[1])
	if length < 0x80 {
		return 2, length, true, nil
	}
	octets := length & 0x7f
	if octets == 0 || octets > 4 {
		return 0, 0, false, errAnswer
	}
	if len(b) < 2+octets {
		return 0, 0, false, nil
	}
	length = 0
	for _, c := range b[2 : 2+octets] {
		length = length<<8 | int(c)
	}
	if length > maxMessage {
		return 0, 0, false, errAnswer
	}
	return 2 + octets, length, true, nil
}

// element takes the first element off b.
func element(b []byte) (tag byte, contents, rest []byte, err error) {
	begin, length, ok, err := header(b)
	if err != nil || !ok || begin+length > len(b) {
		return 0, nil, nil, errAnswer
	}
	return b[0], b[begin : begin+length], b[begin+length:], nil
}

// message is an LDAPMessage of a server.
type message struct {
	id       uint32
	op       []byte // the operation with its tag
	controls []byte // the contents of the controls
}

// parse takes the contents of an LDAPMessage apart.
func parse(contents []byte) (m message, err error) {
	if len(contents) < 3 || contents[0] != 0x02 || contents[1] > 4 || len(contents) < 3+int(contents[1]) {
		return m, errAnswer
	}
	at := 2 + int(contents[1])
	for _, c := range contents[2:at] {
		m.id = m.id<<8 | uint32(c)
	}
	begin, length, ok, err := header(contents[at:])
	if err != nil || !ok || at+begin+length > len(contents) {
		return m, errAnswer
	}
	m.op = contents[at : at+begin+length]
	if rest := contents[at+begin+length:]; len(rest) > 0 {
		if _, m.controls, _, err = element(rest); err != nil {
			return m, err
		}
	}
	return m, nil
}

// result is the code and the diagnostic message of a response.
func result(op []byte) (code int, diagnostic string, err error) {
	_, body, _, err := element(op)
	if err != nil {
		return 0, "", err
	}
	tag, v, body, err := element(body)
	if err != nil || tag != 0x0a || len(v) == 0 {
		return 0, "", errAnswer
	}
	_, _, body, err = element(body)
	if err != nil {
		return 0, "", err
	}
	_, said, _, err := element(body)
	return int(v[len(v)-1]), string(said), err
}

// entryName is the name of a SearchResultEntry.
func entryName(op []byte) ([]byte, error) {
	_, body, _, err := element(op)
	if err != nil {
		return nil, err
	}
	_, dn, _, err := element(body)
	return dn, err
}

// printEntry is the print of a SearchResultEntry and the value of the attribute
// that writes replace.
func printEntry(op []byte) (p dataset.Print, volatile string, err error) {
	_, body, _, err := element(op)
	if err != nil {
		return 0, "", err
	}
	_, dn, body, err := element(body)
	if err != nil {
		return 0, "", err
	}
	p = dataset.Name(dn)
	_, list, _, err := element(body)
	for err == nil && len(list) > 0 {
		var one, name, values, value []byte
		if _, one, list, err = element(list); err != nil {
			break
		}
		if _, name, one, err = element(one); err != nil {
			break
		}
		if _, values, _, err = element(one); err != nil {
			break
		}
		for len(values) > 0 {
			if _, value, values, err = element(values); err != nil {
				return 0, "", err
			}
			p += dataset.Pair(name, value)
			if string(name) == dataset.Volatile {
				volatile = string(value)
			}
		}
	}
	return p, volatile, err
}

// cookie is the cookie of a paged results control; none means the last page.
func cookie(controls []byte) ([]byte, error) {
	for len(controls) > 0 {
		_, one, rest, err := element(controls)
		if err != nil {
			return nil, err
		}
		controls = rest
		_, oid, one, err := element(one)
		if err != nil {
			return nil, err
		}
		if string(oid) != pagedResults {
			continue
		}
		tag, value, one, err := element(one)
		if err == nil && tag == 0x01 { // the criticality
			_, value, _, err = element(one)
		}
		if err != nil {
			return nil, err
		}
		_, body, _, err := element(value)
		if err != nil {
			return nil, err
		}
		_, _, body, err = element(body)
		if err != nil {
			return nil, err
		}
		_, c, _, err := element(body)
		return c, err
	}
	return nil, fmt.Errorf("%w: the control of a page is missing", errAnswer)
}
