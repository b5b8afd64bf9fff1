// Package schema has the nouns that every other package shares: names (DN,
// attribute description), definitions (attribute type, object class, matching
// rule, syntax), the entry in its two forms (Entry to change, View to read),
// filters, changes, positions and results.
//
// It knows neither sockets nor files nor transactions: everything here is a
// value or a pure function over values, and a Schema never changes once made.
package schema
