package server

import (
	"bytes"
	"maps"
	"slices"
	"strconv"

	"github.com/sunray-ds/utdsd/schema"
	"github.com/sunray-ds/utdsd/server/wire"
)

// fixedEntries are the entries that are in no store: the subschema (RFC 4512
// 4.2) and the root DSE (5.1), the latter by whether it is asked for on the local
// socket and whether members of the group can bind.
type fixedEntries struct {
	subschemaKey []byte
	subschema    *schema.View
	dse          [2][2]*schema.View
}

// rootView is memory for the root DSE with what changes while the server runs.
type rootView struct {
	view        schema.View
	operational []byte
}

// virtualView finds a virtual entry by its key; nil if it is none. What it gives
// is good until the next request.
func (c *conn) virtualView(key []byte) *schema.View {
	switch {
	case len(key) == 0:
		return c.rootDSE()
	case bytes.Equal(c.srv.fixed.subschemaKey, key):
		return c.srv.fixed.subschema
	}
	return nil
}

// rootDSE is the root DSE for this client as of now.
func (c *conn) rootDSE() *schema.View {
	local, group := 0, 0
	if c.session.peer.local {
		local = 1
	}
	if c.srv.signature() != "" {
		group = 1
	}
	v := c.srv.fixed.dse[local][group]
	if c.srv.Changes == nil {
		return v
	}
	first, last := c.srv.Changes.Range()
	d := &c.dse
	d.view = *v
	d.operational = append(d.operational[:0], v.Operational...)
	d.operational = appendNumber(d.operational, "firstChangeNumber", first)
	d.operational = appendNumber(d.operational, "lastChangeNumber", last)
	d.view.Operational = d.operational
	return &d.view
}

// appendNumber appends an attribute whose value is a number.
func appendNumber(dst []byte, name string, n uint64) []byte {
	var digits [20]byte
	return schema.AppendAttribute(dst, name, strconv.AppendUint(digits[:0], n, 10))
}

// prepareEntries makes what is fixed while the server runs.
func (s *Server) prepareEntries() (err error) {
	f := &s.fixed
	if f.subschemaKey, err = s.Schema.AppendDNKey(nil, []byte(schema.SubschemaDN)); err != nil {
		return err
	}
	sub := s.Schema.Subschema()
	sub.DN = schema.SubschemaDN
	f.subschema = s.Schema.View(sub, f.subschemaKey)
	if s.Changes != nil {
		if s.logKey, err = s.Schema.AppendDNKey(nil, []byte(changeLogDN)); err != nil {
			return err
		}
	}
	for local := range f.dse {
		for group := range f.dse[local] {
			f.dse[local][group] = s.Schema.View(s.rootDSE(local == 1, group == 1), nil)
		}
	}
	return nil
}

// rootDSE tells what this server serves, and nothing that it does not.
func (s *Server) rootDSE(local, group bool) *schema.Entry {
	e := &schema.Entry{}
	oc := schema.AttributeDescription{Type: s.Schema.ObjectClassType, Name: "objectClass"}
	e.Attributes = []schema.Attribute{{Desc: oc, Values: texts("top", "extensibleObject")}}
	set := func(name string, values ...string) {
		s.Schema.SetOperational(e, name, texts(values...)...)
	}
	set("structuralObjectClass", "extensibleObject")
	set("namingContexts", s.Suffix)
	set("supportedLDAPVersion", "2", "3")
	controls := []string{oidManageDsaIT, oidPaged, oidSortRequest, oidSortResponse, oidMatchedValues,
		oidAssertion, oidPreRead, oidPostRead, oidSubentries, oidDontUseCopy}
	if s.Syncer != nil {
		controls = append(controls, wire.OIDSyncRequest, wire.OIDPersistentSearch, wire.OIDMember)
	}
	set("supportedControl", controls...)
	extensions := []string{oidWhoAmI, oidPassword, oidCancel}
	if s.TLS != nil {
		extensions = append(extensions, oidStartTLS)
	}
	if s.Holder != nil && local {
		extensions = append(extensions, OIDHoldState)
	}
	extensions = append(extensions, slices.Sorted(maps.Keys(s.Extensions))...)
	set("supportedExtension", extensions...)
	var mechanisms []string
	if local {
		mechanisms = append(mechanisms, "EXTERNAL")
	}
	if group {
		mechanisms = append(mechanisms, scramMechanism)
	}
	if len(mechanisms) > 0 {
		set("supportedSASLMechanisms", mechanisms...)
	}
	if s.Changes != nil {
		set("changelog", changeLogDN)
	}
	set("supportedFeatures", featAllOp, featClassAttrs, featTrueFalse, featLangTag, featLangRange, featIncrement)
	set("vendorName", "utdsd")
	if s.Version != "" {
		set("vendorVersion", s.Version)
	}
	return e
}

func texts(values ...string) [][]byte {
	out := make([][]byte, len(values))
	for i, v := range values {
		out[i] = []byte(v)
	}
	return out
}
