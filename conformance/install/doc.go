// Package install tests how the programs come onto a machine, and how a server
// is set up, started and stopped there: make install, the Debian package, the
// init script and the systemd unit, utconfig, utstart, utstop and utrestart. Each
// machine is a copy of the one that runs the test whose changes are forgotten.
//
// It is NOT about what the server answers, beyond that it does. Making a machine
// needs root.
package install
