package schema

import (
	"net/url"
	"strings"
)

// EscapeURL makes a DN fit for the path of an LDAP URL (RFC 4516 2.1).
func EscapeURL(dn string) string { return strings.ReplaceAll(url.PathEscape(dn), "?", "%3F") }

// ReferralURL makes the URL of a referral from one value of the ref attribute
// (RFC 3296 2.1): a label behind a space goes, a URL without a name gets dn,
// and scope, unless nil, says how to go on there. ok is false for a value that
// is no LDAP URL.
func ReferralURL(ref []byte, dn string, scope *Scope) (out string, ok bool) {
	text, _, _ := strings.Cut(string(ref), " ")
	scheme, rest, found := strings.Cut(text, "://")
	if !found || !strings.HasPrefix(strings.ToLower(scheme), "ldap") {
		return "", false
	}
	host, path, _ := strings.Cut(rest, "/")
	name, _, _ := strings.Cut(path, "?")
	if name == "" {
		name = EscapeURL(dn)
	}
	out = scheme + "://" + host + "/" + name
	if scope == nil {
		return out, true
	}
	switch *scope {
	case ScopeBase:
		out += "??base"
	case ScopeOne:
		out += "??one"
	default:
		out += "??sub"
	}
	return out, true
}
