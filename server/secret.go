package server

import (
	"bytes"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/password"
)

// hashPasswords replaces the clear passwords that a change brings by hashes:
// nothing that reads the store, its log or its replicas learns a password.
// Values to be deleted stay as they are.
func (s *Server) hashPasswords(change *schema.Change) error {
	if !s.HashClear {
		return nil
	}
	for i := range change.Attributes {
		a := &change.Attributes[i]
		if err := s.hashValues(a.Attr, a.Values); err != nil {
			return err
		}
	}
	for i := range change.Mods {
		m := &change.Mods[i]
		if m.Op == schema.ModDelete {
			continue
		}
		if err := s.hashValues(m.Attr, m.Values); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) hashValues(attr string, values [][]byte) error {
	d, err := s.Schema.ParseDescription([]byte(attr))
	if err != nil || d.Type == nil || d.Type != s.Schema.UserPassword {
		return nil // what is wrong with it, the store tells
	}
	for i, v := range values {
		if len(v) == 0 || hasScheme(v) {
			continue
		}
		if values[i], err = password.Hash(s.PasswordScheme, v); err != nil {
			return err
		}
	}
	return nil
}

// hasScheme tells whether a value of userPassword names how it is stored, as
// in "{SSHA}..." (RFC 3112 has the idea, OpenLDAP the form). It is then taken
// as it is, be the scheme known or not: it may come from another server.
func hasScheme(value []byte) bool {
	return value[0] == '{' && bytes.IndexByte(value, '}') > 0
}
