// doc.go: what the package is for.

// Package procedures holds the three recovery procedures of the administrator's
// guide to what they promise. The scripts in testdata have the commands as the
// guide has them, paths included; README tells the very same ones. Three machines
// run them: each has a network address, a host name, processes and the folders
// /opt, /etc/opt, /var/opt and /tmp of its own, and can lose its power, its disk
// and its network. Clients read and write meanwhile and notice what they should
// not.
//
// It is NOT about single programs (conformance/tools, conformance/flow) nor about
// faults at moments that no procedure has (conformance/faults, conformance/scenario).
// Making a machine needs root.
package procedures
