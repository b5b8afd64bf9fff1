package server

import (
	"testing"

	"github.com/sunray-ds/utdsd/server/password"
)

// benchFrames handles the same requests again and again and sends the answers.
func benchFrames(b *testing.B, c *conn, frames ...[]byte) {
	b.ReportAllocs()
	for b.Loop() {
		for _, f := range frames {
			c.round(b, f)
		}
		c.waitAll()
	}
}

// benchConn is a connection of the administrator that ends with the benchmark.
func benchConn(b *testing.B, users int) *conn {
	c := direct(b, users)
	b.Cleanup(c.finish)
	c.round(b, message(1, bindRequest(3, adminDN, adminSecret)))
	if !c.session.writer {
		b.Fatal("the bind failed")
	}
	return c
}

func BenchmarkBindOfAdministrator(b *testing.B) {
	c := benchConn(b, 10)
	benchFrames(b, c, message(1, bindRequest(3, adminDN, adminSecret)))
}

func BenchmarkBindOfUser(b *testing.B) {
	c := benchConn(b, 10)
	hashed, err := password.Hash("{SSHA}", []byte("open sesame"))
	if err != nil {
		b.Fatal(err)
	}
	for name, stored := range map[string]string{"clear": "open sesame", "SSHA": string(hashed)} {
		dn := "cn=" + name + "," + people
		c.srv.Store.(*memory).put(b, dn, "objectClass: inetOrgPerson", "cn: "+name, "sn: x", "userPassword: "+stored)
		frame := message(1, bindRequest(3, dn, "open sesame"))
		b.Run(name, func(b *testing.B) {
			benchFrames(b, c, frame)
			if c.session.dn != dn {
				b.Fatalf("bound as %q", c.session.dn)
			}
		})
	}
}

// BenchmarkModify is the way through the server, with a store in memory that
// answers at once.
func BenchmarkModify(b *testing.B) {
	c := benchConn(b, 10)
	benchFrames(b, c, message(2, replace(userDN(3), "description", "Changed by the benchmark")))
}

// BenchmarkPipelinedModify is sixteen at a time.
func BenchmarkPipelinedModify(b *testing.B) {
	c := benchConn(b, 16)
	var frames [][]byte
	for i := range 16 {
		frames = append(frames, message(int32(i+2), replace(userDN(i), "description", "Changed by the benchmark")))
	}
	benchFrames(b, c, frames...)
}
