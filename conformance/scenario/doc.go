// doc.go: what the package is, and the language of its stories.

// Package scenario tells stories of a failover group and holds the built
// programs to them. A story is a text file in testdata: comments that tell what
// happens and why, commands that do it, and below each command what it prints.
//
//	# A primary with two secondaries.
//	server a b c
//	----
//	ok
//
// Lines up to ---- are the command and its input, lines after it up to a blank
// one what is printed; output that has blank lines itself is between two pairs
// of ----. Names of servers stand for host:port, in commands and in what is
// printed; positions, times, UUIDs and the like are masked. Nothing waits by
// the clock: wait looks for a state and fails the story, with the state of all
// servers, if it does not come in time. `go test -rewrite` writes what the
// programs print now into the files, for a person to read in the difference.
//
// The commands:
//
//	server NAME...              configures servers with utconfig; -foreign in front
//	                            gives them another group signature
//	config NAME TABLE KEY VALUE changes the configuration file
//	start, stop, kill NAME...   utdsd; kill is kill -9
//	lose NAME...                the machine is lost and another one of that name set up
//	utreplica, utuser NAME ARG...   the programs
//	search NAME ARG...          ldapsearch, anonymously; admin after the name binds
//	modify NAME ARG...          ldapmodify of the input as the administrator
//	password NAME DN            ldappasswd as the administrator
//	write NAME N                N changes of all kinds, with ldapmodify
//	apply NAME NAME PATTERN     ldapmodify, on the first, of a file beside the other's store
//	wait NAME... level PRIMARY  until they are at the primary's position
//	wait NAME... outcome WORD   until the last meeting with the primary came to that
//	wait NAME... error TEXT     until that is why there is no connection to the primary
//	wait NAME... fenced         until it knows that the group has gone on without it
//	wait NAME... meetings N     until it has met its primary N more times
//	wait NAME sees NAME...      until a primary knows that these have everything
//	wait NAME metric NAME N     until a metric is at least N
//	metric NAME METRIC          a value of the metrics
//	log NAME TEXT               the first line of the log with this text, when it comes
//	reader NAME start|stop      reads all the time, and how that went
//	same NAME NAME...           dumps and state hashes are equal
//	dump NAME > FILE            utldbmcat
//	load NAME < FILE            utldif2ldbm -c; - is the input
//	files NAME                  what is in the folder of the store
//	show NAME PATTERN           a file of that folder
//	check NAME...               utdsd -check, of servers that are stopped
//
// It is NOT for faults at random moments (conformance/faults), and not for
// servers of another make.
package scenario
