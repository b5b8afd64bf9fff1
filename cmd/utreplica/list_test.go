package main

import (
	"net"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"github.com/sunray-ds/utdsd/cmd/internal/site"
	"github.com/sunray-ds/utdsd/replica"
)

// standIn answers binds on the local socket, and questions on the last of so many
// connections; the ones before it are ended with a question on them.
func standIn(t *testing.T, paths site.Paths, connections int) {
	t.Helper()
	l, err := site.ListenSocket(paths.Socket)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	go func() {
		defer close(done)
		for n := 1; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serve(conn, n == connections)
			conn.Close()
		}
	}()
}

// serve answers on a connection until the client has gone or a question is not to
// be answered.
func serve(conn net.Conn, questions bool) {
	for {
		request, err := ber.ReadPacket(conn)
		if err != nil || len(request.Children) < 2 {
			return
		}
		tag, value := ber.Tag(ldap.ApplicationBindResponse), ""
		if request.Children[1].Tag == ldap.ApplicationExtendedRequest {
			if !questions {
				return
			}
			tag, value = ldap.ApplicationExtendedResponse, `{"role":"primary","entries":14}`
		}
		answer := ber.NewSequence("")
		answer.AppendChild(request.Children[0])
		result := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
		result.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, 0, ""))
		result.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
		result.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
		if value != "" {
			result.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 11, value, ""))
		}
		answer.AppendChild(result)
		if _, err := conn.Write(answer.Bytes()); err != nil {
			return
		}
	}
}

func TestStatusIsAskedAgainIfTheServerEndsTheConnection(t *testing.T) {
	for connections, well := range map[int]bool{1: true, 2: true, 3: false} {
		paths, err := site.NewPaths(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if err := paths.MakeFolders(); err != nil {
			t.Fatal(err)
		}
		standIn(t, paths, connections)
		s, running, err := (&group{paths: paths}).status()
		if well && (err != nil || !running || s.Role != replica.RolePrimary || s.Entries != 14) || !well && err == nil {
			t.Errorf("answered on connection %d: %+v, %v, %v", connections, s, running, err)
		}
	}
}

func TestChangesThatThePrimaryNeverHadAreTold(t *testing.T) {
	for want, up := range map[string]replica.UpstreamStatus{
		"": {},
		"1 change that the primary never had is in FILE: apply it with ldapmodify on the primary if it is wanted.":        {LostFile: "FILE", LostChanges: 1},
		"3 changes that the primary never had are in FILE: apply them with ldapmodify on the primary if they are wanted.": {LostFile: "FILE", LostChanges: 3},
		"This server had changes that the primary never had: FILE tells of them.":                                         {LostFile: "FILE"},
	} {
		if got := lostText(&up); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		text := table(replica.Status{Role: replica.RoleSecondary, Upstream: &up}, true)
		if !strings.HasSuffix(text, "\n"+want+"\n") && want != "" {
			t.Errorf("the table is\n%s", text)
		}
	}
}
