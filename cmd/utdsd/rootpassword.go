package main

import (
	"sync/atomic"

	"github.com/sunray-ds/utdsd/cmd/internal/config"
)

// rootPassword is the hash of the administrator's password, read again when the
// server is told to.
type rootPassword struct {
	file string // the configuration
	hash atomic.Pointer[string]
}

func newRootPassword(file, hash string) *rootPassword {
	r := &rootPassword{file: file}
	r.hash.Store(&hash)
	return r
}

func (r *rootPassword) get() string { return *r.hash.Load() }

// reload reads the configuration. Nothing else of it is taken before the next
// start.
func (r *rootPassword) reload() error {
	c, err := config.Load(r.file)
	if err != nil {
		return err
	}
	r.hash.Store(&c.Admin.Password)
	return nil
}
