// Package tools drives the administration tools (utuser, utdesktop, utadminuser,
// utpolicy, utkiosk, utpw, utgroupsig) from outside: what they print, to the byte;
// files of many lines; secondaries, primaries that are gone and servers that lie;
// passwords on a terminal; and the pages of every program.
//
// It is not for what a program has inside, and knows the store only by what the
// tools and LDAP clients see of it.
package tools
