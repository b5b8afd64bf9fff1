package schema

// The subschema entry (RFC 4512 4.2): the definitions as values that clients
// read.

import (
	"strconv"
	"strings"
)

// Fixed values of the subschema entry: it changes only with the configuration.
const (
	subschemaTime = "20250101000000Z"
	subschemaUUID = "3f5d6f0e-6f1c-4b43-9c3b-5b5e5a1d7c10"
)

// Subschema gives the subschema entry. Its DN is SubschemaDN; it is made anew
// with each call.
func (s *Schema) Subschema() *Entry {
	e := &Entry{DN: SubschemaDN}
	user := func(name string, values ...string) {
		d := AttributeDescription{Type: s.AttributeType([]byte(name)), Name: name}
		e.Attributes = append(e.Attributes, Attribute{Desc: d, Values: toBytes(values)})
	}
	operational := func(name string, values ...string) {
		s.SetOperational(e, name, toBytes(values)...)
	}
	user("objectClass", "top", "subentry", "subschema", "extensibleObject")
	user("cn", "schema")
	operational("structuralObjectClass", "subentry")
	operational("subtreeSpecification", "{}")
	operational("createTimestamp", subschemaTime)
	operational("modifyTimestamp", subschemaTime)
	operational("entryUUID", subschemaUUID)
	copy(e.UUID[:], uuidBytes(subschemaUUID))

	operational("ldapSyntaxes", texts(s.syntaxList, func(x *Syntax) string { return x.text })...)
	operational("matchingRules", texts(s.ruleList, func(r *MatchingRule) string { return r.text })...)
	operational("matchingRuleUse", s.ruleUses()...)
	operational("attributeTypes", texts(s.attributeList, func(t *AttributeType) string { return t.text })...)
	operational("objectClasses", texts(s.classList, func(c *ObjectClass) string { return c.text })...)
	return e
}

func texts[T any](list []*T, text func(*T) string) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = text(x)
	}
	return out
}

func toBytes(values []string) [][]byte {
	out := make([][]byte, len(values))
	for i, v := range values {
		out[i] = []byte(v)
	}
	return out
}

// uuidBytes reads the constant above.
func uuidBytes(text string) []byte {
	var out []byte
	for t := strings.ReplaceAll(text, "-", ""); len(t) >= 2; t = t[2:] {
		out = append(out, byte(unhex(t[0])<<4|unhex(t[1])))
	}
	return out
}

// ruleUses says for each rule which attribute types it can be used with
// (RFC 4512 4.1.4).
func (s *Schema) ruleUses() []string {
	var out []string
	for _, r := range s.ruleList {
		if r.Kind == SubstringsRule {
			continue // an extensible match with one is not supported
		}
		var names []string
		for _, t := range s.attributeList {
			if !t.Secret && r.usableWith(t) {
				names = append(names, t.Name)
			}
		}
		if len(names) > 0 {
			var w definitionWriter
			w.begin(r.OID, r.Names, "")
			w.names("APPLIES", names)
			out = append(out, w.end(nil))
		}
	}
	return out
}

// definitionWriter builds the text of a definition.
type definitionWriter struct{ b strings.Builder }

func (w *definitionWriter) begin(oid string, names []string, desc string) {
	w.b.WriteString("( " + oid)
	if len(names) == 1 {
		w.b.WriteString(" NAME " + quoteText(names[0]))
	} else if len(names) > 1 {
		w.b.WriteString(" NAME (")
		for _, n := range names {
			w.b.WriteString(" " + quoteText(n))
		}
		w.b.WriteString(" )")
	}
	if desc != "" {
		w.b.WriteString(" DESC " + quoteText(desc))
	}
}

// word writes a keyword and a bare value unless the value is empty.
func (w *definitionWriter) word(keyword, value string) {
	if value != "" {
		w.b.WriteString(" " + keyword + " " + value)
	}
}

// names writes a keyword and one name, or a list with '$'.
func (w *definitionWriter) names(keyword string, list []string) {
	switch len(list) {
	case 0:
	case 1:
		w.word(keyword, list[0])
	default:
		w.word(keyword, "( "+strings.Join(list, " $ ")+" )")
	}
}

func (w *definitionWriter) flag(keyword string, on bool) {
	if on {
		w.b.WriteString(" " + keyword)
	}
}

func (w *definitionWriter) end(extensions []Extension) string {
	for _, x := range extensions {
		if len(x.Values) == 1 {
			w.word(x.Name, quoteText(x.Values[0]))
			continue
		}
		w.b.WriteString(" " + x.Name + " (")
		for _, v := range x.Values {
			w.b.WriteString(" " + quoteText(v))
		}
		w.b.WriteString(" )")
	}
	w.b.WriteString(" )")
	return w.b.String()
}

// render writes the text of everything; what is inherited is left out.
func (c *compiler) render() {
	for _, a := range c.attrList {
		a.text = a.render()
	}
	for _, o := range c.classList {
		o.text = o.render()
	}
	for _, r := range c.schema.ruleList {
		var w definitionWriter
		w.begin(r.OID, r.Names, r.Desc)
		w.word("SYNTAX", r.SyntaxOID)
		r.text = w.end(nil)
	}
	for _, x := range c.schema.syntaxList {
		var w definitionWriter
		w.begin(x.OID, nil, x.Desc)
		var ext []Extension
		if x.NotHumanReadable {
			ext = []Extension{{"X-NOT-HUMAN-READABLE", []string{"TRUE"}}}
		}
		x.text = w.end(ext)
	}
}

func (a *attributeDraft) render() string {
	var w definitionWriter
	w.begin(a.OID, a.Names, a.Desc)
	w.flag("OBSOLETE", a.Obsolete)
	if a.Sup != nil {
		w.word("SUP", a.Sup.Name)
	}
	own := func(keyword, reference string, r *MatchingRule) {
		if reference != "" {
			w.word(keyword, r.Name)
		}
	}
	own("EQUALITY", a.equality, a.Equality)
	own("ORDERING", a.ordering, a.Ordering)
	own("SUBSTR", a.substr, a.Substr)
	if a.syn != "" {
		syntax := a.syn
		if a.SyntaxLen > 0 {
			syntax += "{" + strconv.Itoa(a.SyntaxLen) + "}"
		}
		w.word("SYNTAX", syntax)
	}
	w.flag("SINGLE-VALUE", a.SingleValue)
	w.flag("COLLECTIVE", a.Collective)
	w.flag("NO-USER-MODIFICATION", a.NoUserModification)
	w.word("USAGE", [...]string{"", "directoryOperation", "distributedOperation", "dSAOperation"}[a.Usage])
	return w.end(a.Extensions)
}

func (o *classDraft) render() string {
	var w definitionWriter
	w.begin(o.OID, o.Names, o.Desc)
	w.flag("OBSOLETE", o.Obsolete)
	var sup []string
	for _, c := range o.Sup {
		sup = append(sup, c.Name)
	}
	w.names("SUP", sup)
	w.flag([...]string{"STRUCTURAL", "ABSTRACT", "AUXILIARY"}[o.Kind], true)
	for i, keyword := range []string{"MUST", "MAY"} {
		var names []string
		for _, t := range o.own[i] {
			names = append(names, t.Name)
		}
		w.names(keyword, names)
	}
	return w.end(o.extensions)
}
