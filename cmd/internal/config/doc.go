// Package config is the configuration file of utdsd: one commented TOML file
// that shows every key with its default. Reading is strict: a key that is
// unknown, twice or of the wrong type is an error with its line number, as is
// a value out of its range.
//
// It is not for the files of the administration tools (cmd/internal/site) and
// does not act on what it reads: no listener, no certificate, no store.
package config
