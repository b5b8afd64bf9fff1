// doc.go: what the package is for and how its files are written.

// Package corpus holds inputs that killed directory servers, and what must
// become of each here: the process lives, others on it do not notice, and the
// sender gets the answer that is written beside the bytes. One file is one
// kind of input; a security fix adds one.
//
// The letter of a file's name is the kind: e encoding, f filters and searches,
// c controls and extended operations, d names, entries, passwords and rights.
// What is no matter of single connections, or is too large for a file, is a test
// beside it; rows_test.go lists every kind that is known with its place. Besides,
// thousands of sound requests are damaged at random (generator_test.go), and the
// encodings with which other codecs test themselves are sent (foreign_test.go).
//
// It is not for the grammar of LDAP in general (server/wire has the tables)
// and not for what well-behaved clients see (conformance/clients).
//
// A file begins with comments: what it is, where it comes from. Then:
//
//	let NAME = BYTES      a name for $NAME, for the rest of the file
//	case TITLE            begins a case, on a connection of its own
//	to secure             the case goes to the ldaps port, without a handshake
//	to uncertified        the case goes to a server without certificate
//	as admin              binds as the root DN first
//	starttls              upgrades the connection
//	send BYTES            in one write
//	drip BYTES            one write for each byte
//	flood BYTES           again and again until the server reads no more;
//	                      meanwhile a bystander must get its answer
//	expect OUTCOME        after a send; a case has as many as it likes
//
// Lines that are indented continue the one before. BYTES are
//
//	30 0a                 bytes in hexadecimal
//	"text\n"              bytes as in a Go string
//	30{ ... }             an element: the byte is the tag, the length is computed
//	a0^100{ ... }         a hundred of them, one within the other
//	( ... )*100           the same bytes a hundred times
//	$NAME                 what let said, or suffix, admin, password, group
//	-- text               a comment up to the end of the line
//
// OUTCOME is what must happen within a few seconds:
//
//	result N [N...]       the next final response has one of these codes
//	no-match              the next final response is success, without entries
//	any-result            there is a final response
//	disconnect            a Notice of Disconnection with protocolError, then the end
//	closed                the end, whatever comes before
//	open                  no answer, and the connection is as good as before
//	alive                 nothing of this connection, which is dropped
//
// After a result or open at the end of a case the connection must still
// answer, and after every case a bystander's search must.
package corpus
