package server

import (
	"net"
	"os"
	"syscall"

	"github.com/xdg-go/scram"
)

// session is what a connection is allowed to do. It is changed by bind and
// StartTLS alone.
type session struct {
	version int    // 2 or 3, of the last bind
	dn      string // authorization identity; "" is anonymous, or a member
	key     []byte
	writer  bool                      // is one of the administrators: no limits on searches
	member  bool                      // of the failover group: reads everything, writes nothing
	scram   *scram.ServerConversation // between the two steps of a bind
	rights  *rights
	tls     bool
	peer    peer
}

// peer is who is at the other end of a local socket.
type peer struct {
	local   bool
	trusted bool // root, or the user that the server runs as
}

// bound tells whether the client has authenticated.
func (s *session) bound() bool { return s.dn != "" || s.member }

// authzID is the authorization identity (RFC 4513 5.2.1.8), empty if anonymous.
func (s *session) authzID() string {
	switch {
	case s.member:
		return memberAuthzID
	case s.dn != "":
		return "dn:" + s.dn
	}
	return ""
}

// seesAll tells whether nothing is hidden from the client: a log of all changes
// tells all.
func (s *session) seesAll() bool { return s.member || s.rights.unlimited }

// anonymous puts the session back to how it began. TLS stays.
func (s *session) anonymous(r *rights) {
	*s = session{version: s.version, tls: s.tls, peer: s.peer, rights: r}
}

// peerOf asks the kernel who opened a unix socket connection.
func peerOf(nc net.Conn) peer {
	u, ok := nc.(*net.UnixConn)
	if !ok {
		return peer{}
	}
	p := peer{local: true}
	raw, err := u.SyscallConn()
	if err != nil {
		return p
	}
	_ = raw.Control(func(fd uintptr) { // without an answer nobody is trusted
		cred, err := syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
		if err == nil {
			p.trusted = cred.Uid == 0 || int(cred.Uid) == os.Geteuid()
		}
	})
	return p
}
