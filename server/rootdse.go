package server

import (
	"bytes"

	"github.com/sunray-ds/utdsd/schema"
)

// virtualEntry is an entry that is in no store: the root DSE (RFC 4512 5.1) or
// the subschema (4.2). Both are fixed while the server runs.
type virtualEntry struct {
	key  []byte
	view *schema.View
}

// virtualView finds a virtual entry by its key; nil if it is none.
func (c *conn) virtualView(key []byte) *schema.View {
	if len(key) == 0 && c.session.peer.local {
		return c.srv.localDSE
	}
	for i := range c.srv.virtual {
		if bytes.Equal(c.srv.virtual[i].key, key) {
			return c.srv.virtual[i].view
		}
	}
	return nil
}

func (s *Server) virtualEntries() ([]virtualEntry, error) {
	key, err := s.Schema.AppendDNKey(nil, []byte(schema.SubschemaDN))
	if err != nil {
		return nil, err
	}
	sub := s.Schema.Subschema()
	sub.DN = schema.SubschemaDN
	local := s.rootDSE()
	s.Schema.SetOperational(local, "supportedSASLMechanisms", []byte("EXTERNAL"))
	if s.Holder != nil {
		s.Schema.SetOperational(local, "supportedExtension", append(local.Get("supportedExtension"), []byte(OIDHoldState))...)
	}
	s.localDSE = s.Schema.View(local, nil)
	return []virtualEntry{
		{nil, s.Schema.View(s.rootDSE(), nil)},
		{key, s.Schema.View(sub, key)},
	}, nil
}

// rootDSE tells what this server serves, and nothing that it does not.
func (s *Server) rootDSE() *schema.Entry {
	e := &schema.Entry{}
	oc := schema.AttributeDescription{Type: s.Schema.ObjectClassType, Name: "objectClass"}
	e.Attributes = []schema.Attribute{{Desc: oc, Values: texts("top", "extensibleObject")}}
	set := func(name string, values ...string) {
		s.Schema.SetOperational(e, name, texts(values...)...)
	}
	set("structuralObjectClass", "extensibleObject")
	set("namingContexts", s.Suffix)
	set("supportedLDAPVersion", "2", "3")
	set("supportedControl", oidManageDsaIT, oidPaged, oidSortRequest, oidSortResponse, oidMatchedValues,
		oidAssertion, oidPreRead, oidPostRead, oidSubentries, oidDontUseCopy)
	extensions := []string{oidWhoAmI, oidPassword, oidCancel}
	if s.TLS != nil {
		extensions = append(extensions, oidStartTLS)
	}
	set("supportedExtension", extensions...)
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
