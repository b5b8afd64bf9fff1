// Package site knows the place of an installation: where below a root the
// files of the Sun Ray data store are, how secrets are written, what the
// administration tools find in utadmin.conf, and which entries a new store
// begins with.
//
// It is not for the server's configuration file (cmd/internal/config), opens
// no store and talks to no server.
package site
