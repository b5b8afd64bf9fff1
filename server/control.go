package server

import (
	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/schema/ber"
	"github.com/sunray-ds/utdsd/server/wire"
)

// The controls that are served; the root DSE lists exactly these.
const (
	oidPaged         = "1.2.840.113556.1.4.319"  // RFC 2696
	oidSortRequest   = "1.2.840.113556.1.4.473"  // RFC 2891
	oidSortResponse  = "1.2.840.113556.1.4.474"  // RFC 2891
	oidManageDsaIT   = "2.16.840.1.113730.3.4.2" // RFC 3296
	oidAssertion     = "1.3.6.1.1.12"            // RFC 4528
	oidPreRead       = "1.3.6.1.1.13.1"          // RFC 4527
	oidPostRead      = "1.3.6.1.1.13.2"          // RFC 4527
	oidMatchedValues = "1.2.826.0.1.3344810.2.3" // RFC 3876
	oidSubentries    = "1.3.6.1.4.1.4203.1.10.1" // RFC 3672: there are no subentries here
	oidDontUseCopy   = "1.3.6.1.1.22"            // RFC 6171
	oidStartTLS      = wire.OIDStartTLS          // RFC 4511 4.14
	oidWhoAmI        = "1.3.6.1.4.1.4203.1.11.3" // RFC 4532
	oidPassword      = "1.3.6.1.4.1.4203.1.11.1" // RFC 3062
	oidCancel        = wire.OIDCancel            // RFC 3909
	featAllOp        = "1.3.6.1.4.1.4203.1.5.1"  // RFC 3673: "+"
	featClassAttrs   = "1.3.6.1.4.1.4203.1.5.2"  // RFC 4529: "@class"
	featTrueFalse    = "1.3.6.1.4.1.4203.1.5.3"  // RFC 4526: (&) and (|)
	featLangTag      = "1.3.6.1.4.1.4203.1.5.4"  // RFC 3866
	featLangRange    = "1.3.6.1.4.1.4203.1.5.5"  // RFC 3866
	featIncrement    = "1.3.6.1.1.14"            // RFC 4525
)

// controls is what the controls of one request ask for.
type controls struct {
	manageDsaIT     bool
	paged           bool
	pagedSize       int32
	pagedCookie     []byte
	sort            []byte // value of the sort request
	sorted          bool
	sortCritical    bool
	assertion       []byte
	asserted        bool
	preRead         []byte
	wantPre         bool
	postRead        []byte
	wantPost        bool
	matched         []byte
	matchedOnly     bool
	noCopy          bool
	subentries      bool // nothing but subentries
	aboutSubentries bool

	sync         []byte // value of the Sync Request
	synced       bool
	syncCritical bool // of that or of the Persistent Search
	watch        []byte
	watched      bool
	member       []byte
	isMember     bool
}

// operations in which a control has a meaning.
type operations uint16

const (
	inSearch operations = 1 << iota
	inAdd
	inDelete
	inModify
	inModifyDN
	inCompare
	inBind
	inExtended
	inSync // a search, where synchronization is offered
)

const inUpdate = inAdd | inDelete | inModify | inModifyDN

// controlUse is the table of RFC 4511 4.1.11: which control may come with what.
func controlUse(oid []byte) operations {
	switch string(oid) {
	case oidPaged, oidSortRequest, oidMatchedValues, oidSubentries:
		return inSearch
	case oidAssertion:
		return inSearch | inUpdate | inCompare
	case oidManageDsaIT:
		return inSearch | inUpdate | inCompare
	case oidPreRead:
		return inDelete | inModify | inModifyDN
	case oidPostRead:
		return inAdd | inModify | inModifyDN
	case oidDontUseCopy:
		return inSearch | inCompare
	case wire.OIDSyncRequest, wire.OIDPersistentSearch, wire.OIDMember:
		return inSync
	}
	return 0
}

// readControls looks at the controls of the message at hand. Unknown or
// misplaced ones are an error if critical and else ignored.
func (c *conn) readControls(in operations) (controls, error) {
	var out controls
	for i := range c.msg.Controls {
		k := &c.msg.Controls[i]
		if controlUse(k.OID)&in == 0 {
			if k.Critical {
				return out, schema.Refuse(schema.UnavailableCriticalExtension, "critical extension is not recognized")
			}
			continue
		}
		if err := out.add(k); err != nil {
			return out, err
		}
	}
	return out, nil
}

// add takes one control of a known kind; the same one twice is an error, as no
// RFC says what it would mean.
func (o *controls) add(k *wire.Control) error {
	twice := false
	set := func(flag *bool) { twice, *flag = *flag, true }
	wantValue := true
	switch string(k.OID) {
	case oidManageDsaIT:
		set(&o.manageDsaIT)
		wantValue = false
	case oidDontUseCopy:
		set(&o.noCopy)
		wantValue = false
	case oidSubentries:
		only, _, err := ber.Expect(k.Value, ber.TagBoolean)
		if err != nil || len(only) != 1 {
			return badControl("subentries")
		}
		set(&o.aboutSubentries)
		o.subentries = only[0] != 0
	case oidPaged:
		set(&o.paged)
		var p wire.PagedResults
		if err := p.Decode(k.Value); err != nil {
			return badControl("paged results")
		}
		o.pagedSize, o.pagedCookie = p.Size, p.Cookie
	case oidSortRequest:
		set(&o.sorted)
		o.sort, o.sortCritical = k.Value, k.Critical
	case oidAssertion:
		set(&o.asserted)
		o.assertion = k.Value
	case oidPreRead:
		set(&o.wantPre)
		o.preRead = k.Value
	case oidPostRead:
		set(&o.wantPost)
		o.postRead = k.Value
	case oidMatchedValues:
		set(&o.matchedOnly)
		o.matched = k.Value
	case wire.OIDSyncRequest:
		set(&o.synced)
		o.sync, o.syncCritical = k.Value, k.Critical
	case wire.OIDPersistentSearch:
		set(&o.watched)
		o.watch, o.syncCritical = k.Value, k.Critical
	case wire.OIDMember:
		set(&o.isMember)
		o.member = k.Value
	}
	if twice {
		return schema.Refuse(schema.ProtocolError, "a control is given twice")
	}
	if wantValue != k.HasValue {
		return schema.Refuse(schema.ProtocolError, "a control has a value that it must not have, or lacks one")
	}
	return nil
}

func badControl(name string) *schema.Result {
	return schema.Refuse(schema.ProtocolError, "the value of the "+name+" control is malformed")
}

// assertionFilter decodes and resolves the filter of an assertion control, which
// is about the entry with the given key.
func (c *conn) assertionFilter(value, key []byte) (*schema.Filter, error) {
	f := new(schema.Filter)
	if err := wire.DecodeFilter(f, value); err != nil {
		return nil, badControl("assertion")
	}
	f.Resolve(c.srv.Schema, func(t *schema.AttributeType) bool {
		return c.session.rights.least(key, t) < RightSearch
	})
	c.session.rights.restrict(f)
	return f, nil
}
