// Package backend keeps the directory tree in one bbolt file and answers
// searches and changes on it. This comment is the definition of the file
// format, version 1.
//
// The package is not for protocol (it neither reads nor writes LDAP messages),
// not for access rules, and not for deciding about replication: it hands out
// states, changelog and position, takes batches and whole contents, and leaves
// to others from whom and when.
//
// # Files
//
//	PATH                the store
//	PATH.previous       what was there before the last load or refresh: a store, or
//	                    the file of the original data store
//	PATH.ballast        no content: room on the disk, see Options.Ballast
//	PATH.load           a store that is being built by a load or refresh, until it
//	                    is renamed to PATH; PATH.load.meta is a part of it
//	PATH.previous.new   for a moment, before it is renamed to PATH.previous
//	PATH.new            a store that is being set up, until it is renamed to PATH
//	.load-*             sorted runs of a load or refresh, whose names are removed as
//	                    soon as they are open
//
// The first two are whole at any time, whatever crashes; the others are worth
// nothing without the process that writes them. The next load or refresh removes
// what it finds of them, the next setup a PATH.new. What is made here is readable
// by its owner alone. On a file system without hard links there is no
// PATH.previous.new, and PATH is missing for the moment between two renames.
//
// Whoever has a store open holds a lock (flock) on its file, shared if only for
// reading. A load holds one on the file that it replaces and, as a refresh does,
// one on the folder.
//
// # Values
//
// The file is a bbolt database. Every value in every bucket ends in four bytes,
// the CRC-32C (Castagnoli, big-endian) of
//
//	bucket name, 0x00, key, value without these four bytes
//
// because bbolt has no checksums of its own. It is checked on each read; below,
// the checksum is not mentioned again. All numbers are big-endian.
//
// That a key is absent cannot carry a checksum. It is believed only if the two
// keys around the gap are in order and have good checksums, which finds any
// single damaged key. Damage to the pages that bbolt keeps the keys in is found
// by walking the page tree and comparing the number of keys of each bucket with
// the counters of the state: before the first key of a bucket is believed to be
// absent, and all of it before the first change.
//
// # Commits
//
// bbolt has two meta pages, which commits write in turn. It flushes the pages of a
// commit before it writes the meta page; here both are flushed together, and the
// meta page of the server's commits has a proof at byte 128:
//
//	offset  bytes
//	     0      4  0x75745052
//	     4      1  kind: 1 pages are listed; 2 all else was flushed before the
//	               proof was written; 3 the same, and the store was closed
//	     5      8  number of the commit, as in the meta page
//	    13      4  pages that it has written
//	    17      4  CRC-32C of these pages, in the order of the list
//	    21      4  count of the list
//	    25         numbers of pages, 4 bytes each; one with overflow is listed once
//	            4  CRC-32C of the first 80 bytes of the meta page and of the proof
//
// A commit was cut short if its proof does not hold, or if it has none and the one
// before it has a proof of kind 1 or 2. It is as if it had never been: the one before
// it is valid, and nothing that belongs to that one was written over. Nobody was
// told of it. Whoever opens the file in order to serve or check it takes it back, by
// zeros in the place of its meta page; a dump reads past it. Whoever opens it in
// order to change it gives the last commit a proof of kind 3 first. So must another
// program that knows nothing of proofs have a store that was closed in order.
//
// What the disk has damaged in the pages of the last commit of a store that was not
// closed in order cannot be told from a commit that was cut short.
//
// # Free pages
//
// bbolt's list of free pages is in the file if nothing was written since the
// store was closed in order, or made; the first change takes it away. Without it
// bbolt reads all pages when it opens the file, so they are walked before that.
// The meta page that names the list has a checksum and is written after it. The
// list itself has none: that its numbers ascend is seen when the file is opened,
// that no page is both in use and free before the first change.
//
// # Buckets
//
//	meta
//	  "format"   1 byte: version of the format, 1
//	  "store"    16 bytes: UUID of this store
//	  "suffix"   text: the name of the topmost entry
//	  "schema"   fingerprint of the definitions by which names were normalised
//	  "epochs"   JSON list of {id, kind, from}, oldest first; the last one is in
//	             force, from is the position at which it left the one before
//	  "following" 1 byte, whom the store follows: 0 nobody, 1 a server of this
//	             kind, whose epochs and numbers it has, 2 one of another make
//	  "cookie"   text: where the server of another make is (RFC 4533 2.1.2)
//	  "fresh"    8 bytes: number of the last change that the setup made
//	  "indexes"  JSON list of {name, mark}, one for each index bucket that is
//	             complete; the mark changes with how values are normalised and listed
//	  "state"    see below
//	id2entry     id (8 bytes) -> record
//	dn2id        key of the name -> id (8 bytes), kind (1 byte)
//	uuid2id      UUID (16 bytes) -> id (8 bytes)
//	eq/NAME      form, 0x00, id (8 bytes) -> further ids
//	sub/NAME     gram, 0x00, id (8 bytes) -> further ids
//	changelog    number (8 bytes) -> change
//
// "following", "cookie" and "fresh" may be absent, which is 0 and empty. The
// position of a state is the id of the last epoch with number and hash of the
// state. The values of meta change in the same transaction as what they tell of.
//
// Ids count from 1 and are never used twice. The key of a name has its
// normalised RDNs from the root down with 0x00 between them (schema package),
// so a subtree is one range of keys, parents first. The kind has bit 0 set for
// a referral and bit 1 for an alias.
//
// # Record
//
//	offset  bytes
//	     0      1  version, 1
//	     1      1  kind, as in dn2id
//	     2     16  entryUUID
//	    18      4  length of the key
//	    22      4  length of the name
//	    26      4  length of the user attributes
//	    30      4  length of the operational attributes
//	    34         key; name as typed; user attributes; operational attributes
//
// Attributes are BER PartialAttributes (RFC 4511 4.1.7), one behind the other,
// in the very form in which a search result carries them.
//
// # Indexes
//
// An equality index lists the normal form of each value of the attribute type
// and its subtypes by the type's equality rule; of an object class also the
// forms of its superclasses. A form above 512 bytes is cut to its first 480
// bytes and the SHA-256 of the whole. A substring index lists every four bytes
// that follow each other in the normal form by the substrings rule, and the last
// three: so three bytes of it always begin a gram. An index only proposes entries:
// each one is read and matched.
//
// The id in a key is the first of up to 128 that it lists. The value has the others
// in ascending order, each as its difference from the one before it: seven bits in
// a byte, the lowest first, all bytes but the last with bit 7 set. The next key of
// the same form begins behind the last of them.
//
// # State
//
//	offset  bytes
//	     0      1  version, 2
//	     1      8  number of the last change
//	     9     16  state hash
//	    25      8  next id
//	    33      8  entries
//	    41      8  entries that are referrals
//	    49      8  entries that are aliases
//	    57      8  number of the first change still in the changelog
//	    65      8  time of the last CSN, microseconds since 1970
//	    73      4  count of the last CSN
//	    77      1  1 if the next is known, else 0
//	    78     16  state hash before the first change still in the changelog
//	    94  8 each  keys in each index, in the order of "indexes"
//
// Version 1 of a state is the same without the bytes 77 to 93.
//
// The state hash is the sum of the hashes of all entries, as two unsigned
// 64-bit numbers that wrap. The hash of an entry is the first 16 bytes of the
// SHA-256 of its UUID and, each preceded by its length in 4 bytes, its name,
// user attributes and operational attributes.
//
// # Change
//
//	offset  bytes
//	     0      1  version, 1
//	     1      1  kind: 1 add, 2 delete, 3 modify, 4 modify DN
//	     2      1  bit 0: the old RDN was deleted; bit 1: there is a new superior
//	     3      8  time, microseconds since 1970
//	    11     16  entryUUID
//	    27     16  state hash after the change
//	    43         each preceded by its length in 4 bytes: CSN; name before the
//	               change; new RDN; new superior; new name (the last three only
//	               of a modify DN, else empty); the change as LDIF
//
// Numbers are dense: the changelog has each one from the first that is left to
// that of the state. In a store that follows a server of this kind they are that
// server's records, byte for byte. The LDIF is what follows the changetype line of a change
// record, with the operational attributes that the change has set.
package backend
