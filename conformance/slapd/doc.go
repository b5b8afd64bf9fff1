// Package slapd holds the black-box tests of replication with OpenLDAP's slapd:
// it follows our server, and our server follows it.
//
// It is not for members of a failover group of our own, and knows nothing of
// the server's insides.
package slapd
