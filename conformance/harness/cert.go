// cert.go: throw-away certificates for TLS on loopback.

package harness

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Certificate names the PEM files of a throw-away certificate for localhost
// and 127.0.0.1.
type Certificate struct {
	CAFile, CertFile, KeyFile string
}

// NewCertificate makes a CA and a server certificate signed by it in dir.
func NewCertificate(tb testing.TB, dir string) Certificate {
	tb.Helper()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "conformance CA"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	caKey, serverKey := newKey(tb), newKey(tb)
	c := Certificate{
		CAFile: filepath.Join(dir, "ca.pem"), CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem"),
	}
	sign := func(path string, template *x509.Certificate, public crypto.PublicKey) {
		der, err := x509.CreateCertificate(rand.Reader, template, ca, public, caKey)
		if err != nil {
			tb.Fatalf("make certificate: %v", err)
		}
		writePEM(tb, path, "CERTIFICATE", der)
	}
	sign(c.CAFile, ca, caKey.Public())
	sign(c.CertFile, server, serverKey.Public())
	der, err := x509.MarshalPKCS8PrivateKey(serverKey)
	if err != nil {
		tb.Fatalf("encode key: %v", err)
	}
	writePEM(tb, c.KeyFile, "PRIVATE KEY", der)
	return c
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatalf("make key: %v", err)
	}
	return key
}

func writePEM(tb testing.TB, path, kind string, der []byte) {
	tb.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		tb.Fatalf("write %s: %v", path, err)
	}
}
