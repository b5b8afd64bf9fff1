// Package password checks and makes the values of userPassword: clear text,
// or a scheme in braces and what that scheme stores (RFC 3112 describes the
// idea, OpenLDAP's slapd the forms).
//
// It knows no entries, no access rules and no protocol: whoever calls it has
// found the stored value already and decides what a "no" means. It is not for
// the group signature, which is a shared secret and not a password.
package password
