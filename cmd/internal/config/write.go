// write.go: the file as utconfig writes it.

package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Written are the values that a new file sets; everything else stands in it
// as a comment with its default.
type Written struct {
	Listen        []string
	AdminDN       string
	AdminPassword string // hashed
	Writers       []string
}

// Text is the commented file.
func (w Written) Text() string {
	return fmt.Sprintf(template, list(w.Listen), list(w.Writers), strconv.Quote(w.AdminDN), strconv.Quote(w.AdminPassword))
}

// list writes a TOML array. The values are URLs and DNs without control
// characters, for which Go's quoting is that of TOML.
func list(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = strconv.Quote(v)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

const template = `# utdsd.toml: configuration of the Sun Ray data store.
#
# A line "#key = value" shows a key with its default. To change it remove the #,
# also the one in front of its [table], and restart utdsd. Unknown keys are
# errors. Relative paths count from the folder of this file. Times have a unit:
# "500ms", "30s", "5m", "1h". Sizes are bytes.

# What to listen on: ldap://HOST:PORT, ldaps://HOST:PORT (with [tls]), and
# ldapi:// for the local socket beside the store. No host is every address.
# The option -H of utdsd overrides it.
listen = %s

# Metrics, health and readiness over HTTP; "" turns them off. Profiles are
# served too when the address is a loopback address.
#metrics = "127.0.0.1:9712"

# The topmost entry.
#suffix = "o=utdata"

# Entries that may write, beside the administrator below.
writers = %s

# The administrator: not an entry, may read and write everything.
[admin]
dn = %s
# As a value of userPassword, hashed.
password = %s

# Certificate (chain) and key in PEM form: for ldaps and StartTLS. SIGHUP reads
# them again.
#[tls]
#certificate = ""
#key = ""

#[limits]
# Connections at once.
#connections = 16384
# Searches at once that go on for ever, but of administrators and members.
#persistent_searches = 256
# Bytes of one message before and after a bind.
#unbound_message = 262144
#bound_message = 4194304
# Operations in flight on one connection before and after a bind.
#unbound_operations = 32
#bound_operations = 128
# From the first byte of a message to its last.
#message_timeout = "30s"
# Without any message, before and after a bind.
#unbound_idle = "5m"
#bound_idle = "1h"
# A client that takes no answer for so long is cut off.
#write_timeout = "30s"
# Entries and time of a search by anyone but the administrators.
#size_limit = 500
#time_limit = "1m"
# Bytes that a sorted search may collect.
#sort_memory = 67108864
# Of one request: nesting and items of a filter, attributes a search asks for,
# values of an add or modify, controls.
#filter_depth = 64
#filter_items = 4096
#attributes_asked = 1000
#values = 10000
#controls = 16

# Attributes with an index for equality and for substrings. A new one is built
# at the next start. One for substrings (utname, cn, utusername are candidates)
# makes every write of that attribute dearer.
#[index]
#eq = ["objectClass", "utname", "uid", "cn", "uttoken", "utmac", "utserver", "utowner", "entryUUID"]
#sub = []

# Folder with further schema files (RFC 4512 text, OpenLDAP's schema files or
# LDIF of cn=schema); "" is the folder schema beside this file.
#[schema]
#dir = ""
# strict refuses adds and modifies with types and classes that no schema file
# has; tolerant takes them. What an import brings is kept in both.
#mode = "strict"

# How new passwords are stored: {SSHA512}, {SSHA256}, {SSHA}, {PBKDF2-SHA512},
# {PBKDF2-SHA256}, {ARGON2} or {CLEARTEXT}. Every old form is understood.
#[password]
#scheme = "{SSHA512}"
# Also hash the clear passwords that add and modify bring; a Password Modify
# request always does.
#hash_clear = false

# Bytes that id2entry.dbb.ballast sets aside on the disk, at most one part in 64
# of it. When the disk is full they are given up, so that entries can be deleted;
# 0 sets none aside.
#[store]
#ballast = 4194304

# The log of changes, from which secondaries come level. What is beyond either
# bound is deleted; a secondary that was away for longer gets the whole data.
#[changelog]
#keep = 1000000
#age = "720h"
# Beyond so many changes those are deleted that every configured secondary has.
#min = 100000

# How a secondary reaches its primary (utreplica -s says which one that is).
#[replication]
# TLS on the connection, and the certificates that are trusted (PEM; "" is the
# system's).
#starttls = false
#ca = ""
# To follow an OpenLDAP slapd with the overlay syncprov: log in with this name
# and the password in the first line of this file. Without them the primary is
# one of this program's, and both prove the group signature.
#binddn = ""
#password_file = ""

# debug, info, warn or error.
#[log]
#level = "info"

# Who may do what. The first rule that fits who asks (anyone, anonymous, users,
# writers, self, dn=NAME, subtree=NAME) and what for (subtree = "NAME",
# attributes = ["NAME"]; without them everything) decides: none, compare, search,
# read or write, each with those before it. What no rule fits is refused. The
# administrator may do everything. Rules written here replace these three.
#[[access]]
#who = "writers"
#right = "write"

#[[access]]
#who = "anyone"
#attributes = ["userPassword"]
#right = "none"

#[[access]]
#who = "anyone"
#right = "read"
`
