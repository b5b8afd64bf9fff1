// certificate.go: the certificate, replaced while the server runs.

package main

import (
	"crypto/tls"
	"fmt"
	"sync/atomic"
)

// certificate is a pair of PEM files and what was last read from them. A nil
// one is no TLS.
type certificate struct {
	file, key string
	current   atomic.Pointer[tls.Certificate]
}

// loadCertificate reads the files; it gives nil if none are named.
func loadCertificate(file, key string) (*certificate, error) {
	if file == "" {
		return nil, nil
	}
	c := &certificate{file: file, key: key}
	return c, c.reload()
}

// reload reads the files again. After an error the old certificate stays.
func (c *certificate) reload() error {
	pair, err := tls.LoadX509KeyPair(c.file, c.key)
	if err != nil {
		return fmt.Errorf("read the certificate %s and the key %s: %w", c.file, c.key, err)
	}
	c.current.Store(&pair)
	return nil
}

// config is for the listeners: each handshake takes the certificate of its time.
func (c *certificate) config() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.current.Load(), nil
		},
	}
}
