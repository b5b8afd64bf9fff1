package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// writeCertificate puts a self-signed certificate of this serial number and
// its key into dir.
func writeCertificate(t *testing.T, dir string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := x509.Certificate{
		SerialNumber: big.NewInt(serial), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &made, &made, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: keyDER},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// serial is the serial number of the certificate that a new connection sees.
func serial(t *testing.T, address string) int64 {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true}) // the certificate is what is looked at
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestCertificateIsReplacedWhileConnectionsStay(t *testing.T) {
	root := configure(t, "7012")
	dir := filepath.Join(root, "etc/opt/SUNWut/srds")
	conf := filepath.Join(dir, "utdsd.toml")
	text := append(read(t, conf), "\n[tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n"...)
	if err := os.WriteFile(conf, text, 0o600); err != nil {
		t.Fatal(err)
	}
	runProgram(t, "", "utdsd", "-R", root, "-H", anyPort, "-metrics", "off").want(t, 1, "read the certificate", "cert.pem")

	writeCertificate(t, dir, 11)
	p := startDaemon(t, "-R", root, "-H", "ldaps://127.0.0.1:0 ldap://127.0.0.1:0", "-metrics", "off")
	secure := p.await(t, "listening on ldaps://")
	plain := p.await(t, "listening on ldap://")
	if got := serial(t, secure); got != 11 {
		t.Fatalf("serial number %d", got)
	}
	conn, err := ldap.DialURL("ldap://" + plain)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.StartTLS(&tls.Config{InsecureSkipVerify: true}); err != nil {
		t.Fatal(err)
	}

	writeCertificate(t, dir, 12)
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.await(t, "the certificate has been read again")
	if got := serial(t, secure); got != 12 {
		t.Errorf("serial number %d after the change", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.await(t, "the certificate was not changed")
	if got := serial(t, secure); got != 12 {
		t.Errorf("serial number %d after a damaged file", got)
	}
	if err := conn.Bind("cn=admin,o=utdata", testPassword); err != nil {
		t.Errorf("the connection from before: %v", err)
	}
	conn.Close()
	p.stop(t)
}

func TestCertificateThatIsNotConfiguredIsNotReadAgain(t *testing.T) {
	root := configure(t, "7012")
	p := startDaemon(t, "-R", root, "-H", anyPort, "-metrics", "off")
	p.await(t, "listening on ldapi://")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the signature and the password
		p.await(t, " has been read again")
	}
	p.stop(t)
	if strings.Contains(p.text(), "certificate has been") {
		t.Error(p.text())
	}
}
