// Package replica is one-way replication by changelog: what a member of a
// failover group is (Role, Group), what two members that meet do with each other
// (Decide), the side that gives (Provider) and the side that takes (Consumer).
//
// It opens no store and no file of the store, listens on no port, and speaks no
// LDAP operation but those of replication. Which server is the primary is said
// by an administrator and decided by nobody here.
//
// # Protocol
//
// On the wire it is RFC 4533, content synchronization. A member of the group is
// sent, besides, what makes a copy exact to the last byte: entries as they are
// stored, the changelog's own records, and positions.
//
// A position (schema.Position) names one state: epoch, change number, state
// hash. A provider never streams while the data changes under it. It holds one
// committed state, at position P; reads in the changelog which entries changed
// since the position it sent last; sends these entries as they are at P; then
// the records; then P. The member makes of that one transaction, and commits it
// only if its state then has the hash of P. So a member is always at a position
// at which its provider was, and two stores that have diverged are found out at
// the first contact and never papered over.
//
// # A member's session
//
// The member binds by SASL SCRAM-SHA-256 as "group", with the group signature as
// the secret: each side proves that it has it. It searches the whole suffix,
// subtree, (objectClass=*), all attributes, with two controls: Sync Request,
// mode refreshAndPersist and no cookie, and OIDMember:
//
//	{"host":"sec1","port":"7012","version":1,"position":"EPOCH.SEQ.HASH",
//	 "epochs":[{"id":"…","kind":"initial"},{"id":"…","kind":"promoted","from":"EPOCH.SEQ.HASH"}],
//	 "fresh":false,"adopt":false,"refresh":false}
//
// fresh tells that it has no data that could be lost, adopt that its
// administrator wants it to become equal to this provider whatever it has, and
// refresh that it wants the whole state, because a batch did not come out right.
//
// The provider's messages are, in this order:
//
//	OIDOutcome     always first, and from then on the member knows what comes:
//	               {"outcome":"stream","reason":"one sentence","position":"…",
//	                "epochs":[…],"entries":N,"csn":"contextCSN"}
//	  after the outcomes refresh and diverged:
//	entries        all of them, with Sync State add, in no order that counts
//	OIDEnd         the position, which is that of OIDOutcome
//	  after stream at once, after the others when something changes, again and
//	  again, a batch:
//	entries        that changed, with Sync State add or modify, each once
//	Sync Info      syncIdSet with refreshDeletes: UUIDs of deleted entries, at
//	               most 1,000 in a message
//	OIDRecords     SEQUENCE { first INTEGER, SEQUENCE OF OCTET STRING }: the
//	               changelog from the last position on, without a gap, in
//	               messages of about 256 KiB
//	OIDEnd         the position
//	  and once a second while there is nothing to tell:
//	OIDHeartbeat   {"position":"…","time":microseconds since 1970}
//
// Each entry has the control OIDMember, which tells how many bytes of its
// attributes are user attributes: the operational ones follow them, and both
// are the bytes of the provider's store.
//
// Of a renamed subtree only the topmost entry is in a batch. What is below it
// moves with it, unless it is listed itself. A batch is right whatever the order
// in which its parts are looked at: who is listed has the name that is told, who
// is deleted is gone, and all others keep their superior. A batch may have no
// entries and no records at all: then only the epoch is another.
//
// After every other outcome (Outcome says what they mean) the provider ends the
// search, and the member comes back later. It also ends the search, with busy,
// when this session cannot go on and the next one can: its own data was
// replaced, it began another epoch, its log was trimmed beyond the member, or
// more has changed than is sent as changes (100,000 changes, 64 MiB of records),
// which makes the next outcome a refresh.
//
// When a batch or a refresh is durable, the member says so on the same
// connection by the extended operation OIDConfirm, {"host","port","position"}.
// A primary keeps the changelog until every configured member has confirmed.
//
// # Other consumers
//
// Any client may synchronize any search that it may make, by polls or
// persistently: an OpenLDAP slapd with syncrepl, for one. A cookie is
//
//	rid=001,csn=20261122184228.123456Z#000000#000#000000,pos=EPOCH.SEQ.HASH
//
// The fields rid and csn are OpenLDAP's, whose slapd keeps and sends those
// alone; pos is ours and finds out what a csn cannot tell, such as a store that
// was restored from an edited dump.
//
// If the changelog goes back to the cookie, the refresh stage is a delete phase:
// deleted entries as syncIdSet, changed ones as they are now. Otherwise
// everything is sent as in a present phase: what is not mentioned is no more. A
// poll without reloadHint is then answered by e-syncRefreshRequired, and so is a
// persistent session that cannot go on. In the persist stage a deleted entry is
// a message of its own, and each batch ends with a new cookie.
//
// What leaves the content of a search is told as deleted, what comes into it as
// added; the entries below a renamed one are told of, each by itself. Changes
// come in an order in which they can be made one by one (provider_order.go says
// where there is none).
//
// Referral entries and aliases are entries like others (the ManageDsaIT of RFC
// 4533 5.1 is taken as given). OpenLDAP's consumer takes no entry whose entryCSN
// is not newer than its cookie, whoever the provider is. So where its search is
// for a part of the tree, it does not see what comes into that by the rename of
// a superior, and it has to start anew when its provider was restored to an
// earlier state.
//
// A persistent search (draft-ietf-ldapext-psearch-03) is served from the same
// log; provider_watch.go has what is particular about it.
package replica
