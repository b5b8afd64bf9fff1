// doc.go: what the package is, and the format of its check files.

// Package clients judges the server with LDAP clients that others wrote: the
// command line tools of OpenLDAP (Debian's ldap-utils) driven by the check
// files in testdata/checks, and python-ldap driven by testdata/session.py.
// That runs against the project's own server and against slapd 2.5, so that
// the suite itself is proven by an independent implementation. Clients that
// follow referrals (python-ldap, libldap, Perl's Net::LDAP, Java's JNDI) run
// testdata/referral.* against a secondary of ours, and one that is told of
// changes runs testdata/watch.py.
//
// It is NOT for hostile input (real clients cannot send it), replication,
// faults or speed, and it holds no Go LDAP client.
//
// # Check files
//
// A file is a story about one topic, told on a subtree of its own, and runs
// from top to bottom. Expected values come from the RFC named beside them.
//
//	# comment
//	data                  LDIF up to "end", added as the administrator before
//	end                   the first check, below ${base} = ou=FILE,o=utdata
//
//	check NAME            starts a check: one sentence
//	only ours: WHY        the whole check is for one server (also: only slapd)
//	$ COMMAND             a tool and its arguments, quoted as in a shell
//	< TEXT                a line of its standard input
//	= CODE                its exit status, which is the LDAP result code
//	> TEXT                a line of standard output, exactly
//	~ REGEXP              a line of standard output, by a whole-line pattern
//	empty                 standard output is empty
//	ordered               the entries come in this order
//	? REGEXP              some line of either output contains it
//	! REGEXP              no line of either output contains it
//	save NAME REGEXP      keeps the first group as ${NAME} for later lines
//	[slapd] WHY           what follows replaces the expectation for this
//	                      server (also: [ours]): a deliberate difference
//
// Order of entries, of attributes and of values means nothing in LDAP, so
// outputs are compared as sets of entries and entries as sets of lines;
// base64 that holds readable text is decoded first. Every tool gets -x and -H
// unless it has them, ldapsearch also -LLL, no wrapping and -b ${base}.
// The word @admin stands for -D and -w of the root DN, @utadmin for those of
// the second identity.
package clients
