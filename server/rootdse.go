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
func (s *Server) virtualView(key []byte) *schema.View {
	for i := range s.virtual {
		if bytes.Equal(s.virtual[i].key, key) {
			return s.virtual[i].view
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
	set("supportedSASLMechanisms", "EXTERNAL")
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
