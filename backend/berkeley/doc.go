// Package berkeley reads the entries out of an old id2entry.dbb: a btree file
// of Berkeley DB, in which the Sun Ray data store kept its entries before this
// server took over. It takes what any of the library's generations wrote (1.85,
// and 2.x to 6.x), on machines of either byte order and of 32 or 64 bits, and
// it goes on past damage where the caller wants that.
//
// It is not for writing, not for looking up single keys, not for a file that
// another process has open for writing (it takes no locks), and it does not
// read transaction logs: what was only in a log is not seen. It knows nothing
// of LDIF beyond the id line; package schema/ldif reads the text.
//
// # What the store put into the file
//
// Key: the entry id as an unsigned long of the machine, 4 or 8 bytes. Data: the
// id in decimal and a line feed, then the lines of the entry in LDIF, then one
// NUL. The id is there twice, and the two are compared.
//
// # Pages
//
// A file is a row of pages of one size; a page is known by its number, and the
// first, number 0, describes the file. All numbers are in the byte order that
// the magic number shows. Tree pages are internal pages, which point to pages
// below, or leaf pages, which hold key and data in key order. What is too long
// for a leaf lies in a chain of overflow pages. Offsets on a page count from
// its first byte. The table of offsets grows from the header upwards, what it
// points to from the end of the page downwards.
//
// # Generation 1.85
//
//	page 0    0 u32 magic 0x00053162     4 u32 version 3     8 u32 page size
//	         12 u32 first free page     16 u32 records      20 u32 flags (0x80 recno)
//	page      0 u32 page number          4 u32 previous      8 u32 next
//	         12 u32 flags: 1 internal, 2 leaf, 4 overflow, 8 and 16 recno,
//	                       0x20 kept (a chain that an internal page uses too)
//	         16 u16 end of the table    18 u16 begin of the items
//	         20 u16 offsets
//	internal  0 u32 key size             4 u32 page below    8 u8 flags   9 key
//	leaf      0 u32 key size             4 u32 data size     8 u8 flags   9 key, data
//
// The root is page 1. A leaf item is key and data in one. Flag 1 says that the
// data, flag 2 that the key is a chain; 8 bytes stand in its place: u32 first
// page, u32 size. An overflow page is full but for the last of a chain. The
// page size is any even number.
//
// # Generation 2.x to 6.x
//
//	page 0   12 u32 magic 0x00053162    16 u32 version      20 u32 page size
//	version 6 (2.x)        36 u32 flags, root is page 1
//	version 7 (3.0)        32 u32 flags, 72 u32 root
//	version 8 (3.1 on)     48 u32 flags, 88 u32 root
//	version 9, 10 (4.1 on) as 8; 24 u8 cipher, 26 u8 flags (1 checksums,
//	                       2 and 4 partitions), 492 u32 checksum
//	page      0 u64 log position         8 u32 page number  12 u32 previous
//	         16 u32 next                20 u16 items        22 u16 begin of the items
//	         24 u8 level (leaf 1)       25 u8 type: 0 free, 3 internal, 5 leaf,
//	                                       7 overflow, 12 duplicates
//	         26 u16 offsets, or 28 u32 checksum and offsets from 32
//	internal  0 u16 key size  2 u8 type  4 u32 page below    8 u32 records  12 key
//	item      0 u16 size      2 u8 type  3 bytes                   (type 1)
//	chain                     2 u8 type  4 u32 first page    8 u32 size      (type 3)
//
// The flags of page 0: 2 recno, 0x20 several databases, 0x80 compressed. In a
// leaf, key and data are items of their own, in turn. 0x80 in the type of an
// item says that it was deleted and only its place was not yet freed. Type 2 is
// a tree of duplicates, type 4 (6.x) a file of its own: an id2entry has neither.
// An overflow page has the number of its bytes in the field at 22. The checksum
// is over the whole page (page 0: over 512 bytes) with zeros in its own place:
// h = 33*h + byte.
package berkeley
