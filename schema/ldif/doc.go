// Package ldif reads and writes LDIF: the content and change records of RFC
// 2849 (with the increment of RFC 4525) and the older dialect of the Sun Ray
// data store's tools and their ancestors, in which the first line of an entry
// may be its decimal id, a line may be continued by a tab, and a changelog
// record begins with a time line.
//
// It streams: memory is one record and one read buffer, time is linear in the
// input, and every fault carries its line, the record's first line and the DN.
// The order of attributes and of values is that of the file. What is written
// is read back as what it was, or refused with the record's number.
//
// A Reader is strict and of RFC 2849 unless told otherwise: Reader.Dialect,
// Reader.OnFault and the other fields say how. AppendLine, AppendChange and
// AppendChangeRecord are for who has a buffer and needs no Writer.
//
// It is not for judging what is read: DNs are not parsed, attributes and object
// classes are not looked up, values are not checked against a syntax and a
// change is not applied. It opens no file and no URL by itself.
package ldif
