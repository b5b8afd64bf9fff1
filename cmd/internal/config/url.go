// url.go: the URLs that utdsd listens on, as slapd's -h takes them.

package config

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// The schemes of a URL.
const (
	SchemeLDAP  = "ldap"
	SchemeLDAPS = "ldaps"
	SchemeLDAPI = "ldapi"
)

// Ports of URLs that name none: the data store's own for ldap.
const (
	portLDAP  = 7012
	portLDAPS = 636
)

// URL is one address to listen on.
type URL struct {
	Scheme  string
	Address string // host:port; for ldapi a path, "" for the one beside the store
}

// String writes the URL in its full form.
func (u URL) String() string {
	if u.Scheme == SchemeLDAPI {
		return "ldapi://" + url.PathEscape(u.Address)
	}
	return u.Scheme + "://" + u.Address
}

// ParseURL reads ldap://HOST:PORT, ldaps://HOST:PORT or ldapi://PATH, in which
// an empty host is every address, a missing port the usual one, and the path
// is written with %2F for "/" and may be left out.
func ParseURL(text string) (URL, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return URL{}, fmt.Errorf("%q is not a URL (as ldap://:7012)", text)
	}
	rest = strings.TrimSuffix(rest, "/")
	u := URL{Scheme: strings.ToLower(scheme)}
	port := portLDAP
	switch u.Scheme {
	case SchemeLDAPI:
		path, err := url.PathUnescape(rest)
		if err != nil || path != "" && !strings.HasPrefix(path, "/") {
			return URL{}, fmt.Errorf("%q does not name a socket (as ldapi://%%2Fvar%%2Frun%%2Fldapi)", text)
		}
		u.Address = path
		return u, nil
	case SchemeLDAPS:
		port = portLDAPS
	case SchemeLDAP:
	default:
		return URL{}, fmt.Errorf("%q is not an ldap, ldaps or ldapi URL", text)
	}
	if strings.ContainsAny(rest, "/?#@ ") {
		return URL{}, fmt.Errorf("%q has more than host and port", text)
	}
	host, name, err := net.SplitHostPort(rest)
	if err != nil { // no port; an IPv6 address keeps its brackets until here
		host, name = strings.TrimSuffix(strings.TrimPrefix(rest, "["), "]"), strconv.Itoa(port)
	}
	if n, err := strconv.Atoi(name); err != nil || n < 0 || n > 65535 {
		return URL{}, fmt.Errorf("%q names no port (0 to 65535)", text)
	}
	u.Address = net.JoinHostPort(host, name)
	return u, nil
}
